package live

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/evidence"
)

const foldNames = false

func rootDir() string    { return "/" }
func hostOS() collect.OS { return collect.Linux }

// tree is the Source of this package on Linux.
type tree struct {
	info collect.SourceInfo
	base string // absolute path of the top, for mountinfo
	dirs *dirs
	pins *pins

	mountinfo string // what lists the mounts

	listings sync.Pool // of buffers for ReadDir

	namesOnce     sync.Once
	users, groups map[uint32]string

	mountsMu sync.Mutex
	mountsAt time.Time
	mounts   []mount
	byPoint  map[string]int // topmost mount at a path of the tree
	under    mount          // the one that the top lies in, as "/"

	anyServed bool // some mount is served by another host or process
	slow      slow

	closeOnce sync.Once
}

func open(top string, info collect.SourceInfo) (collect.Source, error) {
	base, err := filepath.Abs(top)
	if err != nil {
		return nil, fmt.Errorf("open tree %q: %w", top, err)
	}
	if real, err := filepath.EvalSymlinks(base); err == nil {
		base = real // the top is named by hand; below it no link is followed
	}
	fd, err := unix.Open(base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open tree %q: %w", top, err)
	}
	t := &tree{info: info, base: base, dirs: newDirs(fd), pins: newPins(), mountinfo: "/proc/self/mountinfo"}
	t.slow = slow{wait: answerTime, silent: map[string]time.Time{}}
	t.readMounts()
	t.tellMount()
	return t, nil
}

// tellMount states what the top of the tree is mounted from.
func (t *tree) tellMount() {
	i, ok := t.byPoint["/"]
	if !ok {
		return // a folder within a mount
	}
	d := map[string]string{"filesystem": t.mounts[i].fstype, "mounted_from": t.mounts[i].source, "device": t.mounts[i].dev}
	maps.Copy(d, t.info.Details)
	t.info.Details = d
}

// Info implements collect.Source.
func (t *tree) Info() collect.SourceInfo { return t.info }

// Close implements collect.Source.
func (t *tree) Close() error {
	t.closeOnce.Do(func() {
		t.pins.close()
		t.dirs.close()
	})
	return nil
}

// at opens the directory that holds the last component of path. For the top
// itself name is ".".
func (t *tree) at(path string) (parent *dir, name string, err error) {
	comps, err := source.Components(path)
	if err != nil {
		return nil, "", err
	}
	if len(comps) == 0 {
		parent, err = t.dirs.get(nil)
		return parent, ".", err
	}
	last := len(comps) - 1
	parent, err = t.dirs.get(comps[:last])
	return parent, comps[last], err
}

// Lstat implements collect.Source.
func (t *tree) Lstat(path string) (evidence.Stat, error) {
	return ask(t, path, func() (evidence.Stat, error) { return t.lstat(path) }, nil)
}

func (t *tree) lstat(path string) (evidence.Stat, error) {
	parent, name, err := t.at(path)
	if err != nil {
		return evidence.Stat{}, err
	}
	defer t.dirs.put(parent)
	fd, err := openat(parent.fd, name, pathFlag)
	if err != nil {
		return evidence.Stat{}, fmt.Errorf("stat %q: %w", path, err)
	}
	st, x, err := t.describe(fd)
	if err == nil && st.Type == evidence.TypeFile {
		t.pins.keep(path, fd, &x)
		return st, nil
	}
	unix.Close(fd)
	if err != nil {
		return st, fmt.Errorf("stat %q: %w", path, err)
	}
	return st, nil
}

// Crossing implements collect.Source.
func (t *tree) Crossing(path string, _ evidence.Stat) string {
	t.mountsMu.Lock()
	defer t.mountsMu.Unlock()
	t.freshMounts()
	switch i, ok := t.byPoint[path]; {
	case path == "/":
		return ""
	case ok:
		return crossing(t.mounts, i)
	case t.byPoint == nil:
		return t.unlisted(path)
	}
	return ""
}

func (t *tree) freshMounts() {
	if time.Since(t.mountsAt) > 5*time.Second {
		t.readMounts()
	}
}

func (t *tree) readMounts() {
	t.mountsAt = time.Now()
	f, err := os.Open(t.mountinfo)
	if err != nil {
		return // no /proc: what was known before stands
	}
	defer f.Close()
	all := parseMounts(f)
	t.mounts, t.under = below(all, t.base), holder(all, t.base)
	t.anyServed = t.under.served()
	t.byPoint = make(map[string]int, len(t.mounts))
	for i, m := range t.mounts {
		t.byPoint[m.point] = i
		t.anyServed = t.anyServed || m.served()
	}
}

// names reads the source's own passwd and group, once.
func (t *tree) names() (users, groups map[uint32]string) {
	t.namesOnce.Do(func() {
		t.users = parseNames(t.small("/etc/passwd"))
		t.groups = parseNames(t.small("/etc/group"))
	})
	return t.users, t.groups
}

// small returns the first namesMax bytes of a file, or nothing.
func (t *tree) small(path string) []byte {
	b, err := ask(t, path, func() ([]byte, error) {
		f, err := t.openPlain(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, namesMax))
	}, nil)
	if err != nil {
		return nil
	}
	return b
}

func (t *tree) openPlain(path string) (*os.File, error) {
	parent, name, err := t.at(path)
	if err != nil {
		return nil, err
	}
	defer t.dirs.put(parent)
	fd, _, err := t.openRegular(parent.fd, name)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Open implements collect.Source.
func (t *tree) Open(_ context.Context, path string) (evidence.Content, evidence.Stat, error) {
	o, err := ask(t, path, func() (opened, error) { return t.open(path) }, func(o opened) { o.Close() })
	if err != nil {
		return nil, o.st, err
	}
	return o.content, o.st, nil
}

// opened is a file, and what it was when it was opened.
type opened struct {
	*content
	st evidence.Stat
}

func (t *tree) open(path string) (opened, error) {
	if o, ok := t.openPinned(path); ok {
		return o, nil
	}
	parent, name, err := t.at(path)
	if err != nil {
		return opened{}, err
	}
	defer t.dirs.put(parent)
	fd, raw, err := t.openRegular(parent.fd, name)
	if err != nil {
		return opened{}, fmt.Errorf("open %q: %w", path, err)
	}
	return opened{newContent(t, path, fd, raw), t.convert(raw)}, nil
}

// openPinned opens the object that Lstat has described just now. Where it
// can't, the usual way says why.
func (t *tree) openPinned(path string) (opened, bool) {
	p, ok := t.pins.take(path)
	if !ok {
		return opened{}, false
	}
	defer unix.Close(p.fd)
	root, err := t.dirs.get(nil) // so that links stays open
	if err != nil {
		return opened{}, false
	}
	defer t.dirs.put(root)
	if t.dirs.links < 0 {
		return opened{}, false
	}
	fd, err := quietly(t.dirs.links, strconv.Itoa(p.fd), 0)
	if err != nil {
		return opened{}, false
	}
	return opened{newContent(t, path, fd, &p.x), t.convert(&p.x)}, true
}
