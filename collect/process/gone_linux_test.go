package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// copied copies sleep to a file.
func copied(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("/bin/sleep")
	if err == nil {
		err = os.WriteFile(name, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mount mounts until the test ends.
func mount(t *testing.T, source, point, kind string, flags uintptr) {
	t.Helper()
	if err := unix.Mount(source, point, kind, flags, ""); err != nil {
		t.Skip("no right to mount:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(point, unix.MNT_DETACH) })
}

// TestExecutableThatIsOutOfReach: where its file system was unmounted under it,
// or another file mounted over it, no path leads to the executable any more, and
// the kernel does not mark it as deleted.
func TestExecutableThatIsOutOfReach(t *testing.T) {
	for _, how := range []string{"unmounted", "covered"} {
		dir := t.TempDir()
		mount(t, "tmpfs", dir, "tmpfs", 0)
		exe := filepath.Join(dir, "hozen-test-prog")
		want := copied(t, exe)
		pid := start(t, exec.Command(exe, "60"))
		if how == "covered" {
			mount(t, "/bin/true", exe, "", unix.MS_BIND)
		} else if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		k := take(t)
		p, o := k.procs[pid], k.observed("deleted-executable", pid)
		if p.Exe == nil || !p.Exe.Deleted || p.Exe.Item == "" || o == nil {
			t.Errorf("%s: %+v, observation %+v", how, p.Exe, o)
			continue
		}
		if got := k.bytes(t, p.Exe.Item); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes recovered, want %d", how, len(got), len(want))
		}
	}
}

// TestExecutableOfAJailIsThere: its path is written as we see it.
func TestExecutableOfAJailIsThere(t *testing.T) {
	jail := t.TempDir()
	mount(t, "/", jail, "", unix.MS_BIND)
	cmd := exec.Command("/bin/sleep", "60")
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: jail}
	pid := start(t, cmd)
	if root, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/root"); err != nil || root != jail {
		t.Fatal(root, err)
	}
	k := take(t)
	if p := k.procs[pid]; p.Exe == nil || p.Exe.Deleted || p.Exe.Item != "" || p.Exe.SHA256 == "" {
		t.Errorf("%+v", p.Exe)
	}
}

// TestProcessThatBeginsProgramAfterProgram: the path, the digest and what is said
// of the file are of one program.
func TestProcessThatBeginsProgramAfterProgram(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("exec \"$2\" \"$0\" \"$2\" \"$1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var shells []string
	for _, n := range []string{"one", "two"} {
		shells = append(shells, filepath.Join(dir, n))
		copyOf(t, "/bin/sh", shells[len(shells)-1])
	}
	pid := start(t, exec.Command(shells[0], script, shells[0], shells[1]))
	r := &run{fs: procfs.Live(), exes: newExes(procfs.Live(), nil)}
	r.reader = &reader{fs: r.fs, at: func(uint64) time.Time { return time.Time{} }}
	met, seen := 0, map[string]bool{}
	for range 400 {
		f := r.reader.read(pid)
		if !r.exes.open(f) {
			met++
		}
		if f.p.Exe == nil || f.p.Exe.Error != "" {
			t.Fatalf("%+v", f.p)
		}
		var st unix.Stat_t
		if err := unix.Stat(f.p.Exe.rawPath(), &st); err != nil || strconv.FormatUint(st.Ino, 10) != f.p.Exe.Inode || f.p.Exe.Deleted {
			t.Fatalf("%+v, its path leads to inode %d: %v", f.p.Exe, st.Ino, err)
		}
		seen[f.p.Exe.Path] = true
	}
	r.exes.release()
	if met == 0 || len(seen) != 2 {
		t.Errorf("it was found out %d times, programs %v: the test tests nothing", met, seen)
	}
}
