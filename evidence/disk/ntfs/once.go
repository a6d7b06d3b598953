package ntfs

import "sync"

// maxClaims bounds the directories of several names that are told apart.
const maxClaims = 10_000

// claims remembers by which name each directory of several was reached first.
type claims struct {
	mu sync.Mutex
	m  map[uint64]claim
}

type claim struct {
	parent Ref
	name   string
}

// Once reports whether a directory is reached as it was the first time. NTFS
// gives a directory one long name; one that has more is damaged or hostile:
// forty folders, each twice in the one above, have 2^40 paths.
func (f *FS) Once(n *Node) bool {
	long := 0
	for i := range n.Names {
		if !n.Names[i].Short {
			long++
		}
	}
	if !n.Dir || long < 2 {
		return true
	}
	via := n.Via()
	c := claim{via.Parent, via.Name}
	f.claims.mu.Lock()
	defer f.claims.mu.Unlock()
	if old, ok := f.claims.m[n.Ref.Record]; ok {
		return old == c
	}
	if len(f.claims.m) >= maxClaims {
		return false
	}
	if f.claims.m == nil {
		f.claims.m = map[uint64]claim{}
	}
	f.claims.m[n.Ref.Record] = c
	return true
}
