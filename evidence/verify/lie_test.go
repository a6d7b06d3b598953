package verify_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// told is a record and the content it is stored with, both as a signer likes.
type told struct {
	r       evidence.Record
	content string
	again   int                 // how many more frames of the same content follow
	line    func(string) string // changes what the record is written as
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func record(seq uint64, content string) told {
	r := evidence.Record{Format: evidence.RecordFormat, Seq: seq, Salt: "AAAAAAAAAAAAAAAAAAAAAA==", Source: "live", Outcome: evidence.Collected, Size: int64(len(content)), SHA256: hexOf(content)}
	r.SetPath("/f" + string(rune('0'+seq)))
	return told{r: r, content: content}
}

func part(seq, item uint64, number int, offset int64, content, whole string) told {
	t := record(seq, content)
	t.r.SetPath(record(item, "").r.Path) // one item, one path
	t.r.Part = &evidence.Part{Item: item, Number: number, Offset: offset}
	if whole != "" {
		t.r.Part.Last, t.r.Part.WholeSize, t.r.Part.WholeSHA256 = true, int64(len(whole)), hexOf(whole)
	}
	return t
}

// liar writes a bundle, soundly signed, that says what it is told: what only a
// dishonest or broken collector would make. Nothing of the sink is in it.
type liar struct {
	t      testing.TB
	signer note.Signer
	dir    string
	bundle string
	tree   seal.Tree
}

func (l *liar) put(name string, body []byte) {
	l.t.Helper()
	p := filepath.Join(l.dir, name)
	err := os.MkdirAll(filepath.Dir(p), 0o700)
	if err == nil {
		err = os.WriteFile(p, body, 0o600)
	}
	l.must(err)
}

func (l *liar) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// leaf puts the next leaf and the checkpoint over it.
func (l *liar) leaf(leaf any) {
	l.t.Helper()
	b, err := seal.Encode(leaf)
	l.must(err)
	name := fmt.Sprintf("seal/%06d", l.tree.Size())
	l.tree.Append(b)
	signed, err := l.tree.At(seal.Origin(l.bundle)).Sign(l.signer)
	l.must(err)
	l.put(name+".json", b)
	l.put(name+".checkpoint", signed)
}

// segment puts segment number with the items, and its leaf.
func (l *liar) segment(number int, items []told) {
	l.t.Helper()
	enc, err := zstd.NewWriter(nil)
	l.must(err)
	defer enc.Close()
	b := segment.NewBuilder(make([]byte, 0, 1<<20))
	for _, it := range items {
		if it.content != "" {
			name := evidence.EntryName(it.r.Source, it.r.Path)
			if it.r.Part != nil {
				name = evidence.PartName(name, it.r.Part.Number)
			}
			l.must(b.Begin(name))
			frame := enc.EncodeAll([]byte(it.content), nil)
			for range 1 + it.again {
				l.must(b.Frame(frame, len(it.content)))
			}
		}
		line, err := json.Marshal(it.r)
		l.must(err)
		if it.line != nil {
			line = []byte(it.line(string(line)))
		}
		l.must(b.Commit(it.r.Seq, line))
	}
	n := b.Items()
	plain, root, err := b.Close()
	l.must(err)
	leaf := seal.Segment{
		Format: seal.SegmentFormat, Bundle: l.bundle, Number: number, Size: int64(len(plain)), SHA256: hexOf(string(plain)),
		Items: n, First: items[0].r.Seq, Root: seal.RootText(root), Closed: evidence.At(time.Now()),
	}
	leaf.Object = seal.ObjectName(number, leaf.SHA256, false)
	l.put(leaf.Object, plain)
	l.leaf(leaf)
}

// lie writes a bundle folder of the given segments.
func lie(t testing.TB, m *bundletest.Maker, end seal.End, segments ...[]told) string {
	t.Helper()
	l := &liar{t: t, signer: m.Signer, dir: filepath.Join(t.TempDir(), "b"), bundle: evidence.NewBundleID("web01", time.Now())}
	h := m.Options().Header
	h.Format, h.Bundle, h.Kind, h.Started = seal.HeaderFormat, l.bundle, seal.KindCollection, evidence.At(time.Now())
	h.Signer.Algorithm, h.Signer.VKey = "ed25519", m.VKey
	h.Encryption, h.Hashes, h.Files = "none", []string{"sha256"}, map[string]string{}
	for _, name := range seal.TextNames() {
		h.Files[name] = hexOf(name)
		l.put(name, []byte(name))
	}
	l.leaf(h)
	for i, items := range segments {
		l.segment(i+1, items)
	}
	end.Format, end.Bundle, end.Ended = seal.EndFormat, l.bundle, evidence.At(time.Now())
	l.leaf(end)
	return l.dir
}

func ended(items uint64, bytes int64, segments int) seal.End {
	return seal.End{State: seal.Complete, KeyFate: seal.KeyKept, Items: items, Bytes: bytes, Segments: segments, Outcomes: map[evidence.Outcome]int{evidence.Collected: int(items)}}
}

// What a signature can't tell, opening the segments does: every statement of a
// record is held against the bytes.
func TestLies(t *testing.T) {
	m := bundletest.New(t)
	edit := func(x told, change func(*told)) told { change(&x); return x }
	parts := func() [][]told {
		return [][]told{{part(1, 1, 1, 0, "abc", ""), record(2, "other")}, {part(3, 1, 2, 3, "def", "abcdef")}}
	}
	if r := m.Verify(lie(t, m, ended(2, 11, 2), parts()...), verify.Options{}); !r.OK() || r.Bytes != 11 {
		t.Fatalf("an honest bundle: %+v", r)
	}
	swap := func(change func(p [][]told)) [][]told { p := parts(); change(p); return p }
	for name, c := range map[string]struct {
		want     string
		end      seal.End
		segments [][]told
	}{
		"digest":          {"SHA-256", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.SHA256 = hexOf("abd") })}}},
		"md5":             {"MD5", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.MD5 = strings.Repeat("0", 32) })}}},
		"size":            {"the record says 4", ended(1, 4, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.Size = 4 })}}},
		"no content":      {"entries", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.content = "" })}}},
		"content of none": {"entries", ended(1, 0, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.Size = 0 })}}},
		"sequence":        {"number 5", ended(2, 6, 1), [][]told{{record(1, "abc"), record(5, "abc")}}},
		"outcome":         {"outcome", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.Outcome = "fine" })}}},
		"format":          {"format", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.Format = "hozen-item/2" })}}},
		"salt":            {"salt", ended(1, 3, 1), [][]told{{edit(record(1, "abc"), func(x *told) { x.r.Salt = "" })}}},
		"lost":            {"are not zeros", ended(1, 6, 1), [][]told{{edit(record(1, "a\x00\x00b\x00\x00"), func(x *told) { x.r.Lost = []evidence.Range{{Offset: 4, Length: 9}, {Offset: 1, Length: 3}} })}}},
		"lost of a part":  {"are not zeros", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Lost = []evidence.Range{{Offset: 0, Length: 9}} })},
		"items":           {"end leaf", ended(7, 3, 1), [][]told{{record(1, "abc")}}},
		"bytes":           {"end leaf", ended(1, 4, 1), [][]told{{record(1, "abc")}}},
		"outcomes":        {"end leaf", seal.End{State: seal.Complete, Items: 1, Bytes: 3, Segments: 1, Outcomes: map[evidence.Outcome]int{evidence.Empty: 1}}, [][]told{{record(1, "abc")}}},
		"segments":        {"counts 3 segments", ended(1, 3, 3), [][]told{{record(1, "abc")}}},
		"whole digest":    {"SHA-256", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.WholeSHA256 = hexOf("abcdeX") })},
		"whole size":      {"holds 6 bytes", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.WholeSize = 7 })},
		"part digest":     {"SHA-256", ended(2, 11, 2), swap(func(p [][]told) { p[0][0].r.SHA256 = hexOf("abX") })},
		"part number":     {"does not follow", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.Number = 3 })},
		"part offset":     {"lies at 4", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.Offset = 4 })},
		"part's item":     {"does not follow", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.Item = 2 })},
		"part's path":     {"another path", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.SetPath("/other") })},
		"whole md5 alone": {"MD5 of the whole", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.WholeMD5 = strings.Repeat("0", 32) })},
		"part's source":   {"source", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Source = "image" })},
		"part's outcome":  {"not the last", ended(2, 11, 2), swap(func(p [][]told) { p[0][0].r.Outcome = evidence.Changed })},
		"whole on first":  {"not the last", ended(2, 11, 2), swap(func(p [][]told) { p[0][0].r.Part.WholeSize = 11 })},
		"part of zeros": {"no part has more than", ended(2, 11, 2), swap(func(p [][]told) {
			p[1][0].content, p[1][0].again = strings.Repeat("\x00", segment.FrameSize), 299
			p[1][0].r.Size = 300 << 20
		})},
		"first part twice": {"does not follow", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.Number, p[1][0].r.Part.Offset = 1, 0 })},
		"no last part":     {"last part is missing", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part = &evidence.Part{Item: 1, Number: 2, Offset: 3} })},
	} {
		dir := lie(t, m, c.end, c.segments...)
		for _, workers := range []int{1, 4} {
			r := m.Verify(dir, verify.Options{Workers: workers})
			if r.OK() || !strings.Contains(problems(r), c.want) {
				t.Errorf("%s: problems %q, want %q", name, problems(r), c.want)
			}
		}
	}
}

