package bundle

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// maker holds what a test needs to write bundles.
type maker struct {
	t      testing.TB
	signer note.Signer
	vkey   string
	id     *age.X25519Identity
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "tester")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &maker{t, signer, vkey, id}
}

func (m *maker) options() Options {
	return Options{
		Header: seal.Header{Case: "IR-1", Tool: seal.Tool{Name: "test"}, Host: map[string]string{"hostname": "web01"}},
		Signer: m.signer, VKey: m.vkey, Recipients: []age.Recipient{m.id.Recipient()},
	}
}

// write makes a bundle folder with the given items.
func (m *maker) write(o Options, items ...evidence.Item) (string, Totals) {
	m.t.Helper()
	dir := filepath.Join(m.t.TempDir(), "b")
	out, err := NewDir(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	return dir, m.writeTo(out, o, items...)
}

func (m *maker) writeTo(out Output, o Options, items ...evidence.Item) Totals {
	m.t.Helper()
	w, err := New(context.Background(), out, o)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, it := range items {
		if err := w.Add(context.Background(), it); err != nil {
			m.t.Fatal(err)
		}
	}
	totals, err := w.Close(context.Background(), seal.End{KeyFate: "kept"})
	if err != nil {
		m.t.Fatal(err)
	}
	return totals
}

func (m *maker) open(dir string, ids ...age.Identity) *Bundle {
	m.t.Helper()
	o, err := DirObjects(dir)
	if err != nil {
		m.t.Fatal(err)
	}
	b, err := Open(context.Background(), o, ids...)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { b.Close() })
	return b
}

func (m *maker) verify(dir string, o VerifyOptions, ids ...age.Identity) *Report {
	m.t.Helper()
	r, err := m.open(dir, ids...).Verify(context.Background(), o)
	if err != nil {
		m.t.Fatal(err)
	}
	return r
}

func file(path string, content []byte) evidence.Item {
	it := evidence.Item{Open: evidence.Bytes(content)}
	it.Record.Source, it.Record.Method, it.Record.Type = "live", "os", evidence.TypeFile
	it.Record.StatLen = int64(len(content))
	it.Record.SetPath(path)
	return it
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// sample is a set of items of many kinds.
func sample() []evidence.Item {
	missing := evidence.Item{}
	missing.Record.Source, missing.Record.Outcome = "live", evidence.Missing
	missing.Record.SetPath("/gone")
	return []evidence.Item{
		file("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/bash\n")),
		file("/etc/Passwd", []byte("the same but for case\n")),
		file("/tmp/new\nline \xff.zst", random(3000)),
		file("/empty", nil),
		file("/big", bytes.Repeat([]byte("0123456789abcdef"), 200_000)),
		missing,
	}
}

func TestRoundTrip(t *testing.T) {
	m := newMaker(t)
	items := sample()
	items = append(items, file("/huge", random(40<<20)), file("/zeros", make([]byte, 70<<20)), file("/last", []byte("x")))
	for _, workers := range []int{1, 2, 16} {
		o := m.options()
		o.Workers, o.SHA1, o.MD5 = workers, true, true
		dir, totals := m.write(o, items...)
		if totals.Items != uint64(len(items)) || totals.Outcomes[evidence.Missing] != 1 || totals.Outcomes[evidence.Empty] != 1 {
			t.Fatalf("totals %+v", totals)
		}
		r := m.verify(dir, VerifyOptions{}, m.id)
		if !r.OK() || r.State != seal.Complete || r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		known := func(vkey string) bool { return vkey == m.vkey }
		if r := m.verify(dir, VerifyOptions{Quick: true, Known: known, Root: r.Words}); !r.OK() || !r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		b := m.open(dir, m.id)
		n := 0
		for it, err := range b.Items(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			want := items[n]
			n++
			if it.Record.RawPath() != want.Record.RawPath() {
				t.Fatalf("item %d is %q, want %q", n, it.Record.RawPath(), want.Record.RawPath())
			}
			checkContent(t, b, it, want)
		}
		if n != len(items) {
			t.Fatalf("%d items, want %d", n, len(items))
		}
	}
}

func checkContent(t *testing.T, b *Bundle, it *Item, want evidence.Item) {
	t.Helper()
	if want.Open == nil {
		return
	}
	c, _ := want.Open(context.Background())
	body, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Reader(context.Background(), it)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%s: %d bytes, want %d (%v)", it.Record.Path, len(got), len(body), err)
	}
	sum := sha256.Sum256(body)
	if it.Record.SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("%s: hash %s, want %x", it.Record.Path, it.Record.SHA256, sum)
	}
}

// failing is content that misbehaves.
type failing struct {
	data   []byte
	err    error
	finish evidence.Finish
	panics bool
}

