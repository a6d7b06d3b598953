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

// CheckContainer checks the ZIP that the objects lie in, where they lie in one.
func (b *Bundle) CheckContainer() error {
	c, ok := b.objects.(Container)
	if !ok {
		return nil
	}
	return c.CheckContainer(b.EndLeaf != nil)
}

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
	order := z.order()
	m, zw := z.rewrite(order)
	if before := order[0].off - int64(localLen+len(order[0].name)); before > 0 && !beginsEntry(z.f, 0) {
		return fmt.Errorf("the ZIP has %d bytes before its beginning", before)
	}
	for _, o := range order {
		if err := o.put(zw); err != nil {
			return fmt.Errorf("the ZIP around %s: %w", o.name, err)
		}
	}
	if !z.whole && !ended {
		return nil
	}
	if !z.whole && beginsEntry(z.f, z.sound) {
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

// object is an entry of the ZIP.
type object struct {
	name string
	span
}

// put writes what a writer would have written, with zeros for the object's bytes.
func (o object) put(zw *zip.Writer) error {
	return storedzip.Put(zw, o.name, o.size, o.crc, io.LimitReader(zeros{}, o.size))
}

// order lists the entries as they lie in the file.
func (z *zipObjects) order() (out []object) {
	for name, s := range z.at {
		out = append(out, object{name, s})
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Compare(a.off, b.off) })
	return out
}

// rewrite begins to write the ZIP again, to be compared with what is there.
func (z *zipObjects) rewrite(order []object) (*matcher, *zip.Writer) {
	m := &matcher{f: z.f}
	for _, o := range order {
		m.data = append(m.data, o.span)
	}
	return m, zip.NewWriter(m)
}

// complete reports whether the directory follows the last sound entry, to its
// end: what stands after that was put there later.
func (z *zipObjects) complete() bool {
	order := z.order()
	_, zw := z.rewrite(order)
	for _, o := range order {
		if o.put(zw) != nil {
			return false
		}
	}
	return zw.Close() == nil
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
