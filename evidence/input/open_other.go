//go:build !unix

package input

import "os"

const openFlags = os.O_RDONLY
