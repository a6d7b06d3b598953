//go:build unix

package target

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from following a link or waiting on a fifo that took
// the place of a file.
const openFlags = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
