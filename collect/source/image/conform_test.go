//go:build linux

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func TestImageConforms(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T, nodes []sourcetest.Node) sourcetest.Fixture {
		dir := t.TempDir()
		image, mnt := filepath.Join(dir, "v.raw"), filepath.Join(dir, "mnt")
		if os.WriteFile(image, nil, 0o600) != nil || os.Truncate(image, 32<<20) != nil || os.Mkdir(mnt, 0o755) != nil {
			t.Fatal("no image")
		}
		if out, err := exec.Command("mkntfs", "-F", "-q", image).CombinedOutput(); err != nil {
			t.Skipf("mkntfs: %v %s", err, out)
		}
		if out, err := exec.Command("ntfs-3g", image, mnt).CombinedOutput(); err != nil {
			t.Skipf("ntfs-3g: %v %s", err, out)
		}
		absent := map[string]string{}
		var plain []sourcetest.Node
		for _, n := range nodes {
			if n.Type == evidence.TypeFile || n.Type == evidence.TypeDir {
				plain = append(plain, n)
			} else {
				absent[n.Path] = "ntfs-3g makes no " + string(n.Type) + " that Windows knows"
			}
		}
		for p, why := range sourcetest.Make(t, mnt, plain) {
			absent[p] = why
			t.Logf("%q: %s", p, why)
		}
		unmount(t, mnt)
		return sourcetest.Fixture{Source: openOne(t, image), Absent: absent}
	})
}

func unmount(t *testing.T, mnt string) {
	t.Helper()
	var err error
	for range 50 { // the volume may be busy for a moment
		if err = exec.Command("umount", mnt).Run(); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatal("umount:", err)
	}
	for range 100 { // ntfs-3g writes its last bytes after umount returned
		if exec.Command("fuser", "-s", filepath.Join(filepath.Dir(mnt), "v.raw")).Run() != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}
