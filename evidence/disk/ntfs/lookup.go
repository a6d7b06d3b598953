package ntfs

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"
)

const (
	maxIndexed = 1 << 20 // directory entries kept, 24 bytes each
	maxPaths   = 4096    // directories whose path is remembered
	maxDepth   = 4096    // components of a path
)

// dirCache remembers what names directories hold. A volume doesn't change
// while it is read, so nothing here grows old.
type dirCache struct {
	mu    sync.Mutex
	seed  maphash.Seed
	total int
	m     map[uint64]*list.Element // by record; of *dirIndex
	lru   list.List
	paths map[uint64]known // by the hash of the path
}

// known is a directory whose path is remembered.
type known struct {
	ref Ref
	via int // the name that it was found by, in Node.Names
}

// dirIndex lists the hashes of a directory's names, sorted.
type dirIndex struct {
	record uint64
	names  []nameHash
	err    error // of reading it: names may be missing
}

// nameHash is one name: its hash without regard to case, and as it is. With
// the second, thousands of names that differ in case only cost a look-up one
// record. The fields of a Ref stand apart to keep it at 24 bytes.
type nameHash struct {
	folded uint64
	record uint64
	exact  uint32
	seq    uint16
}

func (f *FS) hashed(name string, ref Ref) nameHash {
	return nameHash{f.fold.hash(f.dirs.seed, name), ref.Record, uint32(maphash.String(f.dirs.seed, name)), ref.Seq}
}

// find returns the entries of an exact name, and those of all its cases.
func (x *dirIndex) find(want nameHash) (exact, folded []nameHash) {
	folded = equal(x.names, func(e nameHash) int { return cmp.Compare(e.folded, want.folded) })
	return equal(folded, func(e nameHash) int { return cmp.Compare(e.exact, want.exact) }), folded
}

// equal returns the part of a sorted slice for which compare gives 0.
func equal(s []nameHash, compare func(nameHash) int) []nameHash {
	from := sort.Search(len(s), func(i int) bool { return compare(s[i]) >= 0 })
	to := sort.Search(len(s), func(i int) bool { return compare(s[i]) > 0 })
	return s[from:to]
}

// ErrNotListed says that what can be read of a damaged directory doesn't hold
// a name.
var ErrNotListed = errors.New("not found in a directory that is damaged")

// Lookup finds the node at a path of components, without following reparse
// points. An exact name goes before one that differs in case only. Errors wrap
// fs.ErrNotExist where a readable directory doesn't hold the name.
func (f *FS) Lookup(comps []string) (*Node, error) {
	if len(comps) > maxDepth {
		return nil, fmt.Errorf("path of %d components: %w", len(comps), fs.ErrNotExist)
	}
	sums := f.dirs.sums(comps)
	n, depth, err := f.nearest(comps, sums)
	for i := depth; err == nil && i < len(comps); i++ {
		if !n.Dir || n.Reparse.Link() {
			return nil, fmt.Errorf("%q is not a directory: %w", "/"+strings.Join(comps[:i], "/"), fs.ErrNotExist)
		}
		var next *Node
		if next, err = f.child(n, comps[i]); err != nil && i == len(comps)-1 {
			return nil, err // the caller knows the path
		} else if err != nil {
			return nil, fmt.Errorf("%q: %w", "/"+strings.Join(comps[:i+1], "/"), err)
		}
		n = next
		if n.Dir && !n.Reparse.Link() {
			f.dirs.remember(sums[i], known{n.Ref, n.index()})
		}
	}
	return n, err
}

// nearest finds the deepest directory on the way whose place is known.
func (f *FS) nearest(comps []string, sums []uint64) (*Node, int, error) {
	for i := len(comps); i > 0; i-- {
		k, ok := f.dirs.known(sums[i-1])
		if !ok {
			continue
		}
		n, err := f.Node(k.ref)
		if err != nil {
			return nil, i, err
		}
		if k.via < 0 || k.via >= len(n.Names) || !f.fold.equal(n.Names[k.via].Name, comps[i-1]) {
			continue // another path of the same hash
		}
		n.via = &n.Names[k.via]
		return n, i, nil
	}
	return f.root(), 0, nil
}

// root is the top folder. Where its record can't be read it is one whose names are
// lost: the volume's own files are found all the same.
func (f *FS) root() *Node {
	n, err := f.Node(Ref{Record: recordRoot})
	if err == nil && !n.Dir {
		err = fmt.Errorf("MFT record %d is not a directory: %w", recordRoot, ErrDamaged)
	}
	if err != nil {
		n = &Node{Ref: f.Root(), Dir: true, fs: f}
		n.problem("%v", err)
	}
	return n
}

