package bundle

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/hozen-dfir/hozen/evidence/internal/storedzip"
)

// Whole implements Container.
func (z *zipObjects) Whole() bool { return z.whole }

// CheckContainer implements Container. It compares every byte of the ZIP that
// is not an object's with what a writer would have put there. A ZIP that was not
// completed may end anywhere, but must not say anything else before.
func (z *zipObjects) CheckContainer(ended bool) error {
	err := z.compare(ended)
	switch {
	case z.whole || err == nil:
		return err
	case errors.Is(err, errCut):
		return nil // the collector died: the bundle is unfinished, and says so
	}
	return fmt.Errorf("the ZIP was not completed, and is damaged: %w", err)
}

// compare stops behind the last sound entry where neither the ZIP was completed
// nor the bundle: what follows there is the beginning of another.
func (z *zipObjects) compare(ended bool) error {
	type object struct {
		name string
		span
	}
	var order []object
	m := &matcher{f: z.f}
	for name, s := range z.at {
		order = append(order, object{name, s})
		m.data = append(m.data, s)
	}
	slices.SortFunc(order, func(a, b object) int { return cmp.Compare(a.off, b.off) })
	slices.SortFunc(m.data, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	zw := zip.NewWriter(m)
	for _, o := range order {
		if err := storedzip.Put(zw, o.name, o.size, o.crc, io.LimitReader(zeros{}, o.size)); err != nil {
			return fmt.Errorf("the ZIP around %s: %w", o.name, err)
		}
	}
	if !z.whole && !ended {
		return nil
	}
	if !z.whole && z.beginsEntry() {
		return z.tornEntry(order[len(order)-1].name)
	}
	if err := zw.Close(); err != nil {
		return fmt.Errorf("the ZIP's directory: %w", err)
	}
	if m.off != z.size {
		return fmt.Errorf("the ZIP has %d bytes after its end", z.size-m.off)
	}
	return nil
}

// errCut says that the file ends too soon, and says nothing wrong before.
var errCut = errors.New("the file ends here")

// zeros stands for objects' bytes while the container around them is compared.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// matcher is a writer that fails where what is written is not what is there,
// apart from the data spans, which the seal speaks of.
type matcher struct {
	f    io.ReaderAt
	off  int64
	data []span // those that end after off, in order
}

func (m *matcher) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		for len(m.data) > 0 && m.off >= m.data[0].off+m.data[0].size {
			m.data = m.data[1:]
		}
		n := int64(len(p) - done)
		if len(m.data) > 0 {
			if in := m.data[0]; m.off >= in.off {
				n = min(n, in.off+in.size-m.off)
				m.off, done = m.off+n, done+int(n)
				continue
			}
			n = min(n, m.data[0].off-m.off)
		}
		if err := m.compare(p[done : done+int(n)]); err != nil {
			return done, err
		}
		m.off, done = m.off+n, done+int(n)
	}
	return done, nil
}

func (m *matcher) compare(p []byte) error {
	have := make([]byte, len(p))
	n, err := m.f.ReadAt(have, m.off)
	for i := range n {
		if p[i] != have[i] {
			return fmt.Errorf("byte %d is not what it must be", m.off+int64(i))
		}
	}
	if n == len(p) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = errCut
	}
	return fmt.Errorf("at byte %d: %w", m.off+int64(n), err)
}