func (f *failing) Read(p []byte) (int, error) {
	if len(f.data) == 0 {
		if f.panics {
			panic("boom")
		}
		if f.err == nil {
			return 0, io.EOF
		}
		return 0, f.err
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}
func (f *failing) Close() error            { return nil }
func (f *failing) Finish() evidence.Finish { return f.finish }

func opener(f failing) func(context.Context) (evidence.Content, error) {
	return func(context.Context) (evidence.Content, error) { c := f; return &c, nil }
}

// What goes wrong with an item ends in its record, and nothing else is harmed.
func TestOutcomes(t *testing.T) {
	m := newMaker(t)
	got := map[string]evidence.Record{}
	add := func(name string, it evidence.Item) evidence.Item {
		it.Record.Source = "live"
		it.Record.SetPath(name)
		it.Done = func(r evidence.Record) { got[name] = r }
		return it
	}
	then := evidence.Stat{StatLen: 5, MTime: evidence.At(time.Unix(9, 0))}
	content := func(f failing) evidence.Item { return evidence.Item{Open: opener(f)} }
	sized := content(failing{data: []byte("abc")})
	sized.Record.Stat = evidence.Stat{Type: evidence.TypeFile, StatLen: 10, Alloc: 4096}
	cut := content(failing{data: []byte("abc"), err: errors.New("input/output error")})
	cut.Record.StatLen = 10
	m.write(m.options(),
		add("/changed", content(failing{data: []byte("abc"), finish: evidence.Finish{After: &then}})),
		add("/lost", content(failing{data: []byte("abc"), finish: evidence.Finish{Lost: []evidence.Range{{Offset: 1, Length: 1}}}})),
		add("/cut", cut),
		add("/failed", content(failing{err: errors.New("input/output error")})),
		add("/denied", evidence.Item{Open: func(context.Context) (evidence.Content, error) { return nil, os.ErrPermission }}),
		add("/budget", evidence.Item{Open: func(context.Context) (evidence.Content, error) {
			return nil, fmt.Errorf("larger than --max-file: %w", evidence.ErrBudget)
		}}),
		add("/panic", content(failing{data: []byte("abc"), panics: true})),
		add("/openpanic", evidence.Item{Open: func(context.Context) (evidence.Content, error) { panic("boom") }}),
		add("/short", sized),
		add("/fine", content(failing{data: []byte("abc")})),
	)
	for name, want := range map[string]evidence.Outcome{
		"/changed": evidence.Changed, "/lost": evidence.Partial, "/cut": evidence.Partial, "/failed": evidence.Failed,
		"/denied": evidence.Denied, "/budget": evidence.Skipped, "/panic": evidence.Partial, "/openpanic": evidence.Failed,
		"/short": evidence.Partial, "/fine": evidence.Collected,
	} {
		if got[name].Outcome != want {
			t.Errorf("%s: %s (%s), want %s", name, got[name].Outcome, got[name].Error, want)
		}
	}
	if l := got["/cut"].Lost; len(l) != 1 || l[0].Offset != 3 || l[0].Length != 7 {
		t.Errorf("lost ranges of /cut: %+v", l)
	}
	if got["/changed"].StatAfter == nil || got["/budget"].Reason == "" {
		t.Error("stat after, or the budget's reason, is missing")
	}
}

// A stream grows beside other items, and is one item again when it is read.
func TestStream(t *testing.T) {
	m := newMaker(t)
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "b")
	out, err := NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(ctx, out, m.options())
	if err != nil {
		t.Fatal(err)
	}
	r := evidence.Record{Source: "live", Method: "packets"}
	r.SetPath("/packets/eth0.pcapng")
	s, err := w.Stream(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	rng := mrand.New(mrand.NewPCG(1, 2))
	for i := range 40 {
		b := random(rng.IntN(200_000))
		all = append(all, b...)
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Add(ctx, file(fmt.Sprintf("/f%d", i), random(100))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(ctx, map[string]string{"drops": "0"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(ctx, seal.End{}); err != nil {
		t.Fatal(err)
	}
	if rep := m.verify(dir, VerifyOptions{}, m.id); !rep.OK() {
		t.Fatalf("%+v", rep.Problems)
	}
	b := m.open(dir, m.id)
	found := 0
	for it, err := range b.Items(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Record.Path == "/packets/eth0.pcapng" {
			found++
			checkContent(t, b, it, evidence.Item{Open: evidence.Bytes(all)})
			if it.Record.Details["drops"] != "0" || it.Torn {
				t.Errorf("record %+v", it.Record)
			}
		}
	}
	if found != 1 {
		t.Errorf("the stream is %d items", found)
	}
}

// A broken output breaks the writer with an error, and nobody hangs.
type brokenOutput struct {
	Output
	after int
}

func (b *brokenOutput) Put(ctx context.Context, name string, body []byte) error {
	if b.after--; b.after < 0 {
		return errors.New("no space left on device")
	}
	return b.Output.Put(ctx, name, body)
}

func TestBrokenOutput(t *testing.T) {
	m := newMaker(t)
	for after := range 12 {
		dir, err := NewDir(filepath.Join(t.TempDir(), "b"))
		if err != nil {
			t.Fatal(err)
		}
		o := m.options()
		o.SegmentSize = segment.MinSize
		w, err := New(context.Background(), &brokenOutput{dir, after}, o)
		if err != nil {
			continue // broken before the first item
		}
		for i := 0; i < 40 && err == nil; i++ {
			err = w.Add(context.Background(), file(fmt.Sprintf("/%d", i), random(2<<20)))
		}
		if _, cerr := w.Close(context.Background(), seal.End{}); cerr == nil || !strings.Contains(cerr.Error(), "no space left") {
			t.Errorf("after %d puts: Close says %v", after, cerr)
		}
	}
}