// child finds a name in a directory and checks it with the file's own record.
// Where a file of the exact name can't be read, none of another case stands in
// for it.
func (f *FS) child(dir *Node, name string) (*Node, error) {
	x := f.index(dir)
	exact, folded := x.find(f.hashed(name, Ref{}))
	for _, some := range [][]nameHash{exact, folded} {
		var bad error
		for _, e := range some {
			n, err := f.Node(Ref{e.record, e.seq})
			if err != nil {
				bad = err
				continue
			}
			if n.come(dir.Ref, name) {
				return n, nil
			}
		}
		if bad != nil {
			return nil, bad
		}
	}
	if x.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotListed, x.err)
	}
	return nil, fs.ErrNotExist
}

// come notes by which of its names a node was found in a directory, the exact
// one before one that differs in case only. False means by none.
func (n *Node) come(parent Ref, name string) bool {
	for i, fn := range n.Names {
		if fn.Parent != parent || fn.Name != name && (n.via != nil || !n.fs.fold.equal(fn.Name, name)) {
			continue
		}
		n.via = &n.Names[i]
		if fn.Name == name {
			break
		}
	}
	return n.via != nil
}

// index tells which of a node's names it was found by.
func (n *Node) index() int {
	return slices.IndexFunc(n.Names, func(fn Name) bool { return n.via != nil && fn.Parent == n.via.Parent && fn.Name == n.via.Name })
}

// Via returns the name that Lookup found a node by; where that isn't known,
// its first long one; nil where it has none.
func (n *Node) Via() *Name {
	if n.via != nil {
		return n.via
	}
	var first *Name
	for i := range n.Names {
		if fn := &n.Names[i]; first == nil || first.Short && !fn.Short {
			first = fn
		}
	}
	return first
}

// Long returns the name of Via, or the long name that it is the short form of,
// as far as that is known.
func (n *Node) Long() *Name {
	via := n.Via()
	if via == nil || !via.Short {
		return via
	}
	var long *Name
	for i := range n.Names {
		if fn := &n.Names[i]; !fn.Short && fn.Parent == via.Parent && (long == nil || fn.paired && !long.paired) {
			long = fn
		}
	}
	if long == nil {
		return via
	}
	return long
}

// index returns the names of a directory, from the cache or read anew.
func (f *FS) index(dir *Node) *dirIndex {
	if x := f.dirs.get(dir.Ref.Record); x != nil {
		return x
	}
	x := &dirIndex{record: dir.Ref.Record}
	x.err = f.ReadDir(dir, func(e DirEntry) bool {
		x.names = append(x.names, f.hashed(e.Name, e.Ref))
		return len(x.names) < maxIndexed
	})
	if len(x.names) >= maxIndexed {
		x.err = errors.Join(x.err, fmt.Errorf("more than %d names in one directory", maxIndexed))
	}
	slices.SortFunc(x.names, func(a, b nameHash) int {
		return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.exact, b.exact))
	})
	f.dirs.add(x)
	return x
}

func newDirCache() *dirCache {
	return &dirCache{seed: maphash.MakeSeed(), m: map[uint64]*list.Element{}, paths: map[uint64]known{}}
}

func (c *dirCache) get(record uint64) *dirIndex {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.m[record]; ok {
		c.lru.MoveToFront(e)
		return e.Value.(*dirIndex)
	}
	return nil
}

func (c *dirCache) add(x *dirIndex) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.m[x.record]; ok {
		return
	}
	c.m[x.record] = c.lru.PushFront(x)
	c.total += len(x.names)
	for c.total > maxIndexed && c.lru.Len() > 1 || c.lru.Len() > maxPaths {
		old := c.lru.Remove(c.lru.Back()).(*dirIndex)
		delete(c.m, old.record)
		c.total -= len(old.names)
	}
}

// sums returns the hashes of the paths that lead to each component.
func (c *dirCache) sums(comps []string) []uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	out := make([]uint64, len(comps))
	for i, name := range comps {
		h.WriteString(name)
		h.WriteByte('/')
		out[i] = h.Sum64()
	}
	return out
}

func (c *dirCache) known(path uint64) (known, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.paths[path]
	return r, ok
}

func (c *dirCache) remember(path uint64, k known) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths) >= maxPaths {
		clear(c.paths)
	}
	c.paths[path] = k
}
