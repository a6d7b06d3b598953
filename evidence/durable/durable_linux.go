package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// newTemp prefers a file without a name (open(2), O_TMPFILE), which vanishes
// with the process, and takes a named one where that can't be had or could
// not be linked later for want of /proc.
func newTemp(root *os.Root, folder *os.File, dir string, perm fs.FileMode) (*temp, error) {
	fd, err := unix.Openat(int(folder.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, uint32(perm.Perm()))
	if err != nil {
		return namedTemp(root, folder, dir, perm)
	}
	f := os.NewFile(uintptr(fd), "(unnamed)")
	var a, b unix.Stat_t
	if unix.Fstat(fd, &a) != nil || unix.Stat(procPath(fd), &b) != nil || a.Ino != b.Ino || a.Dev != b.Dev {
		f.Close()
		return namedTemp(root, folder, dir, perm)
	}
	return &temp{root: root, folder: folder, file: f}, nil
}

func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func (t *temp) linkUnnamed(base string) error {
	err := unix.Linkat(unix.AT_FDCWD, procPath(int(t.file.Fd())), int(t.folder.Fd()), base, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &fs.PathError{Op: "link", Path: base, Err: err}
	}
	return nil
}

// renameNew is renameat2(2) with RENAME_NOREPLACE.
func (t *temp) renameNew(name string) error {
	fd := int(t.folder.Fd())
	err := unix.Renameat2(fd, base(t.name), fd, base(name), unix.RENAME_NOREPLACE)
	if err != nil {
		return &fs.PathError{Op: "rename", Path: name, Err: err}
	}
	t.done = true
	return nil
}

func notSupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) ||
		errors.Is(err, unix.EPERM) || errors.Is(err, unix.EMLINK)
}

// syncFolder makes names durable. Filesystems that can't fsync a folder say
// EINVAL; their names are as durable as they get.
func syncFolder(folder *os.File) error {
	if err := folder.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	return nil
}
