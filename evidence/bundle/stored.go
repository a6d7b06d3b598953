package bundle

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// ReadObject reads a whole object of no more than most bytes, as it lies there:
// nothing is checked but that bound and the CRC of a ZIP. The error wraps
// ErrVerify where the object is at fault, not the place.
func (b *Bundle) ReadObject(ctx context.Context, name string, most int64) ([]byte, error) {
	o, err := b.objects.Open(ctx, name)
	if err != nil {
		return nil, reading(name, err)
	}
	defer o.Close()
	if o.Size() > most {
		return nil, fmt.Errorf("%w: %s: has %d bytes, at most %d", ErrVerify, name, o.Size(), most)
	}
	buf := make([]byte, o.Size())
	if n, err := o.ReadAt(buf, 0); n < len(buf) {
		return nil, reading(name, err)
	}
	if c, ok := o.(checked); ok && crc32.ChecksumIEEE(buf) != c.CRC() {
		return nil, fmt.Errorf("%w: %s: %w", ErrVerify, name, errCRC)
	}
	return buf, nil
}

// reading says what was being read, where the place does not say it.
func reading(name string, err error) error {
	if errors.Is(err, ErrVerify) { // of the object, and names it
		return err
	}
	if err != nil && strings.HasPrefix(err.Error(), "reading ") && strings.Contains(err.Error(), name) {
		return err
	}
	return fmt.Errorf("reading %s: %w", name, err)
}

// checked is an object whose container states a CRC-32 of it.
type checked interface{ CRC() uint32 }

var errCRC = errors.New("CRC-32 of its bytes is not the one that the ZIP states")

// crcReader gives errCRC in place of io.EOF where the bytes have another CRC.
type crcReader struct {
	r         io.Reader
	sum, want uint32
}

func (c *crcReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if errors.Is(err, io.EOF) && c.sum != c.want {
		err = fmt.Errorf("%w: %w", ErrVerify, errCRC)
	}
	return n, err
}

// Stored opens a segment's bytes as stored, which are not checked but for the
// CRC of a ZIP. Where they are missing or have another, the error wraps
// ErrVerify.
func (b *Bundle) Stored(ctx context.Context, s seal.Segment) (io.ReadCloser, error) {
	o, err := b.objects.Open(ctx, s.Object)
	if err != nil {
		if notThere(err) {
			return nil, fmt.Errorf("%w: %s: is missing", ErrVerify, s.Object)
		}
		return nil, reading(s.Object, err)
	}
	var r io.Reader = io.NewSectionReader(o, 0, o.Size())
	if c, ok := o.(checked); ok {
		r = &crcReader{r: r, want: c.CRC()}
	}
	return struct {
		io.Reader
		io.Closer
	}{r, o}, nil
}
