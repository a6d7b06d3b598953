package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/evidence"
)

func TestAFileTruncatedWhileItIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, bytes.Repeat([]byte("x"), 3<<20))
	s := openTree(t, filepath.Dir(path))
	c, before, err := s.Open(context.Background(), "/f")
	must(t, err)
	defer c.Close()
	_, err = io.ReadFull(c, make([]byte, 1<<20))
	must(t, err)
	must(t, os.Truncate(path, 2<<20))
	rest, err := io.Copy(io.Discard, c)
	must(t, err)
	after := c.Finish().After
	if rest != 1<<20 || after == nil || after.StatLen != 2<<20 || before.StatLen != 3<<20 || after.MTime.Equal(before.MTime.Time) {
		t.Errorf("read %d more; before %d after %+v", rest, before.StatLen, after)
	}
}

func TestALogThatGrowsForEverEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, []byte("start"))
	w, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	defer w.Close()
	s := openTree(t, filepath.Dir(path))
	c, _, err := s.Open(context.Background(), "/log")
	must(t, err)
	defer c.Close()
	more, buf, total := make([]byte, 1<<20), make([]byte, 1<<20), 0
	for {
		w.Write(more) // always ahead of the reader
		n, err := c.Read(buf)
		total += n
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
	}
	if total != 5+Growth || !c.Finish().Changed {
		t.Errorf("%d bytes, changed=%v", total, c.Finish().Changed)
	}
}

