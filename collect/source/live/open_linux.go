package live

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/source/salvage"
	"github.com/hozen-dfir/hozen/evidence"
)

// errNotRegular marks objects that have no bytes of their own to read.
var errNotRegular = errors.New("not a regular file, never opened")

// openRegular opens name in the directory at, if it is a regular file. An
// O_PATH handle pins the object first, so nothing else is ever opened: opening
// a device may have effects. Where /proc is missing, the name is opened again
// and must still be the same object.
func (t *tree) openRegular(at int, name string) (int, *unix.Statx_t, error) {
	pin, err := openat(at, name, pathFlag)
	if err != nil {
		return -1, nil, err
	}
	defer unix.Close(pin)
	before, err := statx(pin)
	if err != nil {
		return -1, nil, err
	}
	if typeOf(uint32(before.Mode)) != evidence.TypeFile {
		return -1, nil, fmt.Errorf("%s: %w", typeOf(uint32(before.Mode)), errNotRegular)
	}
	if t.dirs.links < 0 {
		fd, err := again(at, name, &before)
		return fd, &before, err
	}
	fd, err := quietly(t.dirs.links, strconv.Itoa(pin), 0)
	return fd, &before, err
}

// handleLinks opens /proc/self/fd, whose entries lead to what this process
// holds; -1 where it is not there, or not procfs.
func handleLinks() int {
	fd, err := unix.Open("/proc/self/fd", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	var fs unix.Statfs_t
	if unix.Fstatfs(fd, &fs) != nil || fs.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(fd)
		return -1
	}
	return fd
}

// again opens name where there is no /proc to reach the pinned object by.
func again(at int, name string, before *unix.Statx_t) (int, error) {
	fd, err := quietly(at, name, unix.O_NOFOLLOW)
	if err != nil {
		return -1, err
	}
	now, err := statx(fd)
	if err == nil && !same(before, &now) {
		err = errors.New("replaced while opening")
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// quietly opens for reading without touching the access time, where the
// kernel lets this user do so.
func quietly(at int, name string, extra int) (int, error) {
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | extra
	fd, err := openat(at, name, flags|unix.O_NOATIME)
	if errors.Is(err, unix.EPERM) {
		fd, err = openat(at, name, flags)
	}
	return fd, err
}

func same(a, b *unix.Statx_t) bool {
	return a.Ino == b.Ino && a.Dev_major == b.Dev_major && a.Dev_minor == b.Dev_minor &&
		a.Mode&unix.S_IFMT == b.Mode&unix.S_IFMT
}

// file reads with pread, so that it needs no offset of its own.
type file int

// ReadAt returns what one pread gives: it may be short without an error.
func (f file) ReadAt(p []byte, off int64) (int, error) {
	for {
		n, err := unix.Pread(int(f), p, off)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return max(n, 0), err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// nextData finds the next run of data with lseek(2).
func (f file) nextData(size int64) func(int64) (int64, int64, error) {
	return func(off int64) (int64, int64, error) {
		start, err := unix.Seek(int(f), off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return size, size, nil
		}
		if err != nil {
			return 0, 0, err
		}
		end, err := unix.Seek(int(f), start, unix.SEEK_HOLE)
		return start, end, err
	}
}

// skippable lists the errors that concern only the range that was read: a bad
// medium, a failed checksum of a filesystem, a page that is not mapped.
func skippable(err error) bool {
	for _, e := range [...]unix.Errno{
		unix.EIO, unix.EBADMSG, unix.EUCLEAN, unix.EILSEQ, unix.ENODATA, unix.EREMOTEIO, unix.EFAULT,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// content is one file on its one pass.
type content struct {
	*salvage.Reader
	t      *tree
	path   string
	fd     int
	far    bool // on a mount that is served
	closed bool
}

func newContent(t *tree, path string, fd int, x *unix.Statx_t) *content {
	size := int64(x.Size)
	opt := salvage.Options{Size: size, Max: size + Growth, Skippable: skippable}
	if int64(x.Blocks)*512 < size && size > 4096 {
		opt.NextData = file(fd).nextData(size)
	}
	if _, far := t.servedBy(path); far {
		opt.NextData = nil // one more call that may never return
		return &content{Reader: salvage.New(farFile{t, path, file(fd)}, opt), t: t, path: path, fd: fd, far: true}
	}
	if size > 1<<20 {
		// Advice only: a kernel that ignores it reads the same bytes.
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_SEQUENTIAL)
	}
	return &content{Reader: salvage.New(file(fd), opt), t: t, path: path, fd: fd}
}

// Finish implements evidence.Content.
func (c *content) Finish() evidence.Finish {
	lost, more := c.Lost()
	f := evidence.Finish{Lost: lost, LostMore: more, Changed: c.Cut()}
	if c.closed {
		return f
	}
	if x, err := ask(c.t, c.path, func() (unix.Statx_t, error) { return statx(c.fd) }, nil); err == nil {
		st := c.t.convert(&x)
		f.After = &st
	}
	return f
}

// Close implements evidence.Content.
func (c *content) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	if c.far {
		go closeFD(c.fd) // it asks the server, and the answer changes nothing
		return nil
	}
	return unix.Close(c.fd)
}
