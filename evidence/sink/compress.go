package sink

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// frameRoom is what a frame of incompressible content can grow by.
const frameRoom = 64 << 10

// frame is one zstd frame on its way into a segment. done is closed when
// stored is set; release returns the memory behind it.
type frame struct {
	content int
	stored  []byte
	buf     []byte // the pool's buffer behind stored; nil where shared
	done    chan struct{}
}

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

// encoder is one worker's zstd encoder and the buffer it writes to, which it
// trades for the input's.
type encoder struct {
	enc     *zstd.Encoder
	scratch []byte
}

func newEncoder() (*encoder, error) {
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(segment.FrameSize),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	return &encoder{e, make([]byte, 0, segment.FrameSize+frameRoom)}, nil
}

// encoders hands out encoders; as many as there are workers compress at once.
type encoders struct {
	slots     chan *encoder
	zeros     []byte // one frame of zeros, and its encoding, for holes
	zeroFrame []byte
}

func newEncoders(workers int) (*encoders, error) {
	e := &encoders{slots: make(chan *encoder, workers), zeros: make([]byte, segment.FrameSize)}
	for range workers {
		enc, err := newEncoder()
		if err != nil {
			return nil, err
		}
		e.slots <- enc
	}
	first := <-e.slots
	e.zeroFrame = bytes.Clone(first.enc.EncodeAll(e.zeros, nil))
	e.slots <- first
	return e, nil
}

// compress encodes the content in buf, which came from the pool, into f.
func (e *encoders) compress(f *frame, buf []byte, p *pool) {
	f.content = len(buf)
	if len(buf) == len(e.zeros) && bytes.Equal(buf, e.zeros) {
		f.stored = e.zeroFrame
		p.put(buf)
		return
	}
	enc := <-e.slots
	f.stored = enc.enc.EncodeAll(buf, enc.scratch[:0])
	f.buf, enc.scratch = f.stored, buf[:0]
	e.slots <- enc
}
