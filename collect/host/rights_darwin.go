package host

import (
	"os"

	"golang.org/x/sys/unix"
)

// MissingRights lists what this process lacks that a collection is incomplete
// without.
func MissingRights() []Right {
	if os.Geteuid() == 0 {
		return nil
	}
	return []Right{{"root", "other users' files can't be read"}}
}

// Free says how much room there is at a folder, in bytes and in files that can
// still be made, and the kind of filesystem; -1 and "" where not known.
func Free(dir string) (bytes, files int64, kind string) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return -1, -1, ""
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), unix.ByteSliceToString(s.Fstypename[:])
}
