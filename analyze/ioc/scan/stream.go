package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Read scans size bytes of r in blocks that overlap, so that nothing at a
// border is lost or found twice; every byte is also written to each of tee, in
// order. It returns at the first error, with what stands before it scanned.
func (s *Scanner) Read(ctx context.Context, r io.ReaderAt, size int64, tee io.Writer) error {
	buf := make([]byte, 0, Block+2*margin)
	var base int64 // of buf in the content
	lo := 0        // where the next search starts in buf
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := base + int64(len(buf))
		n := int(min(int64(cap(buf)-len(buf)), size-at))
		got, err := r.ReadAt(buf[len(buf):len(buf)+n], at)
		if errors.Is(err, io.EOF) && got == n {
			err = nil
		}
		if tee != nil {
			if _, err := tee.Write(buf[len(buf) : len(buf)+got]); err != nil {
				return err
			}
		}
		buf = buf[:len(buf)+got]
		if err != nil || base+int64(len(buf)) >= size {
			s.block(buf, base, lo, len(buf))
			if err != nil {
				return fmt.Errorf("reading at %d: %w", at+int64(got), err)
			}
			return nil
		}
		hi := len(buf) - margin
		s.block(buf, base, lo, hi)
		keep := hi - margin
		base += int64(keep)
		buf = buf[:copy(buf, buf[keep:])]
		lo = margin
	}
}
