package collectcmd

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestShortFactsOfAHostileHost: a fifo in the place of a file that holds the
// host's identity must not hold up the collection, nor a file of 8 EiB fill its
// memory.
func TestShortFactsOfAHostileHost(t *testing.T) {
	dir := t.TempDir()
	fifo, huge, plain := filepath.Join(dir, "fifo"), filepath.Join(dir, "huge"), filepath.Join(dir, "plain")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	for name, text := range map[string]string{huge: "abc\n", plain: "  0123456789abcdef\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Skip(err)
	}
	got := make(chan [5]string, 1)
	go func() {
		got <- [5]string{short(fifo), short(huge), short(plain), short(filepath.Join(dir, "none")), short(dir)}
	}()
	select {
	case v := <-got:
		if want := [5]string{"", "abc", "0123456789abcdef", "", ""}; v != want {
			t.Errorf("%q, want %q", v, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for a writer")
	}
}
