//go:build !linux

package target

import (
	"io/fs"
	"os"
)

func pseudo(*os.Root, string, fs.FileInfo) bool { return false }

func device(fs.FileInfo) uint64 { return 0 }

func madeUp(*os.File) bool { return false }
