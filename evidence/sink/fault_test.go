package sink_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// faulty is an output that refuses one object, and is slow where told.
type faulty struct {
	sink.Output
	refuse int64 // number of the object, from 0; -1 for none
	slow   time.Duration
	seen   func(n int64)
	n      atomic.Int64
}

var errRefused = errors.New("refused once")

func (f *faulty) Put(ctx context.Context, name string, body []byte) error {
	n := f.n.Add(1) - 1
	if f.seen != nil {
		f.seen(n)
	}
	time.Sleep(f.slow)
	if n == f.refuse {
		return errRefused
	}
	return f.Output.Put(ctx, name, body)
}

// on begins a bundle on a faulty output; the folder that it ends in.
func (f *faulty) on(t *testing.T, ctx context.Context, m *bundletest.Maker) (string, *sink.Writer, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "b")
	out, err := sink.NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	f.Output = out
	o := m.Options()
	o.SegmentSize, o.Workers = segment.MinSize, 4
	w, err := sink.New(ctx, f, o)
	return dir, w, err
}

// Whichever object an output refuses, though it would take the next: nothing
// more is put, Close tells why, and what is under the last checkpoint verifies.
func TestOutputThatRecovers(t *testing.T) {
	m := bundletest.New(t)
	for n := int64(4); n < 16; n++ { // 4 objects come before the first segment
		f := &faulty{refuse: n}
		dir, w, err := f.on(t, context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 60 && err == nil; i++ {
			err = w.Add(context.Background(), bundletest.File(fmt.Sprintf("/%d", i), bundletest.Random(1<<20)))
			if i%20 == 19 && err == nil {
				err = w.Flush(context.Background())
			}
		}
		if _, err := w.Close(context.Background(), seal.End{}); !errors.Is(err, errRefused) {
			t.Errorf("object %d refused: Close says %v", n, err)
		}
		if put := f.n.Load(); put != n+1 {
			t.Errorf("object %d refused, and %d more were put", n, put-n-1)
		}
		if n > 6 { // something is under a checkpoint
			unfinished(t, m, dir)
		}
	}
}

// A context that ends while the header, a segment, its leaf, its checkpoint or
// the end are being put abandons the bundle, and leaves nothing that hangs.
func TestCancelInEveryPhase(t *testing.T) {
	m := bundletest.New(t)
	for n := int64(0); n < 12; n++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		why := errors.New("abandoned")
		f := &faulty{refuse: -1, slow: 2 * time.Millisecond, seen: func(at int64) {
			if at == n {
				cancel(why)
			}
		}}
		dir, w, err := f.on(t, ctx, m)
		if err == nil {
			for i := 0; i < 40 && err == nil; i++ {
				err = w.Add(context.Background(), bundletest.File(fmt.Sprintf("/%d", i), bundletest.Random(1<<20)))
			}
			if _, err = w.Close(context.Background(), seal.End{}); !errors.Is(err, why) {
				t.Errorf("cancelled at object %d: Close says %v", n, err)
			}
			if n > 6 {
				unfinished(t, m, dir)
			}
		}
		cancel(nil)
	}
}

// The context of an item that ends while it is read costs the item its rest,
// and no other anything; order stays that of Add on a slow output too.
func TestItemsOnASlowOutput(t *testing.T) {
	m := bundletest.New(t)
	f := &faulty{refuse: -1, slow: 20 * time.Millisecond}
	dir, w, err := f.on(t, context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		it := bundletest.File(fmt.Sprintf("/%02d", i), bundletest.Random(1<<19))
		ctx := context.Background()
		if i%10 == 3 {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			ctx = gone
		}
		if err := w.Add(ctx, it); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			if err := w.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Close(context.Background(), seal.End{KeyFate: "kept"}); err != nil {
		t.Fatal(err)
	}
	i := 0
	for it, err := range m.Open(dir, m.ID).Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		want := evidence.Collected
		if i%10 == 3 {
			want = evidence.Failed
		}
		if r := it.Record; r.Path != fmt.Sprintf("/%02d", i) || r.Seq != uint64(i+1) || r.Outcome != want || want == evidence.Failed && !strings.Contains(r.Error, "cancel") {
			t.Errorf("item %d is %d, %q: %s (%s)", i, r.Seq, r.Path, r.Outcome, r.Error)
		}
		i++
	}
	if i != 60 {
		t.Errorf("%d items", i)
	}
}

// unfinished demands that a bundle holds together up to its last checkpoint,
// and is not called complete.
func unfinished(t *testing.T, m *bundletest.Maker, path string) {
	t.Helper()
	open := bundle.DirObjects
	if filepath.Ext(path) == ".zip" {
		open = bundle.ZipObjects
	}
	objects, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(context.Background(), objects, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := verify.Bundle(context.Background(), b, verify.Options{})
	if err != nil || !r.OK() || r.State != seal.Unfinished || r.Segments == 0 || r.Items == 0 {
		t.Errorf("%v: state %s, %d segments, %d items, problems %v", err, r.State, r.Segments, r.Items, r.Problems)
	}
}
