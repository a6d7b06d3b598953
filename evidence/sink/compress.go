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

// plainFrame is the most content of which literals are not Huffman-coded. The
// code saves a fifth of what such frames take; without it they are read again,
// as by every check and sweep, in a third of the time, and made in two thirds.
const plainFrame = 8 << 10

// encoder is one worker's zstd encoders and the buffer they write to, which it
// trades for the input's.
type encoder struct {
	enc     *zstd.Encoder
	plain   *zstd.Encoder // for frames of up to plainFrame
	scratch []byte
}

func newEncoder() (*encoder, error) {
	enc, err := newZstd(segment.FrameSize)
	if err != nil {
		return nil, err
	}
	plain, err := newZstd(plainFrame, zstd.WithNoEntropyCompression(true))
	if err != nil {
		return nil, err
	}
	return &encoder{enc, plain, make([]byte, 0, segment.FrameSize+frameRoom)}, nil
}

// newZstd returns an encoder of frames of up to size bytes, a power of two.
func newZstd(size int, more ...zstd.EOption) (*zstd.Encoder, error) {
	e, err := zstd.NewWriter(nil, append(more,
		zstd.WithWindowSize(size), // before the level, which else makes blocks of 64 KiB: twice the tables
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(true))...)
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	return e, nil
}

// encode appends one frame of the content to the scratch buffer, emptied.
func (e *encoder) encode(content []byte) []byte {
	if len(content) <= plainFrame {
		return e.plain.EncodeAll(content, e.scratch[:0])
	}
	return e.enc.EncodeAll(content, e.scratch[:0])
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
	out := enc.encode(buf)
	if small, ok := p.settle(out); ok {
		f.stored, f.buf = small, small
		e.slots <- enc
		p.put(buf)
		return
	}
	f.stored, f.buf, enc.scratch = out, out, buf[:0]
	e.slots <- enc
}
