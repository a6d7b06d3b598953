package image

import (
	"slices"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// maxRecent is how many volumes remember what was read of them. Most disks have
// no more; a hostile one may have a hundred, each with a folder of a million names.
const maxRecent = 4

// recent lists the volumes that were asked for anything last, the latest first.
type recent struct {
	mu   sync.Mutex
	list []*ntfs.FS
}

// use notes that a volume is asked for something. That which was not for the
// longest time forgets what it knows.
func (r *recent) use(fs *ntfs.FS) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.list, fs)
	if i == 0 {
		return
	}
	if i > 0 {
		r.list = slices.Delete(r.list, i, i+1)
	}
	r.list = slices.Insert(r.list, 0, fs)
	if len(r.list) > maxRecent {
		r.list[maxRecent].Forget()
		r.list[maxRecent] = nil
		r.list = r.list[:maxRecent]
	}
}
