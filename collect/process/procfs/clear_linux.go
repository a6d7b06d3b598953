package procfs

import (
	"fmt"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// Covering returns the mounts that lie over the folder of a process, which then
// shows something else.
func (f FS) Covering(mounts []Mount) (out []Mount) {
	for _, m := range mounts {
		dir, base := path.Split(path.Clean(m.Point))
		if _, err := strconv.Atoi(base); err == nil && path.Clean(dir) == f.Dir {
			out = append(out, m)
		}
	}
	return out
}

// Clear returns the tree without the mounts that lie over folders of processes.
// It is the tree itself where there are none, or where the caller may not look
// behind them. Call done when it is no longer read.
func (f FS) Clear() (clear FS, done func()) {
	b, _, _ := f.Read("self/mountinfo", MaxTable)
	mounts, _ := ParseMounts(b)
	if len(f.Covering(mounts)) == 0 {
		return f, func() {}
	}
	fd, err := mountAlone()
	if err != nil {
		return f, func() {}
	}
	return FS{Dir: "/proc/self/fd/" + strconv.Itoa(fd)}, func() { _ = unix.Close(fd) }
}

// mountAlone opens a /proc that is mounted nowhere (fsmount(2), Linux 5.2): no
// other process sees it, nothing lies over it, and it goes with its descriptor.
func mountAlone() (int, error) {
	ctx, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("fsopen: %w", err)
	}
	defer unix.Close(ctx)
	if err := unix.FsconfigCreate(ctx); err != nil {
		return -1, fmt.Errorf("fsconfig: %w", err)
	}
	return unix.Fsmount(ctx, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
}
