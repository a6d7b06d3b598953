package analyze

import (
	"context"
	"sync/atomic"
)

// order is the queue of items begun and not yet passed on, bounded in items
// and, by holding back new ones, in bytes of findings.
type order struct {
	queue  chan *slot
	parked atomic.Int64  // estimated bytes of results that wait
	freed  chan struct{} // tells push that parked fell
}

func newOrder() *order {
	return &order{queue: make(chan *slot, window), freed: make(chan struct{}, 1)}
}

// push takes an item's place at the end; false means that the sweep has ended.
func (o *order) push(ctx context.Context, sl *slot) bool {
	// The items before are all begun, so that the first of them, for which
	// the others wait, gets done: this always ends.
	for o.parked.Load() > parkedBytes {
		select {
		case <-o.freed:
		case <-ctx.Done():
			return false
		}
	}
	select {
	case o.queue <- sl:
		return true
	case <-ctx.Done():
		return false
	}
}

// end says that no more items come.
func (o *order) end() { close(o.queue) }

// pop returns the next item in order; false at the end.
func (o *order) pop(ctx context.Context) (*slot, bool) {
	select {
	case sl, ok := <-o.queue:
		return sl, ok
	case <-ctx.Done():
		return nil, false
	}
}

// passed gives back what a result held.
func (o *order) passed(n int64) {
	if n == 0 {
		return
	}
	o.parked.Add(-n)
	select {
	case o.freed <- struct{}{}:
	default:
	}
}
