//go:build unix

package target

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"

	"github.com/hozen-dfir/hozen/evidence"
)

// owners tells whose files are, by the ids that this system knows. On a tree
// mounted from another one a name may be another's there, an id is not.
type owners map[uint32]string

func (o owners) fill(r *evidence.Record, st fs.FileInfo) {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	r.UID, r.GID = strconv.FormatUint(uint64(sys.Uid), 10), strconv.FormatUint(uint64(sys.Gid), 10)
	name, known := o[sys.Uid]
	if !known {
		if u, err := user.LookupId(r.UID); err == nil {
			name = u.Username
		}
		o[sys.Uid] = name
	}
	r.Owner = name
}
