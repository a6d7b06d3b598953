package live

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestCrossingWithoutAListOfMounts: on a host whose /proc is not mounted a walk
// must not go into sysfs, where thousands of files are no evidence of anything,
// but into a filesystem like any other.
func TestCrossingWithoutAListOfMounts(t *testing.T) {
	top := t.TempDir()
	for _, kind := range []string{"sysfs", "tmpfs"} {
		point := filepath.Join(top, kind)
		if err := os.Mkdir(point, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(kind, point, kind, unix.MS_RDONLY, ""); err != nil {
			t.Skip("no right to mount:", err)
		}
		t.Cleanup(func() { _ = unix.Unmount(point, unix.MNT_DETACH) })
	}
	src, err := OpenTree(top, "tree", collect.Linux)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	listed := src.Crossing("/sysfs", evidence.Stat{})
	tr := src.(*tree)
	tr.mountinfo, tr.byPoint, tr.mounts = filepath.Join(top, "missing"), nil, nil
	for path, want := range map[string]string{"/": "", "/sysfs": listed, "/sysfs/kernel": "", "/tmpfs": "", "/none": ""} {
		if got := src.Crossing(path, evidence.Stat{}); got != want || path == "/sysfs" && got == "" {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
