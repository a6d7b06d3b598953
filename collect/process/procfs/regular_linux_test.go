package procfs

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestReadWaitsForNoWriter: somebody may have mounted a folder of theirs over
// /proc, with a fifo for each file that is read.
func TestReadWaitsForNoWriter(t *testing.T) {
	f := FS{Dir: t.TempDir()}
	if err := unix.Mkfifo(filepath.Join(f.Dir, "modules"), 0o600); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	go func() {
		_, _, err := f.Read("modules", MaxSmall)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a fifo was read")
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}
