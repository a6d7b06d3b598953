package run

import (
	"os"

	"golang.org/x/sys/unix"
)

func missingRights() []Right {
	if os.Geteuid() == 0 {
		return nil
	}
	return []Right{{"root", "other users' files can't be read"}}
}

// free says how much room there is at a folder.
func free(dir string) (bytes, files int64, kind string) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return -1, -1, ""
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), unix.ByteSliceToString(s.Fstypename[:])
}
