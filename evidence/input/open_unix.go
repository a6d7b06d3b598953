//go:build unix

package input

import (
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for one who writes to a pipe.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK
