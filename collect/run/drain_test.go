package run

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// later is a sink that reads items after it has taken them, as that of a bundle
// does: pieces of them, with a pause before each.
type later struct {
	pieces int
	pause  time.Duration
}

func (l *later) Add(ctx context.Context, it evidence.Item) error {
	r := it.Record
	r.Outcome = evidence.Empty
	if it.Open == nil {
		it.Done(r)
		return nil
	}
	c, err := it.Open(ctx)
	if err != nil {
		return err
	}
	go func() {
		for range l.pieces {
			time.Sleep(l.pause)
			if n, err := c.Read(make([]byte, 1)); n > 0 && !errors.Is(err, io.EOF) {
				r.Size++
			}
		}
		c.Finish()
		c.Close()
		r.Outcome = evidence.Collected
		it.Done(r)
	}()
	return nil
}

func (l *later) Stream(context.Context, evidence.Record) (evidence.Stream, error) {
	return nopStream{}, nil
}

type nopStream struct{}

func (nopStream) Write(p []byte) (int, error)                           { return len(p), nil }
func (nopStream) Close(context.Context, map[string]string, error) error { return nil }

// TestProgressWhileTheLastIsRead: the last item is read long after all were handed
// over, and bytes of it are seen meanwhile.
func TestProgressWhileTheLastIsRead(t *testing.T) {
	var seen atomic.Int64
	sink := &later{pieces: 10, pause: 100 * time.Millisecond}
	sum, err := Run(t.Context(), Plan{Sources: []collect.Source{tree(t, map[string]int{"f": 100})}, Sink: sink, Paths: []string{"/f"},
		Watch: func(p Progress) {
			if p.Items == 0 {
				seen.Store(max(seen.Load(), p.Bytes))
			}
		}})
	if err != nil || sum.Items != 1 || sum.Bytes != 10 || sum.Unsettled != 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if seen.Load() == 0 {
		t.Error("no bytes were seen before the item's end")
	}
}

// flying returns a tap with one item of 100 bytes under way in the sink.
func flying(t *testing.T, sink evidence.Sink) *tap {
	t.Helper()
	b, err := openBook(t.Context(), sink)
	if err != nil {
		t.Fatal(err)
	}
	tp := newTap(sink, newGovernor(t.Context(), Budget{}), b)
	if err := tp.view("s", "a").Add(t.Context(), sized("/f", 100, 100)); err != nil {
		t.Fatal(err)
	}
	return tp
}

// TestDrainWaitsForBytes: an item that is read for longer than a sink may be
// silent is waited for.
func TestDrainWaitsForBytes(t *testing.T) {
	tp := flying(t, &later{pieces: 40, pause: 5 * time.Millisecond})
	tp.drain(50 * time.Millisecond)
	if tp.flying != 0 || tp.sum.Items != 1 {
		t.Errorf("%d under way, %d items", tp.flying, tp.sum.Items)
	}
}

// TestUnsettledIsAGap: of an item that was not waited for nobody knows whether it
// is whole, so the collection must not end as if nothing were missing.
func TestUnsettledIsAGap(t *testing.T) {
	tp := flying(t, &later{pieces: 1, pause: time.Minute})
	tp.drain(20 * time.Millisecond)
	s, err := (&runner{tap: tp, stop: t.Context()}).finish(t.Context())
	if err != nil || s.Unsettled != 1 || s.Gaps != 1 || len(s.FirstGaps) != 1 || s.FirstGaps[0].Outcome != evidence.Partial {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestSlowLimitIsSeenToRead: one pause for the rate is shorter than a sink may be
// silent, however low the rate is.
func TestSlowLimitIsSeenToRead(t *testing.T) {
	for _, rate := range []int64{1, 9, 50, 4095, 4096, 50_000, 1 << 30, 1 << 62} {
		if n := int64(ioBurst(rate)); n < 1 || n > rate || n > 1<<20 {
			t.Errorf("%d bytes at once of %d a second", n, rate)
		}
	}
}
