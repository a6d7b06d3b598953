//go:build !linux

package target

import (
	"io/fs"
	"os"
)

func pseudo(*os.Root, string, fs.FileInfo) bool { return false }
