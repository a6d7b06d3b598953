package target_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// noise is data that does not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	r.Read(b)
	return b
}

// write seals items into a folder.
func write(t *testing.T, dir string, id age.Recipient, items map[string][]byte) {
	t.Helper()
	ctx := context.Background()
	signer := must(keys.NewSigner("Test", keys.Examiner))(t)
	out := must(sink.NewDir(dir))(t)
	w := must(sink.New(ctx, out, sink.Options{Header: seal.Header{Kind: seal.KindCollection, Case: "T-1", Examiner: "Test",
		Tool: seal.Tool{Name: "test", Version: "0"}}, Signer: signer, VKey: signer.VKey(), Recipients: []age.Recipient{id},
		SegmentSize: 8 << 20}))(t)
	for _, path := range sorted(items) {
		r := evidence.Record{Source: "test", Path: path, Stat: evidence.Stat{Type: evidence.TypeFile}}
		if err := w.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(items[path])}); err != nil {
			t.Fatal(err)
		}
	}
	denied := evidence.Record{Source: "test", Path: "/denied", Outcome: evidence.Denied, Error: "permission denied"}
	if err := w.Add(ctx, evidence.Item{Record: denied}); err != nil {
		t.Fatal(err)
	}
	must(w.Close(ctx, seal.End{State: seal.Complete}))(t)
}

func sorted(m map[string][]byte) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// read decodes what a target offers, by path.
func read(t *testing.T, tg analyze.Target) (items map[string][]byte, order []string, problems []error) {
	t.Helper()
	dec := must(zstd.NewReader(nil))(t)
	items = map[string][]byte{}
	for in, err := range tg.Inputs(context.Background()) {
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if err := in.Check(); err != nil {
			t.Errorf("%s: %v", in.Record.Path, err)
		}
		var body []byte
		for i, b := range in.Blocks {
			stored := must(in.Fetch(context.Background(), i))(t)
			if b.Zstd {
				stored = must(dec.DecodeAll(stored, nil))(t)
			}
			body = append(body, stored...)
		}
		order = append(order, in.Record.RawPath())
		items[in.Record.RawPath()] = body
	}
	return items, order, problems
}

func TestBundle(t *testing.T) {
	id := must(age.GenerateX25519Identity())(t)
	dir := filepath.Join(t.TempDir(), "b")
	want := map[string][]byte{"/a": []byte("alpha"), "/empty": {}, "/big": noise(19<<20 + 5), "/zeros": make([]byte, 5<<20)}
	write(t, dir, id.Recipient(), want)
	if !target.IsBundle(t.Context(), dir) || target.IsBundle(t.Context(), filepath.Dir(dir)) {
		t.Error("bundles are not told from folders")
	}
	b := must(bundle.Open(t.Context(), must(bundle.DirObjects(dir))(t), id))(t)
	defer b.Close()
	tg := target.NewBundle(dir, b, id)
	got, _, problems := read(t, tg)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for path, data := range want {
		if !bytes.Equal(got[path], data) {
			t.Errorf("%s: %d bytes differ from %d", path, len(got[path]), len(data))
		}
	}
	if _, ok := got["/denied"]; !ok || len(got) != len(want)+1 {
		t.Errorf("items: %v", sorted(got))
	}
	p := tg.Parent()
	wantParent := analyze.Parent{Kind: "bundle", Name: b.Header.Bundle, Case: "T-1", Root: seal.RootText(b.Last.Root),
		TreeSize: int64(len(b.Segments)) + 2, State: seal.Complete}
	if d := cmp.Diff(wantParent, p); d != "" {
		t.Error(d)
	}
	if _, n := tg.Total(); n != int64(19<<20+5+5<<20+5) {
		t.Errorf("total %d bytes", n)
	}
}

// TestBundleDamaged: a segment that was changed is a problem by name, and the
// other segments' items are offered all the same.
func TestBundleDamaged(t *testing.T) {
	id := must(age.GenerateX25519Identity())(t)
	dir := filepath.Join(t.TempDir(), "b")
	write(t, dir, id.Recipient(), map[string][]byte{"/a": noise(7 << 20), "/b": noise(7<<20 + 1), "/c": noise(7<<20 + 2)})
	segs := must(filepath.Glob(filepath.Join(dir, "segments", "000002.*")))(t)
	body := must(os.ReadFile(segs[0]))(t)
	body[len(body)/2] ^= 1
	if err := os.WriteFile(segs[0], body, 0o600); err != nil {
		t.Fatal(err)
	}
	b := must(bundle.Open(t.Context(), must(bundle.DirObjects(dir))(t), id))(t)
	defer b.Close()
	items, _, problems := read(t, target.NewBundle(dir, b, id))
	if len(problems) == 0 || len(items) == 0 {
		t.Errorf("%d problems, %d items", len(problems), len(items))
	}
}

// TestBundlesMemory: what a pass read is given back, though the bundles stay
// open until the sweep is over.
func TestBundlesMemory(t *testing.T) {
	id := must(age.GenerateX25519Identity())(t)
	dir := filepath.Join(t.TempDir(), "b")
	write(t, dir, id.Recipient(), map[string][]byte{"/a": noise(24 << 20)})
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var open []*target.Bundle
	before := heap()
	for range 8 {
		b := must(bundle.Open(t.Context(), must(bundle.DirObjects(dir))(t), id))(t)
		defer b.Close()
		tg := target.NewBundle(dir, b, id)
		if items, _, problems := read(t, tg); len(items) != 2 || len(problems) > 0 {
			t.Fatal(len(items), problems)
		}
		open = append(open, tg)
	}
	if grown := heap() - before; grown > 2*(24<<20) {
		t.Errorf("%d bundles hold %d MiB after their passes", len(open), grown>>20)
	}
	runtime.KeepAlive(open)
}
