package dir

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/store/storetest"
)

// onLook calls look when it is read.
type onLook struct {
	io.ReaderAt
	look func()
}

func (o onLook) ReadAt(p []byte, off int64) (int, error) {
	o.look()
	return o.ReaderAt.ReadAt(p, off)
}

// Where a file must have a name while it is written (most disks that are not
// Linux's own), a put that is killed leaves it where it is in no bundle's way.
func TestKilledPutLeavesNothingBeside(t *testing.T) {
	top := t.TempDir()
	img, mnt := filepath.Join(top, "img"), filepath.Join(top, "mnt")
	if err := os.WriteFile(img, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(mnt, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"mkntfs", "-F", "-Q", img}, {"ntfs-3g", img, mnt}} {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Skipf("no NTFS here: %v: %v: %s", words, err, out)
		}
	}
	t.Cleanup(func() { exec.Command("umount", "-l", mnt).Run() })
	d, err := Create(filepath.Join(mnt, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var seen []string
	body := onLook{strings.NewReader("x"), func() {
		err := filepath.WalkDir(d.name, func(p string, _ os.DirEntry, err error) error {
			if durable.IsTemp(p) {
				rel, _ := filepath.Rel(d.name, p)
				seen = append(seen, filepath.Dir(rel))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}}
	if _, err := d.Put(context.Background(), "cases/c/bundles/b/x", body, 1, storetest.Sum([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 {
		t.Skip("this file system writes files without a name")
	}
	for _, folder := range seen {
		if folder != "." {
			t.Errorf("half of the object was in %s", folder)
		}
	}
}
