//go:build unix

package host

import "golang.org/x/sys/unix"

// Handles is how many of n handles may be kept open for speed alone: less where
// this process may have few open, so that most are left for its work.
func Handles(n int) int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return n
	}
	return handles(n, uint64(l.Cur))
}
