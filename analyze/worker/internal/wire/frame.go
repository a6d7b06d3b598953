package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Type is the first byte after a frame's length.
type Type byte

// Frame types.
const (
	Init   Type = 'I'
	Part   Type = 'P'
	Item   Type = 'i'
	Block  Type = 'b'
	Ready  Type = 'R'
	Need   Type = 'n'
	Events Type = 'e'
	Result Type = 'r'
	Fatal  Type = 'F'
)

// MaxFrame bounds a frame. The largest are items with a block table of
// MaxRuns runs, and parts, which are cut into pieces of PartPiece.
const (
	MaxFrame  = 16 << 20
	PartPiece = 4 << 20
)

// ErrFrame marks bytes that are no frame of this protocol.
var ErrFrame = errors.New("not a frame of the worker protocol")

// Write writes one frame. head and body together are the payload, so that
// large bodies need no copy. The caller flushes w.
func Write(w *bufio.Writer, t Type, head, body []byte) error {
	n := 1 + len(head) + len(body)
	if n > MaxFrame {
		return fmt.Errorf("%w: %d bytes", ErrFrame, n)
	}
	var h [5]byte
	binary.LittleEndian.PutUint32(h[:], uint32(n))
	h[4] = byte(t)
	if _, err := w.Write(h[:]); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(body)
	return err
}

// Read reads one frame of at most limit bytes into memory of its own. It
// returns io.EOF only between frames.
func Read(r *bufio.Reader, limit int) (Type, []byte, error) {
	return ReadInto(r, limit, func(n int) []byte { return make([]byte, n) })
}

// ReadInto is Read with memory that get provides for a payload of n bytes.
func ReadInto(r *bufio.Reader, limit int, get func(n int) []byte) (Type, []byte, error) {
	h, err := r.Peek(5)
	if err != nil {
		if err == io.EOF && len(h) > 0 {
			err = fmt.Errorf("%w: cut short", ErrFrame)
		}
		return 0, nil, err
	}
	n, t := binary.LittleEndian.Uint32(h), Type(h[4])
	if n < 1 || uint64(n) > uint64(limit) {
		return 0, nil, fmt.Errorf("%w: length %d", ErrFrame, n)
	}
	if _, err := r.Discard(5); err != nil {
		return 0, nil, err
	}
	b := get(int(n - 1))
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, nil, fmt.Errorf("%w: cut short", ErrFrame)
	}
	return t, b, nil
}
