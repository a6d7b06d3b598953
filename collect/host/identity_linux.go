package host

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Identity returns the device, as major:minor, and the inode of what is at a
// path, as the sources of this host state them; ok is false where it isn't there.
func Identity(path string) (dev, inode string, ok bool) {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return "", "", false
	}
	major, minor := uint64(unix.Major(uint64(st.Dev))), uint64(unix.Minor(uint64(st.Dev)))
	return strconv.FormatUint(major, 10) + ":" + strconv.FormatUint(minor, 10), strconv.FormatUint(st.Ino, 10), true
}
