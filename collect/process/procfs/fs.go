package procfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Bounds of one read.
const (
	MaxSmall = 64 << 10  // stat, status, limits and their like
	MaxTable = 32 << 20  // tables of a whole host: net/tcp, modules, mountinfo
	MaxArgs  = 256 << 10 // cmdline
	MaxEnv   = 256 << 10 // environ
	MaxFDs   = 65536     // open files of one process
	MaxPIDs  = 4 << 20   // the highest pid_max a kernel accepts (PID_MAX_LIMIT)
)

// FS is a tree in the format of /proc, normally /proc itself.
type FS struct{ Dir string }

// Live is the /proc of the running host.
func Live() FS { return FS{Dir: "/proc"} }

// Path returns where name lies.
func (f FS) Path(name string) string { return filepath.Join(f.Dir, name) }

// PID returns the name of a file of one process.
func PID(pid int, name string) string { return strconv.Itoa(pid) + "/" + name }

// Read returns the first limit bytes of a file, and whether it holds more. What
// was read before an error is returned with it.
func (f FS) Read(name string, limit int64) (b []byte, more bool, err error) {
	return ReadRegular(f.Path(name), limit)
}

// OpenRegular opens a regular file anywhere. What is a fifo or a device now is
// refused rather than waited for; so it may be below /proc where somebody mounted
// a folder of theirs.
func OpenRegular(path string) (*os.File, error) {
	h, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if st, err := h.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is no regular file", path), h.Close())
	}
	return h, nil
}

// ReadRegular returns the first limit bytes of a file that OpenRegular opens, and
// whether it holds more.
func ReadRegular(path string, limit int64) (b []byte, more bool, err error) {
	h, err := OpenRegular(path)
	if err != nil {
		return nil, false, err
	}
	defer h.Close()
	b, err = io.ReadAll(io.LimitReader(h, limit+1))
	if int64(len(b)) > limit {
		b, more = b[:limit], true
	}
	return b, more, err
}

// Readlink returns the exact bytes of a link's target.
func (f FS) Readlink(name string) (string, error) { return os.Readlink(f.Path(name)) }

// PIDs returns the process ids that a listing of the tree shows, sorted.
func (f FS) PIDs() ([]int, error) {
	ids, _, err := f.Numbers(".", MaxPIDs)
	return ids, err
}

// Numbers returns the names of a folder that are plain decimal numbers, sorted,
// and whether there are more than limit. Names it has read stand even when the
// folder vanishes meanwhile.
func (f FS) Numbers(dir string, limit int) (out []int, more bool, err error) {
	d, err := os.Open(f.Path(dir))
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	for !more && err == nil {
		var names []string
		names, err = d.Readdirnames(1024)
		for _, n := range names {
			v, bad := strconv.ParseUint(n, 10, 31)
			if bad != nil {
				continue
			}
			if len(out) == limit {
				more = true
				break
			}
			out = append(out, int(v))
		}
	}
	slices.Sort(out)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("listing %s: %w", f.Path(dir), err)
	}
	return out, more, err
}

// Comm returns the name of a process, which is free text of its own choice; ""
// where it can't be read. It is made valid UTF-8.
func (f FS) Comm(pid int) string {
	b, _, _ := f.Read(PID(pid, "comm"), MaxSmall)
	return strings.ToValidUTF8(strings.TrimSuffix(string(b), "\n"), "\uFFFD")
}
