package live

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/host"
	"github.com/hozen-dfir/hozen/collect/source"
)

const (
	dirsKept = 64              // directory handles kept open
	dirsAge  = 2 * time.Second // after which a path is walked anew
	pathFlag = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
)

// dirs opens directories of a tree, component by component, and keeps the
// last ones open. It is safe for concurrent use.
type dirs struct {
	root *dir
	kept int // how many
	mu   sync.Mutex
	m    map[string]*list.Element // of *dir
	lru  list.List                // front: used last

	// links is a handle of /proc/self/fd, or -1. Who holds a directory may use
	// it; it is closed with the last of them.
	links  int
	users  int
	closed bool
}

// dir is an O_PATH handle of one directory.
type dir struct {
	fd   int
	path string
	born time.Time
	refs int // users, and one for the cache; guarded by dirs.mu
}

func newDirs(rootFD int) *dirs {
	return &dirs{kept: host.Handles(dirsKept), root: &dir{fd: rootFD, path: "", refs: 1}, m: map[string]*list.Element{}, links: handleLinks()}
}

// get returns a handle of the directory at the given components; the caller
// gives it back with put.
func (d *dirs) get(comps []string) (*dir, error) {
	path := strings.Join(comps, "/")
	at, depth := d.nearest(comps, path)
	if at == nil {
		return nil, fmt.Errorf("open %.200q: the source is closed: %w", "/"+path, fs.ErrClosed)
	}
	if depth == len(comps) {
		return at, nil
	}
	fd := at.fd
	for i := depth; i < len(comps); i++ {
		next, err := openat(fd, comps[i], pathFlag|unix.O_DIRECTORY)
		if err != nil {
			err = explain(fd, comps, i, err)
		}
		if fd != at.fd {
			unix.Close(fd)
		}
		if err != nil {
			d.put(at)
			return nil, err
		}
		fd = next
	}
	d.put(at)
	return d.add(&dir{fd: fd, path: path, born: time.Now(), refs: 2}), nil
}

// nearest returns the cached directory that is the deepest on the way, with a
// reference, and its depth; nil once the source is closed.
func (d *dirs) nearest(comps []string, path string) (*dir, int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, 0
	}
	for n := len(comps); n > 0; n-- {
		if e, ok := d.m[path]; ok {
			c := e.Value.(*dir)
			if time.Since(c.born) < dirsAge {
				d.lru.MoveToFront(e)
				c.refs++
				d.users++
				return c, n
			}
			d.drop(e)
		}
		path = path[:max(0, len(path)-len(comps[n-1])-1)]
	}
	d.root.refs++
	d.users++
	return d.root, 0
}

func (d *dirs) add(n *dir) *dir {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users++
	if e, ok := d.m[n.path]; ok {
		d.drop(e) // another goroutine was faster; the newer handle stays
	}
	if d.closed {
		n.refs-- // only the caller's: nothing would drop it later
		return n
	}
	d.m[n.path] = d.lru.PushFront(n)
	for d.lru.Len() > d.kept {
		d.drop(d.lru.Back())
	}
	return n
}

func (d *dirs) drop(e *list.Element) {
	c := e.Value.(*dir)
	d.lru.Remove(e)
	delete(d.m, c.path)
	d.release(c)
}

func (d *dirs) release(c *dir) {
	if c.refs--; c.refs == 0 {
		unix.Close(c.fd)
	}
}

func (d *dirs) put(c *dir) {
	d.mu.Lock()
	d.release(c)
	d.users--
	d.leave()
	d.mu.Unlock()
}

// leave closes links where nobody can use it any more.
func (d *dirs) leave() {
	if d.closed && d.users == 0 && d.links >= 0 {
		unix.Close(d.links)
		d.links = -1
	}
}

func (d *dirs) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for d.lru.Len() > 0 {
		d.drop(d.lru.Back())
	}
	d.release(d.root)
	d.leave()
}

// openat is openat(2), tried again when a signal interrupts it.
func openat(fd int, name string, flags int) (int, error) {
	for {
		n, err := unix.Openat(fd, name, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// explain names the component that a walk stopped at. A component that is a
// file means that the path is not there; a link is a LinkError.
func explain(fd int, comps []string, i int, err error) error {
	full, at := "/"+strings.Join(comps, "/"), "/"+strings.Join(comps[:i+1], "/")
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		var st unix.Stat_t
		if unix.Fstatat(fd, comps[i], &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
			if st.Mode&unix.S_IFMT == unix.S_IFLNK {
				target, _ := readlinkat(fd, comps[i])
				return &source.LinkError{Path: full, Component: at, Target: target}
			}
			return fmt.Errorf("open %q: %q is not a directory: %w", full, at, fs.ErrNotExist)
		}
	}
	return fmt.Errorf("open %q: %w", at, err)
}

func readlinkat(fd int, name string) (string, error) {
	for size := 256; ; size *= 4 {
		b := make([]byte, size)
		n, err := unix.Readlinkat(fd, name, b)
		if err != nil {
			return "", err
		}
		if n < size || size >= targetMax {
			return string(b[:n]), nil
		}
	}
}
