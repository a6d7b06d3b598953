package live

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/host"
)

const (
	pinsKept = 128             // more than a sink has waiting between Lstat and Open
	pinAge   = 2 * time.Second // after which a path is walked anew
)

// pin is an O_PATH handle of a regular file, and what it was when described.
type pin struct {
	path string
	fd   int
	x    unix.Statx_t
	born time.Time
}

// pins keeps the files that were described last, so that what is opened soon
// after is the very object that was described, and its path is walked once. It
// is safe for concurrent use.
type pins struct {
	mu     sync.Mutex
	kept   []pin // a ring; path "" where empty
	next   int
	at     map[string]int
	closed bool
}

func newPins() *pins {
	n := host.Handles(pinsKept)
	return &pins{kept: make([]pin, n), at: make(map[string]int, n)}
}

// keep takes the handle over.
func (p *pins) keep(path string, fd int, x *unix.Statx_t) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		unix.Close(fd)
		return
	}
	if i, ok := p.at[path]; ok {
		p.drop(i)
	}
	if p.kept[p.next].path != "" {
		p.drop(p.next)
	}
	p.kept[p.next] = pin{path, fd, *x, time.Now()}
	p.at[path] = p.next
	p.next = (p.next + 1) % len(p.kept)
}

// take gives the handle of path to the caller, if it is there and fresh.
func (p *pins) take(path string) (pin, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.at[path]
	if !ok {
		return pin{}, false
	}
	found := p.kept[i]
	if time.Since(found.born) > pinAge {
		p.drop(i)
		return pin{}, false
	}
	delete(p.at, path)
	p.kept[i] = pin{}
	return found, true
}

func (p *pins) drop(i int) {
	unix.Close(p.kept[i].fd)
	delete(p.at, p.kept[i].path)
	p.kept[i] = pin{}
}

func (p *pins) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, i := range p.at {
		p.drop(i)
	}
}
