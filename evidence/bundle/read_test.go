package bundle_test

import (
	"context"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

func TestRoundTrip(t *testing.T) {
	m := bundletest.New(t)
	items := bundletest.Sample()
	items = append(items, bundletest.File("/huge", bundletest.Random(40<<20)), bundletest.File("/zeros", make([]byte, 70<<20)), bundletest.File("/last", []byte("x")))
	for _, workers := range []int{1, 2, 16} {
		o := m.Options()
		o.Workers, o.SHA1, o.MD5 = workers, true, true
		dir, totals := m.Write(o, items...)
		if totals.Items != uint64(len(items)) || totals.Outcomes[evidence.Missing] != 1 || totals.Outcomes[evidence.Empty] != 1 {
			t.Fatalf("totals %+v", totals)
		}
		r := m.Verify(dir, verify.Options{}, m.ID)
		if !r.OK() || r.State != seal.Complete || r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		known := func(vkey string) bool { return vkey == m.VKey }
		if r := m.Verify(dir, verify.Options{Quick: true, Known: known, Root: r.Words}); !r.OK() || !r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		b := m.Open(dir, m.ID)
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
			bundletest.CheckContent(t, b, it, want)
		}
		if n != len(items) {
			t.Fatalf("%d items, want %d", n, len(items))
		}
	}
}
