package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// ReadObject reads a whole object of no more than most bytes, as it lies
// there: nothing is checked.
func (b *Bundle) ReadObject(ctx context.Context, name string, most int64) ([]byte, error) {
	o, err := b.objects.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer o.Close()
	if o.Size() > most {
		return nil, fmt.Errorf("reading %s: %d bytes, at most %d", name, o.Size(), most)
	}
	buf := make([]byte, o.Size())
	if n, err := o.ReadAt(buf, 0); n < len(buf) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return buf, nil
}

// Stored opens a segment's bytes as stored, which are not checked. Where they
// are missing the error wraps ErrVerify.
func (b *Bundle) Stored(ctx context.Context, s seal.Segment) (io.ReadCloser, error) {
	o, err := b.objects.Open(ctx, s.Object)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s: is missing", ErrVerify, s.Object)
		}
		return nil, fmt.Errorf("reading %s: %w", s.Object, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(o, 0, o.Size()), o}, nil
}
