package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

// ReadDir implements collect.Source. Up to sortLimit entries come sorted by
// their bytes; a larger directory comes in the order the kernel gives.
func (t *tree) ReadDir(ctx context.Context, path string) iter.Seq2[collect.Entry, error] {
	return func(yield func(collect.Entry, error) bool) {
		fd, err := ask(t, path, func() (int, error) { return t.openDir(path) }, closeFD)
		if err != nil {
			yield(collect.Entry{}, err)
			return
		}
		defer unix.Close(fd)
		look := fd
		if _, far := t.servedBy(path); far {
			look = -1 // a type that the listing doesn't give stays unknown
		}
		next, done := t.entries(path, fd)
		err = readSorted(ctx, look, next, yield)
		done()
		if err != nil {
			yield(collect.Entry{}, fmt.Errorf("read directory %q: %w", path, err))
		}
	}
}

func (t *tree) openDir(path string) (int, error) {
	comps, err := source.Components(path)
	if err != nil {
		return -1, err
	}
	d, err := t.dirs.get(comps)
	if err != nil {
		return -1, err
	}
	defer t.dirs.put(d)
	fd, err := quietly(d.fd, ".", unix.O_DIRECTORY)
	if err != nil {
		return -1, fmt.Errorf("open directory %q: %w", path, err)
	}
	return fd, nil
}

// listingSize is the buffer of one getdents64(2) call.
const listingSize = 64 << 10

// entries returns a function that gives the next entries as getdents64(2) does,
// and one that ends their use. Each call has a buffer of its own where one may be
// left behind; elsewhere the listings of a walk take turns with a few.
func (t *tree) entries(path string, fd int) (next func() ([]byte, error), done func()) {
	if _, far := t.servedBy(path); far {
		return func() ([]byte, error) {
			return ask(t, path, func() ([]byte, error) { return getdents(fd, make([]byte, listingSize)) }, nil)
		}, func() {}
	}
	buf, ok := t.listings.Get().(*[listingSize]byte)
	if !ok {
		buf = new([listingSize]byte)
	}
	return func() ([]byte, error) { return getdents(fd, buf[:]) }, func() { t.listings.Put(buf) }
}

func getdents(fd int, b []byte) ([]byte, error) {
	n, err := unix.Getdents(fd, b)
	return b[:max(n, 0)], err
}

// readSorted yields what next gives; an error is returned, not yielded. In the
// folder fd it looks for types that are not told.
func readSorted(ctx context.Context, fd int, next func() ([]byte, error), yield func(collect.Entry, error) bool) error {
	var batch []collect.Entry
	streaming := false
	flush := func() bool {
		for _, e := range batch {
			if !yield(e, nil) {
				return false
			}
		}
		batch = batch[:0]
		return true
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := next()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if len(b) == 0 || err != nil {
			if !streaming {
				slices.SortFunc(batch, func(a, b collect.Entry) int { return strings.Compare(a.Name, b.Name) })
			}
			if !flush() {
				return nil
			}
			return err
		}
		batch = parseDirents(fd, b, batch)
		streaming = streaming || len(batch) > sortLimit
		if streaming && !flush() {
			return nil
		}
	}
}

// parseDirents appends the entries of one getdents64(2) buffer: inode and
// offset of 8 bytes each, length of 2, type of 1, then the name up to a NUL.
func parseDirents(fd int, b []byte, out []collect.Entry) []collect.Entry {
	const head = 19
	for len(b) > head {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size <= head || size > len(b) {
			return out
		}
		name, _, _ := bytes.Cut(b[head:size], []byte{0})
		kind := b[18]
		b = b[size:]
		if s := string(name); s != "." && s != ".." && s != "" {
			out = append(out, collect.Entry{Name: s, Type: direntType(fd, s, kind)})
		}
	}
	return out
}

func direntType(fd int, name string, kind byte) evidence.FileType {
	if kind == unix.DT_UNKNOWN {
		var st unix.Stat_t
		if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			return evidence.TypeUnknown
		}
		return typeOf(st.Mode)
	}
	return typeOf(uint32(kind) << 12) // IFTODT of dirent.h
}
