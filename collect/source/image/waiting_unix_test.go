//go:build unix

package image

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A fifo in place of an image must not be waited for.
func TestNoImageIsAFifo(t *testing.T) {
	p := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(p, 0o600); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	go func() { _, _, err := Open(p); done <- err }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a fifo is an image")
		}
	case <-time.After(5 * time.Second):
		t.Error("opening a fifo has no end")
	}
}
