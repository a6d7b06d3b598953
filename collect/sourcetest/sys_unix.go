//go:build unix

package sourcetest

import (
	"io/fs"
	"strconv"
	"syscall"

	"github.com/hozen-dfir/hozen/evidence"
)

// sysStat adds what io/fs does not carry.
func sysStat(st *evidence.Stat, fi fs.FileInfo) {
	if s, ok := fi.Sys().(*syscall.Stat_t); ok {
		st.Inode = strconv.FormatUint(s.Ino, 10)
		st.Dev = strconv.FormatUint(uint64(s.Dev), 10)
		st.Nlink = uint64(s.Nlink)
	}
}
