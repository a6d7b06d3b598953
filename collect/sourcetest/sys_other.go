//go:build !unix

package sourcetest

import (
	"io/fs"

	"github.com/hozen-dfir/hozen/evidence"
)

// sysStat adds nothing on systems without inode numbers in io/fs.
func sysStat(*evidence.Stat, fs.FileInfo) {}
