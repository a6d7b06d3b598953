package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// told is a record and the content it is stored with, both as a signer likes.
type told struct {
	r       evidence.Record
	content string
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func record(seq uint64, content string) told {
	r := evidence.Record{Format: evidence.RecordFormat, Seq: seq, Salt: salt(), Source: "live", Outcome: evidence.Collected, Size: int64(len(content)), SHA256: hexOf(content)}
	r.SetPath("/f" + string(rune('0'+seq)))
	return told{r, content}
}

func part(seq, item uint64, number int, offset int64, content, whole string) told {
	t := record(seq, content)
	t.r.Part = &evidence.Part{Item: item, Number: number, Offset: offset}
	if whole != "" {
		t.r.Part.Last, t.r.Part.WholeSize, t.r.Part.WholeSHA256 = true, int64(len(whole)), hexOf(whole)
	}
	return t
}

// lie writes a bundle, soundly signed, whose segments hold just what they are
// told: what only a dishonest or broken collector would make.
func (m *maker) lie(end seal.End, segments ...[]told) string {
	m.t.Helper()
	ctx := context.Background()
	dir := filepath.Join(m.t.TempDir(), "b")
	out, err := NewDir(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	o := m.options()
	o.Recipients, o.NoEncryption = nil, true
	if err := o.complete(); err != nil {
		m.t.Fatal(err)
	}
	w := &Writer{opt: o, out: out, ctx: ctx}
	s := newSealer(w)
	must := func(err error) {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	must(s.begin())
	enc, err := newEncoder()
	must(err)
	for _, items := range segments {
		b := segment.NewBuilder(make([]byte, 0, 1<<20))
		for _, it := range items {
			if it.content != "" {
				must(b.Begin(evidence.EntryName("live", it.r.Path)))
				must(b.Frame(enc.enc.EncodeAll([]byte(it.content), nil), len(it.content)))
			}
			line, err := json.Marshal(it.r)
			must(err)
			must(b.Commit(it.r.Seq, line))
		}
		must(s.segment(closing{b, items[0].r.Seq}))
	}
	close(s.queue)
	end.Format, end.Bundle = seal.EndFormat, w.Bundle()
	must(s.leaf(ctx, end))
	return dir
}

func ended(items uint64, bytes int64, segments int) seal.End {
	return seal.End{State: seal.Complete, Items: items, Bytes: bytes, Segments: segments, Outcomes: map[evidence.Outcome]int{evidence.Collected: int(items)}}
}

// What a signature can't tell, opening the segments does: every statement of a
// record is held against the bytes.
func TestLies(t *testing.T) {
	m := newMaker(t)
	edit := func(x told, change func(*told)) told { change(&x); return x }
	parts := func() [][]told {
		return [][]told{{part(1, 1, 1, 0, "abc", ""), record(2, "other")}, {part(3, 1, 2, 3, "def", "abcdef")}}
	}
	if r := m.verify(m.lie(ended(2, 11, 2), parts()...), VerifyOptions{}); !r.OK() || r.Bytes != 11 {
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
		"no last part":    {"last part is missing", ended(2, 11, 2), swap(func(p [][]told) { p[1][0].r.Part.Last = false })},
	} {
		dir := m.lie(c.end, c.segments...)
		for _, workers := range []int{1, 4} {
			r := m.verify(dir, VerifyOptions{Workers: workers})
			if r.OK() || !strings.Contains(problems(r), c.want) {
				t.Errorf("%s: problems %q, want %q", name, problems(r), c.want)
			}
		}
	}
}
