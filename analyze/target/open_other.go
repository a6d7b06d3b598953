//go:build !unix

package target

import "os"

const openFlags = os.O_RDONLY
