//go:build unix

package input

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// read reads a pipe, and fails where that takes longer than it may.
func read(t *testing.T, name string, first, last time.Duration) (string, error) {
	t.Helper()
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		f, err := open(name, first, last)
		if err != nil {
			done <- result{err: err}
			return
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return string(r.text), r.err
	case <-time.After(20 * time.Second):
		t.Fatal("the pipe was waited for")
		return "", nil
	}
}

func TestPipeThatNobodyWritesTo(t *testing.T) {
	_, err := read(t, fifo(t), 50*time.Millisecond, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "nobody wrote anything") {
		t.Errorf("%v", err)
	}
}

// Whoever writes to a pipe may come a little later than its reader, and write
// in pieces.
func TestPipeWithALateWriter(t *testing.T) {
	name := fifo(t)
	go func() {
		time.Sleep(100 * time.Millisecond)
		w, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		for _, s := range []string{"one\n", "two\n"} {
			_, _ = w.WriteString(s)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	if got, err := read(t, name, 10*time.Second, time.Minute); err != nil || got != "one\ntwo\n" {
		t.Errorf("%q %v", got, err)
	}
}

func TestPipeWithoutAnEnd(t *testing.T) {
	name := fifo(t)
	w, err := os.OpenFile(name, os.O_RDWR, 0) // the other side stays open
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteString("begun"); err != nil {
		t.Fatal(err)
	}
	_, err = read(t, name, time.Minute, 100*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "does not come to an end") {
		t.Errorf("%v", err)
	}
}
