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
func newTemp(root *os.Root, folder *os.File, from string, perm fs.FileMode) (*temp, error) {
	fd, err := unix.Openat(int(folder.Fd()), ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, uint32(perm.Perm()))
	if err != nil {
		return namedTemp(root, folder, from, perm)
	}
	f := os.NewFile(uintptr(fd), folder.Name()) // what an error is about: the folder's disk
	var a, b unix.Stat_t
	if unix.Fstat(fd, &a) != nil || unix.Stat(procPath(fd), &b) != nil || a.Ino != b.Ino || a.Dev != b.Dev {
		f.Close()
		return namedTemp(root, folder, from, perm)
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
	err := unix.Renameat2(int(t.from.Fd()), base(t.name), int(t.folder.Fd()), base(name), unix.RENAME_NOREPLACE)
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

// directUnit is a multiple of every block size that O_DIRECT asks for.
const directUnit = 4096

// writeDirect writes as much of body as can be written with O_DIRECT, which is
// a hint here: what it returns is written, and f goes on after it in the usual
// way. Filesystems without it, and memory that isn't aligned, say EINVAL.
func writeDirect(f *os.File, body []byte) int {
	fd := f.Fd()
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	if err != nil {
		return 0
	}
	if _, err := unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_DIRECT); err != nil {
		return 0
	}
	// Should the flag stay, the rest is refused with EINVAL: never lost.
	defer unix.FcntlInt(fd, unix.F_SETFL, flags)
	n := 0
	for end := len(body) - len(body)%directUnit; n < end; {
		k, err := unix.Write(int(fd), body[n:end])
		if err == unix.EINTR {
			continue
		}
		if err != nil || k <= 0 {
			break // the same bytes again without the flag tell what is wrong
		}
		n += k
	}
	return n
}
