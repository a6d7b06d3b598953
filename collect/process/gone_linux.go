package process

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// deleted reports whether the executable is no longer under its name. The
// kernel's mark alone does not tell: a file may be named "x (deleted)", and
// there is none where its file system was unmounted under it, or where something
// else was mounted over the file.
func (x *exes) deleted(f *facts, st *unix.Statx_t) bool {
	path := f.p.Exe.rawPath()
	another, unknown := false, false
	for _, name := range x.names(f, path) {
		var there unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, name, unix.AT_STATX_DONT_SYNC|unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &there)
		switch {
		case err == nil && keyOf(&there) == keyOf(st):
			return false
		case err == nil:
			another = true
		case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENOTDIR):
			unknown = true
		}
	}
	switch {
	case strings.HasSuffix(path, " (deleted)"):
		return true
	case unknown:
		return false
	case another: // merged views give one file several devices
		t := x.fstypes[f.p.Exe.Dev]
		return t != "" && t != "overlay" && t != "aufs"
	}
	return true
}

// names are where the path of an executable may lead to. The kernel writes it as
// seen from our root, and of another mount namespace as seen from its top, which
// the process itself may have left for a smaller root.
func (x *exes) names(f *facts, path string) []string {
	root := x.fs.Path(f.at("root"))
	out := []string{path, root + path, x.fs.Path(procfs.PID(f.p.PPID, "root")) + path}
	if rest, ok := strings.CutPrefix(path, f.p.Root); ok && strings.HasPrefix(rest, "/") {
		out = append(out, root+rest)
	}
	return out
}
