package sink

import (
	"context"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// smallFrame is what a compressed frame may take to wait in a small buffer, and
// smallFrames how many can wait there: as many as jobs wait in the queue.
const (
	smallFrame  = 32 << 10
	smallFrames = 64
)

// pool lends frame-sized buffers. Jobs may be read ahead of the one that is
// being committed (the head), but may never starve it: the last few buffers
// are the head's alone, and so the head always gets on, on several cores where
// it is a large file.
//
// What small files compress to waits in small buffers where there are any left:
// a dozen of them would otherwise hold all the large ones, and the readers would
// stand still until the head is done.
type pool struct {
	mu      sync.Mutex
	cond    *sync.Cond
	free    [][]byte
	small   [][]byte
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
	for range smallFrames {
		p.small = append(p.small, make([]byte, 0, smallFrame))
	}
	return p
}

// settle returns frame in a small buffer; false where it is too large for one,
// or none is left.
func (p *pool) settle(frame []byte) ([]byte, bool) {
	if len(frame) > smallFrame {
		return nil, false
	}
	p.mu.Lock()
	n := len(p.small)
	if n == 0 {
		p.mu.Unlock()
		return nil, false
	}
	b := p.small[n-1]
	p.small = p.small[:n-1]
	p.mu.Unlock()
	return append(b, frame...), true
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
	if cap(b) == smallFrame {
		p.small = append(p.small, b[:0])
		p.mu.Unlock()
		return // nobody waits for one
	}
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
