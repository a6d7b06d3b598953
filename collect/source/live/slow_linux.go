package live

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of calls into a mount that another host or another process serves.
// When its server has died such a call may never return, and no signal ends it.
const (
	answerTime = 20 * time.Second // for one call
	silentTime = time.Minute      // for which nothing more is asked then
	leftMax    = 64               // calls left behind, each holding a thread
)

// slow keeps what is known of mounts that gave no answer.
type slow struct {
	wait time.Duration // answerTime, but for tests

	mu     sync.Mutex
	silent map[string]time.Time // by mount point: when it fell silent
	left   int
}

// silentError says that a mount gave no answer.
type silentError struct {
	m    mount
	wait time.Duration
}

func (e *silentError) Error() string {
	return fmt.Sprintf("the %s mount of %.200q gave no answer for %s", e.m.fstype, e.m.source, e.wait)
}

// served reports whether a mount answers from another host or process.
func (m mount) served() bool {
	has := func(list string) bool { return strings.Contains(list, " "+m.fstype+" ") }
	return has(networkTypes) || strings.HasPrefix(m.fstype, "fuse") || m.fstype == "autofs"
}

// servedBy finds the mount that path lies on, if it is such a one.
func (t *tree) servedBy(path string) (mount, bool) {
	t.mountsMu.Lock()
	defer t.mountsMu.Unlock()
	t.freshMounts()
	if !t.anyServed {
		return mount{}, false
	}
	best := t.under
	for _, m := range t.mounts { // a later one lies over an earlier one
		if within(path, m.point) && len(m.point) >= len(best.point) {
			best = m
		}
	}
	return best, best.served()
}

// holder finds the mount that the folder base lies in, as point "/".
func holder(all []mount, base string) mount {
	var best mount
	for _, m := range all {
		if within(base, m.point) && len(m.point) >= len(best.point) {
			best = m
		}
	}
	best.point = "/"
	return best
}

// ask makes a call that concerns path. On a mount that is served it waits for
// the answer only so long; late then gets the value should it come after all.
func ask[T any](t *tree, path string, call func() (T, error), late func(T)) (T, error) {
	m, ok := t.servedBy(path)
	if !ok {
		return call()
	}
	var none T
	if !t.slow.begin(m) {
		return none, &silentError{m, t.slow.wait}
	}
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := call()
		done <- answer{v, err}
	}()
	timer := time.NewTimer(t.slow.wait)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.v, a.err
	case <-timer.C:
	}
	t.slow.leave(m)
	go func() { // ends with the call, or with the process
		a := <-done
		t.slow.back()
		if a.err == nil && late != nil {
			late(a.v)
		}
	}()
	return none, &silentError{m, t.slow.wait}
}

// begin reports whether the mount may be asked.
func (s *slow) begin(m mount) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, ok := s.silent[m.point]
	return s.left < leftMax && (!ok || time.Since(since) > silentTime)
}

func (s *slow) leave(m mount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left++
	s.silent[m.point] = time.Now()
}

func (s *slow) back() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left--
}

// farFile reads a file of a mount that is served. A read left behind keeps its
// own buffer, so that it can't write into the caller's later.
type farFile struct {
	t    *tree
	path string
	file file
}

// ReadAt implements io.ReaderAt.
func (f farFile) ReadAt(p []byte, off int64) (int, error) {
	b, err := ask(f.t, f.path, func() ([]byte, error) {
		b := make([]byte, len(p))
		n, err := f.file.ReadAt(b, off)
		return b[:n], err
	}, nil)
	return copy(p, b), err
}

func closeFD(fd int) { unix.Close(fd) }
