package live

import (
	"io"
	"unsafe"

	"github.com/hozen-dfir/hozen/collect/source/salvage"
)

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// newWindow reads a part of r with the options that files are read with.
func newWindow(r io.ReaderAt, base, size int64) *salvage.Reader {
	return salvage.New(window{r, base}, salvage.Options{Size: size, Skippable: skippable})
}

type window struct {
	r    io.ReaderAt
	base int64
}

func (w window) ReadAt(p []byte, off int64) (int, error) { return w.r.ReadAt(p, w.base+off) }