// TestLiesInOneSegment: with one segment for many workers, its items are checked by
// all of them, and every lie is found, in the same order each time.
func TestLiesInOneSegment(t *testing.T) {
	m := bundletest.New(t)
	var items []told
	size := int64(0)
	for seq := range uint64(30) {
		x := record(seq+1, strings.Repeat(fmt.Sprint(seq, " "), 30_000))
		if size += x.r.Size; seq%9 == 4 {
			x.r.SHA256 = hexOf("another")
		}
		items = append(items, x)
	}
	dir := lie(t, m, ended(30, size, 1), items)
	want := problems(m.Verify(dir, verify.Options{Workers: 1}))
	if strings.Count(want, "SHA-256 of its content") != 3 {
		t.Fatal(want)
	}
	for range 10 {
		if got := problems(m.Verify(dir, verify.Options{Workers: 8})); got != want {
			t.Fatalf("%s\nwant %s", got, want)
		}
	}
}

// TestPartsOutOfTurn: a part that comes before the one before it is hashed into
// the whole when its turn has come.
func TestPartsOutOfTurn(t *testing.T) {
	m := bundletest.New(t)
	check := func(whole, last string) string {
		first := []told{part(1, 1, 1, 0, "abc", "")}
		size := int64(len("abcdef"))
		for seq := range uint64(20) { // what the first segment's worker does before its part
			x := record(seq+2, strings.Repeat(fmt.Sprint(seq, " "), 50_000))
			first, size = append(first, x), size+x.r.Size
		}
		dir := lie(t, m, ended(21, size, 2), first, []told{part(22, 1, 2, 3, last, whole)})
		r := m.Verify(dir, verify.Options{Workers: 2})
		if r.OK() && r.Bytes != size {
			t.Fatalf("%d bytes, of %d", r.Bytes, size)
		}
		return problems(r)
	}
	if got := check("abcdef", "def"); got != "" {
		t.Errorf("an honest bundle: %s", got)
	}
	if got := check("abcdeX", "def"); !strings.Contains(got, "SHA-256 of its content") {
		t.Errorf("another whole: %q", got)
	}
	if got := check("abcdef", "deX"); !strings.Contains(got, "SHA-256 of its content") {
		t.Errorf("another part: %q", got)
	}
}
