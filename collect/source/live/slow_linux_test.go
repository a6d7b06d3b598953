package live

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// served opens a folder that holds a FUSE mount named "m" and a file named "f".
func served(t *testing.T, answers bool) *tree {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "m"), 0o755))
	write(t, filepath.Join(dir, "f"), []byte("here"))
	fuseMount(t, filepath.Join(dir, "m"), answers)
	s := openTree(t, dir).(*tree)
	s.slow.wait = 300 * time.Millisecond
	return s
}

// inTime fails the test where f takes longer than five seconds.
func inTime(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatalf("%s has no end", what)
	}
}

func TestAMountThatNeverAnswers(t *testing.T) {
	s := served(t, false)
	var silent *silentError
	inTime(t, "Lstat", func() {
		if _, err := s.Lstat("/m"); !errors.As(err, &silent) {
			t.Errorf("Lstat: %v", err)
		}
	})
	began := time.Now()
	inTime(t, "ReadDir", func() {
		for _, err := range s.ReadDir(context.Background(), "/m") {
			if !errors.As(err, &silent) {
				t.Errorf("ReadDir: %v", err)
			}
		}
	})
	inTime(t, "Open", func() {
		if _, _, err := s.Open(context.Background(), "/m/x"); !errors.As(err, &silent) {
			t.Errorf("Open: %v", err)
		}
	})
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("a mount known to be silent took %s", took)
	}
	if why := s.Crossing("/m", evidence.Stat{}); why != "FUSE mount fuse.test" {
		t.Errorf("Crossing: %q", why)
	}
	c, _, err := s.Open(context.Background(), "/f")
	must(t, err)
	defer c.Close()
	if b, err := io.ReadAll(c); string(b) != "here" || err != nil {
		t.Errorf("beside the mount: %q %v", b, err)
	}
}

func TestAFileWhoseServerFailsInTheMiddle(t *testing.T) {
	s := served(t, true)
	var names []string
	for e, err := range s.ReadDir(context.Background(), "/m") {
		must(t, err)
		names = append(names, e.Name)
	}
	if len(names) != 3 {
		t.Fatalf("names %q", names)
	}
	read := func(name string) (n int64, c evidence.Content, err error) {
		_, err = s.Lstat(name)
		must(t, err)
		o, _, err := s.Open(context.Background(), name)
		must(t, err)
		n, err = io.Copy(io.Discard, o)
		return n, o, err
	}
	n, c, err := read("/m/fine")
	if n != fuseSize || err != nil || c.Finish().After == nil {
		t.Errorf("fine: %d bytes, %v", n, err)
	}
	must(t, c.Close())
	n, c, err = read("/m/bad")
	if lost := c.Finish().Lost; n != fuseSize || err != nil || len(lost) != 1 || lost[0].Offset != fuseBad || lost[0].Length != 4096 {
		t.Errorf("bad: %d bytes, %v, lost %+v", n, err, c.Finish().Lost)
	}
	must(t, c.Close())
	inTime(t, "reading", func() {
		n, c, err = read("/m/hang")
		var silent *silentError
		if n == 0 || n > fuseBad || !errors.As(err, &silent) {
			t.Errorf("hang: %d bytes, %v", n, err)
		}
		c.Finish()
		must(t, c.Close())
	})
}

// TestServedTree has the top itself on such a mount.
func TestServedTree(t *testing.T) {
	dir := t.TempDir()
	fuseMount(t, dir, true)
	s := openTree(t, dir).(*tree)
	if m, ok := s.servedBy("/hang"); !ok || m.point != "/" {
		t.Errorf("%+v %v", m, ok)
	}
	all := []mount{{point: "/", fstype: "ext4"}, {point: "/n", fstype: "nfs4"}, {point: "/n/o", fstype: "tmpfs"}}
	for base, want := range map[string]bool{"/": false, "/n": true, "/n/a/b": true, "/n/o": false, "/n/o/p": false, "/no": false} {
		if got := holder(all, base); got.served() != want || got.point != "/" {
			t.Errorf("%s: %+v", base, got)
		}
	}
}

// The value of a call that was given up is taken care of when it comes.
func TestALateAnswer(t *testing.T) {
	s := served(t, false)
	release, got := make(chan struct{}), make(chan int, 1)
	n, err := ask(s, "/m", func() (int, error) { <-release; return 1, nil }, func(v int) { got <- v })
	if n != 0 || err == nil {
		t.Errorf("%d %v", n, err)
	}
	close(release)
	select {
	case v := <-got:
		if v != 1 {
			t.Error(v)
		}
	case <-time.After(time.Second):
		t.Error("the late value was dropped")
	}
	if s.slow.left != 0 {
		t.Errorf("%d calls left behind", s.slow.left)
	}
}