func TestReplacedBetweenLookAndOpening(t *testing.T) {
	var a, b unix.Statx_t
	a.Ino, b.Ino = 1, 2
	if same(&a, &b) {
		t.Error("two inodes are the same object")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write(t, path, []byte("one"))
	s := openTree(t, dir)
	c, _, err := s.Open(context.Background(), "/f")
	must(t, err)
	defer c.Close()
	must(t, os.Remove(path))
	write(t, path, []byte("two"))
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "one" {
		t.Errorf("%q %v", got, err)
	}
	if after := c.Finish().After; after == nil || after.Nlink != 0 {
		t.Errorf("after: %+v", after)
	}
}

// A page that was never mapped gives EIO in the middle of /proc/self/mem:
// real errors of the kernel, at a place of our choosing.
func TestRealReadErrors(t *testing.T) {
	mem, err := unix.Mmap(-1, 0, 10*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	must(t, err)
	for i := range mem {
		mem[i] = byte(i%250 + 1)
	}
	base := address(mem)
	_, _, errno := unix.Syscall(unix.SYS_MUNMAP, base+4*4096, 2*4096, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	f, err := os.Open("/proc/self/mem")
	must(t, err)
	defer f.Close()
	c := newWindow(file(int(f.Fd())), int64(base), 10*4096)
	got, err := io.ReadAll(c)
	must(t, err)
	lost, more := c.Lost()
	if len(lost) != 1 || more || lost[0].Offset != 4*4096 || lost[0].Length != 2*4096 || !strings.Contains(lost[0].Error, "input/output") {
		t.Fatalf("lost %+v", lost)
	}
	if !bytes.Equal(got[:4*4096], mem[:4*4096]) || !bytes.Equal(got[6*4096:], mem[6*4096:]) {
		t.Error("bytes around the gap differ")
	}
	if !bytes.Equal(got[4*4096:6*4096], make([]byte, 2*4096)) {
		t.Error("the gap is not zeros")
	}
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, base, 4*4096, 0)
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, base+6*4096, 4*4096, 0)
}

func TestPseudoFilesAreReadToTheirEnd(t *testing.T) {
	s, err := Open()
	must(t, err)
	defer s.Close()
	b, st, fin := fetch(t, s, fmt.Sprintf("/proc/%d/status", os.Getpid()))
	if st.StatLen != 0 || !bytes.HasPrefix(b, []byte("Name:")) || len(fin.Lost) > 0 {
		t.Errorf("size %d, %d bytes", st.StatLen, len(b))
	}
	want, err := os.ReadFile("/proc/filesystems")
	must(t, err)
	if b, _, _ := fetch(t, s, "/proc/filesystems"); !bytes.Equal(b, want) {
		t.Error("/proc/filesystems differs")
	}
	want, err = os.ReadFile("/etc/passwd")
	must(t, err)
	if b, st, _ := fetch(t, s, "/etc/passwd"); !bytes.Equal(b, want) || st.Owner != "root" {
		t.Errorf("/etc/passwd differs, or its owner %q", st.Owner)
	}
	c, _, err := s.Open(context.Background(), "/proc/self/mem")
	if err == nil { // nothing is mapped at 0: an error, not a hang or a flood
		defer c.Close()
		if n, err := io.Copy(io.Discard, c); err == nil || n != 0 {
			t.Errorf("/proc/self/mem: %d bytes, %v", n, err)
		}
	}
	if got := s.Crossing("/proc", evidence.Stat{}); got != "pseudo filesystem proc" {
		t.Errorf("crossing /proc: %q", got)
	}
	for _, p := range []string{"/", "/etc", "/dev/shm"} {
		if got := s.Crossing(p, evidence.Stat{}); got != "" {
			t.Errorf("crossing %s: %q", p, got)
		}
	}
}

func TestManyEntriesAndManyReaders(t *testing.T) {
	dir := t.TempDir()
	for i := range 200 {
		sub := filepath.Join(dir, fmt.Sprintf("d%03d", i))
		must(t, os.Mkdir(sub, 0o755))
		write(t, filepath.Join(sub, "f"), fmt.Append(nil, i))
	}
	s := openTree(t, dir)
	done := make(chan error)
	for range 8 {
		go func() {
			for i := range 200 {
				c, _, err := s.Open(context.Background(), fmt.Sprintf("/d%03d/f", i))
				if err != nil {
					done <- err
					return
				}
				b, _ := io.ReadAll(c)
				c.Close()
				if string(b) != fmt.Sprint(i) {
					done <- fmt.Errorf("d%03d holds %q", i, b)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		must(t, <-done)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range s.ReadDir(ctx, "/") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after cancel: %v", err)
		}
	}
	before := countFDs(t)
	for i := range 300 {
		s.Lstat(fmt.Sprintf("/d%03d/no", i%200))
	}
	if after := countFDs(t); after > before+dirsKept {
		t.Errorf("handles went from %d to %d", before, after)
	}
}

func countFDs(t *testing.T) int {
	d, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(d)
}

// Kernels without statx give the same facts through fstat.
func TestFactsWithoutStatx(t *testing.T) {
	f, err := os.Open("/proc/self/exe")
	must(t, err)
	defer f.Close()
	x, err := statx(int(f.Fd()))
	must(t, err)
	var s unix.Stat_t
	must(t, unix.Fstat(int(f.Fd()), &s))
	tr := &tree{}
	tr.namesOnce.Do(func() {})
	a, b := fromStat(&s), x
	got, want := tr.convert(&a), tr.convert(&b)
	want.BTime, want.Attributes = evidence.Time{}, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Without /proc a file is opened by name again, and must be the one seen first.
func TestOpeningWithoutProc(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f"), []byte("one"))
	write(t, filepath.Join(dir, "g"), []byte("two"))
	must(t, os.Symlink("f", filepath.Join(dir, "link")))
	d, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(d)
	pin, err := openat(d, "f", pathFlag)
	must(t, err)
	defer unix.Close(pin)
	before, err := statx(pin)
	must(t, err)
	fd, err := again(d, "f", &before)
	must(t, err)
	unix.Close(fd)
	for _, name := range []string{"g", "link", "gone"} {
		if fd, err := again(d, name, &before); err == nil {
			unix.Close(fd)
			t.Errorf("%s was opened in place of f", name)
		}
	}
}
