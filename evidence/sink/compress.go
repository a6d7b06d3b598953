package sink

import (
	"bytes"
	"fmt"

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
	out := enc.enc.EncodeAll(buf, enc.scratch[:0])
	if small, ok := p.settle(out); ok {
		f.stored, f.buf = small, small
		e.slots <- enc
		p.put(buf)
		return
	}
	f.stored, f.buf, enc.scratch = out, out, buf[:0]
	e.slots <- enc
}
