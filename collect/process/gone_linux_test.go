package process

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
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
