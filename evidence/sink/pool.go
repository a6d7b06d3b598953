package sink

import (
	"context"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// pool lends frame-sized buffers. Jobs may be read ahead of the one that is
// being committed (the head), but may never starve it: the last few buffers
// are the head's alone, and so the head always gets on, on several cores where
// it is a large file.
type pool struct {
	mu      sync.Mutex
	cond    *sync.Cond
	free    [][]byte
	reserve int
	head    uint64
	closed  error
}

func newPool(buffers, reserve int) *pool {
	p := &pool{reserve: reserve}
	p.cond = sync.NewCond(&p.mu)
	for range buffers {
		p.free = append(p.free, make([]byte, 0, segment.FrameSize+frameRoom))
	}
	return p
}

// get lends a buffer to the job with the given place in the order.
func (p *pool) get(ctx context.Context, order uint64) ([]byte, error) {
	stop := context.AfterFunc(ctx, p.wake)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch n := len(p.free); {
		case p.closed != nil:
			return nil, p.closed
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case n > p.reserve || n > 0 && order <= p.head:
			b := p.free[n-1]
			p.free = p.free[:n-1]
			return b, nil
		}
		p.cond.Wait()
	}
}

func (p *pool) put(b []byte) {
	if b == nil {
		return
	}
	p.mu.Lock()
	p.free = append(p.free, b[:0])
	p.mu.Unlock()
	p.cond.Broadcast()
}

func (p *pool) setHead(order uint64) {
	p.mu.Lock()
	p.head = order
	p.mu.Unlock()
	p.cond.Broadcast()
}

func (p *pool) fail(err error) {
	p.mu.Lock()
	p.closed = err
	p.mu.Unlock()
	p.cond.Broadcast()
}

func (p *pool) wake() {
	p.mu.Lock() // so that no waiter is between its check and its Wait
	defer p.mu.Unlock()
	p.cond.Broadcast()
}
