package sink_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// smallDisk mounts one of 24 MiB until the test ends.
func smallDisk(t *testing.T, kind string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	dir := t.TempDir()
	mount := []string{"mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir}
	if kind == "ext4" {
		img := filepath.Join(t.TempDir(), "img")
		if err := os.WriteFile(img, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(img, 24<<20); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("mkfs.ext4", "-q", "-F", img).CombinedOutput(); err != nil {
			t.Skipf("no ext4 here: %v: %s", err, out)
		}
		mount = []string{"mount", "-o", "loop", img, dir}
	}
	if out, err := exec.Command(mount[0], mount[1:]...).CombinedOutput(); err != nil {
		t.Skipf("can't mount %s here: %v: %s", kind, err, out)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", "-l", dir).Run(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that fills up ends the bundle at its last checkpoint, and whatever
// comes after (room again, before the writer is closed) does not harm it.
func TestFullDisk(t *testing.T) {
	for _, kind := range []string{"tmpfs", "ext4"} {
		for _, name := range []string{"b", "b.zip"} {
			for _, again := range []bool{false, true} {
				t.Run(fmt.Sprint(kind, " ", name, " room again ", again), func(t *testing.T) { fullDisk(t, smallDisk(t, kind), name, again) })
			}
		}
	}
}

func fullDisk(t *testing.T, disk, name string, again bool) {
	m := bundletest.New(t)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, bundletest.Random(2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(disk, name)
	open := sink.NewDir
	if name == "b.zip" {
		open = sink.NewZip
	}
	out, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	o := m.Options()
	o.SegmentSize = segment.MinSize
	w, err := sink.New(context.Background(), out, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 40 && err == nil; i++ {
		err = w.Add(context.Background(), bundletest.File(fmt.Sprintf("/%d", i), bundletest.Random(1<<20)))
	}
	if again {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(context.Background(), seal.End{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close of a full disk says %v", err)
	}
	unfinished(t, m, path)
}
