package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// readLimit bounds what the suite reads of one object.
const readLimit = 16 << 20

func shut(c evidence.Content) {
	if c != nil {
		_ = c.Close()
	}
}

func slurp(src collect.Source, p string, wrap func(io.Reader) io.Reader) ([]byte, evidence.Stat, evidence.Finish, error) {
	c, st, err := src.Open(context.Background(), p)
	if err != nil {
		return nil, st, evidence.Finish{}, err
	}
	b, err := io.ReadAll(io.LimitReader(wrap(c), readLimit))
	f := c.Finish()
	return b, st, f, errors.Join(err, c.Close())
}

func same(r io.Reader) io.Reader { return r }

func (s *suite) open(t *testing.T) {
	for _, n := range s.nodes {
		if n.Type != evidence.TypeFile {
			continue
		}
		wraps := []func(io.Reader) io.Reader{same, iotest.HalfReader}
		if len(n.Data) < 1000 {
			wraps = append(wraps, iotest.OneByteReader)
		}
		for _, w := range wraps {
			b, st, f, err := slurp(s.Source, s.at(n.Path), w)
			if err != nil || !bytes.Equal(b, n.Data) {
				t.Errorf("%q: %v, %d bytes, want %d", n.Path, err, len(b), len(n.Data))
			}
			if st.Type != evidence.TypeFile || st.StatLen != int64(len(n.Data)) {
				t.Errorf("%q: stat on opening: %q, %d bytes", n.Path, st.Type, st.StatLen)
			}
			if f.Changed || len(f.Lost) > 0 {
				t.Errorf("%q: a quiet file is reported as changed or lost: %+v", n.Path, f)
			}
			if f.After != nil && (f.After.StatLen != st.StatLen || !f.After.MTime.Equal(st.MTime.Time)) {
				t.Errorf("%q: stat after reading differs: %+v", n.Path, f.After)
			}
		}
	}
}

// openRefuses opens what is no regular file: each must fail, and at once. A
// fifo without a writer would block for ever, so each has its own goroutine.
func (s *suite) openRefuses(t *testing.T) {
	for _, p := range []string{"/dir", "/fifo", "/socket", "/"} {
		if p != "/" && !s.has(p) {
			continue
		}
		done := make(chan error, 1)
		go func() {
			c, _, err := s.Source.Open(context.Background(), s.at(p))
			shut(c)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s was opened", p)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("opening %s hangs", p)
		}
	}
}

func (s *suite) denied(t *testing.T) {
	if s.Denied == "" {
		t.Skip("this fixture has nothing that is denied")
	}
	if _, _, _, err := slurp(s.Source, s.Denied, same); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%q: %v, want fs.ErrPermission", s.Denied, err)
	}
}

func (s *suite) concurrent(t *testing.T) {
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			for range 4 {
				if err := s.once(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

func (s *suite) once() error {
	for _, n := range s.nodes {
		if _, err := s.Source.Lstat(s.at(n.Path)); err != nil {
			return err
		}
		if n.Type != evidence.TypeFile {
			continue
		}
		if b, _, _, err := slurp(s.Source, s.at(n.Path), same); err != nil || !bytes.Equal(b, n.Data) {
			return fmt.Errorf("%q: %w, %d bytes", n.Path, err, len(b))
		}
	}
	_, err := list(context.Background(), s.Source, s.at("/names"))
	return err
}

// closed checks that a closed source does not panic; errors are welcome.
func (s *suite) closed(t *testing.T) {
	if err := s.Source.Close(); err != nil {
		t.Error(err)
	}
	_, _ = s.Source.Lstat(s.at("/small"))
	_, _ = list(context.Background(), s.Source, s.at("/dir"))
	c, _, _ := s.Source.Open(context.Background(), s.at("/small"))
	shut(c)
}
