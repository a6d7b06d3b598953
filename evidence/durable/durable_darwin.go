package durable

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func newTemp(root *os.Root, folder *os.File, from string, perm fs.FileMode) (*temp, error) {
	return namedTemp(root, folder, from, perm)
}

func (t *temp) linkUnnamed(string) error { return unix.ENOTSUP } // newTemp makes named files only

// renameNew is renamex_np(2) with RENAME_EXCL.
func (t *temp) renameNew(name string) error {
	err := unix.RenameatxNp(int(t.from.Fd()), base(t.name), int(t.folder.Fd()), base(name), unix.RENAME_EXCL)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: name, Err: err}
	}
	t.done = true
	return nil
}

func notSupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) ||
		errors.Is(err, unix.EPERM) || errors.Is(err, unix.EMLINK)
}

func syncFolder(folder *os.File) error {
	if err := folder.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}

// writeDirect leaves all to the page cache: see Linux.
func writeDirect(*os.File, []byte) int { return 0 }
