//go:build unix

package artifacts

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFifoIsNoDefinition has a fifo among the files, which nobody writes to.
func TestFifoIsNoDefinition(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "x.yaml")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{dir, fifo} {
		done := make(chan []Problem, 1)
		go func() { var s Set; done <- s.LoadPath(name) }()
		select {
		case p := <-done:
			if len(p) != 1 || !strings.Contains(p[0].Text, "not a regular file") {
				t.Errorf("%s: %v", name, p)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s is waited for", name)
		}
	}
}
