package bundle

import (
	"errors"
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

// Frame decodes one frame that must hold exactly content bytes, into buf, which
// is replaced where it is too small. An error about the frame wraps ErrVerify.
func (d *Decoder) Frame(frame []byte, content int, buf []byte) ([]byte, error) {
	if cap(buf) < segment.FrameSize {
		buf = make([]byte, 0, segment.FrameSize)
	}
	if err := oneFrame(frame, content); err != nil {
		return buf, fmt.Errorf("%w: a zstd frame: %w", ErrVerify, err)
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

// oneFrame checks that the bytes are one zstd frame with checksum, from
// first to last: decoders pass over skippable frames, and go on
// with a second frame, without a word (RFC 8878, sections 3.1.1 and 3.1.2).
func oneFrame(b []byte, content int) error {
	var h zstd.Header
	switch err := h.Decode(b); {
	case err != nil:
		return err
	case h.Skippable || !h.HasCheckSum:
		return errors.New("is skippable, or has no checksum")
	case h.HasFCS && h.FrameContentSize != uint64(content):
		return fmt.Errorf("states %d bytes; the index says %d", h.FrameContentSize, content)
	}
	for at, last := h.HeaderSize, false; ; {
		if last {
			if at+4 != len(b) { // 4 bytes of checksum
				return fmt.Errorf("has %d bytes; it ends at %d", len(b), at+4)
			}
			return nil
		}
		if at+3 > len(b) {
			return errors.New("is cut short")
		}
		block := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		size := block >> 3
		if block>>1&3 == 1 { // one byte, repeated
			size = 1
		}
		at, last = at+3+size, block&1 == 1
	}
}

// Close frees the decoder.
func (d *Decoder) Close() { d.dec.Close() }
