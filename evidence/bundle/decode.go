package bundle

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Decoder decodes the zstd frames of items, one at a time.
type Decoder struct{ dec *zstd.Decoder }

// NewDecoder returns a decoder. Close it to free its memory.
func NewDecoder() (*Decoder, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(segment.FrameSize), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	return &Decoder{d}, nil
}

// decodeRoom is how much more than a frame's content its buffer has: the decoder
// may then copy in blocks of 16 bytes to the end.
const decodeRoom = 64

// Frame decodes one frame that must hold exactly content bytes, into buf, which
// is replaced where it is too small. An error about the frame wraps ErrVerify.
func (d *Decoder) Frame(frame []byte, content int, buf []byte) ([]byte, error) {
	if err := segment.CheckFrame(frame, content); err != nil {
		return buf, fmt.Errorf("%w: a zstd frame: %w", ErrVerify, err)
	}
	if cap(buf) < content+decodeRoom { // most items are small: a buffer of 1 MiB for each would be most of the work
		buf = make([]byte, 0, min(2*content, segment.FrameSize)+decodeRoom)
	}
	out, err := d.dec.DecodeAll(frame, buf[:0])
	if err != nil {
		return buf, fmt.Errorf("%w: a zstd frame: %w", ErrVerify, err)
	}
	if len(out) != content {
		return out, fmt.Errorf("%w: a zstd frame holds %d bytes; the index says %d", ErrVerify, len(out), content)
	}
	return out, nil
}

// Close frees the decoder.
func (d *Decoder) Close() { d.dec.Close() }
