package procfs

import (
	"strconv"
	"strings"
)

// Bounds of an account file.
const (
	maxAccountFile = 16 << 20
	maxAccounts    = 100_000
)

// Names maps numeric ids to names, as an account file gives them.
type Names map[uint32]string

// ReadNames reads a file of the form of passwd(5) or group(5): name, password,
// id, … No name service is asked, so that nothing leaves the host; the first of
// two names for one id counts. A file that can't be read gives no names.
func ReadNames(path string) Names {
	b, _, _ := ReadRegular(path, maxAccountFile)
	return ParseNames(b)
}

// ParseNames is ReadNames for bytes.
func ParseNames(b []byte) Names {
	n := Names{}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(line, ":", 4)
		if len(f) < 3 || len(n) >= maxAccounts {
			continue
		}
		id, err := strconv.ParseUint(strings.TrimSpace(f[2]), 10, 32)
		if _, dup := n[uint32(id)]; err == nil && !dup {
			n[uint32(id)] = f[0]
		}
	}
	return n
}
