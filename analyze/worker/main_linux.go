package worker

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// sharedFD is where a worker finds the configuration: the first of
// exec.Cmd.ExtraFiles.
const sharedFD = 3

// private moves the pipes to other descriptors and puts /dev/null in their
// place.
func private(stdin, stdout *os.File) (in, out *os.File, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if in, err = moved(stdin, null); err != nil {
		return nil, nil, err
	}
	out, err = moved(stdout, null)
	return in, out, err
}

func moved(f, null *os.File) (*os.File, error) {
	const above = 10
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, above)
	if err != nil {
		return nil, fmt.Errorf("move %s: %w", f.Name(), err)
	}
	if err := unix.Dup3(int(null.Fd()), int(f.Fd()), 0); err != nil {
		return nil, fmt.Errorf("replace %s: %w", f.Name(), err)
	}
	// Without this the Go runtime's monitor would poll for as long as the
	// reader waits in the kernel, and take a tenth of every core.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// mapShared maps the file that the parent shares, read-only.
func mapShared(n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	return unix.Mmap(sharedFD, 0, int(n), unix.PROT_READ, unix.MAP_SHARED)
}
