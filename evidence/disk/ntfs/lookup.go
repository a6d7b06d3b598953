package ntfs

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
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
	paths map[string]Ref
}

// dirIndex lists the hashes of a directory's names, sorted.
type dirIndex struct {
	record uint64
	names  []nameHash
	err    error // of reading it: names may be missing
}

type nameHash struct {
	hash uint64
	ref  Ref
}

// Lookup finds the node at a path of components, without following reparse
// points. An exact name goes before one that differs in case only. Errors wrap
// fs.ErrNotExist where a readable directory doesn't hold the name.
func (f *FS) Lookup(comps []string) (*Node, error) {
	if len(comps) > maxDepth {
		return nil, fmt.Errorf("path of %d components: %w", len(comps), fs.ErrNotExist)
	}
	n, depth, err := f.nearest(comps)
	for i := depth; err == nil && i < len(comps); i++ {
		if !n.Dir || n.Reparse.Link() {
			return nil, fmt.Errorf("%q is not a directory: %w", "/"+strings.Join(comps[:i], "/"), fs.ErrNotExist)
		}
		var next *Node
		if next, err = f.child(n, comps[i]); err != nil {
			return nil, fmt.Errorf("%q: %w", "/"+strings.Join(comps[:i+1], "/"), err)
		}
		n = next
		if n.Dir && !n.Reparse.Link() {
			f.dirs.remember(strings.Join(comps[:i+1], "/"), n.Ref)
		}
	}
	return n, err
}

// nearest finds the deepest directory on the way whose place is known.
func (f *FS) nearest(comps []string) (*Node, int, error) {
	path := strings.Join(comps, "/")
	for i := len(comps); i > 0; i-- {
		if ref, ok := f.dirs.known(path); ok {
			n, err := f.Node(ref)
			return n, i, err
		}
		path = path[:max(0, len(path)-len(comps[i-1])-1)]
	}
	n, err := f.Node(Ref{Record: recordRoot})
	return n, 0, err
}

// child finds a name in a directory and checks it with the file's own record.
func (f *FS) child(dir *Node, name string) (*Node, error) {
	x := f.index(dir)
	want := f.fold.hash(f.dirs.seed, name)
	i, _ := slices.BinarySearchFunc(x.names, want, func(e nameHash, h uint64) int { return cmp.Compare(e.hash, h) })
	var folded *Node
	var bad error
	for ; i < len(x.names) && x.names[i].hash == want; i++ {
		n, err := f.Node(x.names[i].ref)
		if err != nil {
			bad = err
			continue
		}
		switch n.named(dir.Ref, name, f.fold) {
		case 2:
			return n, nil
		case 1:
			if folded == nil {
				folded = n
			}
		}
	}
	switch {
	case folded != nil:
		return folded, nil
	case bad != nil:
		return nil, bad
	case x.err != nil:
		return nil, fmt.Errorf("not found in a directory that is damaged: %w", x.err)
	}
	return nil, fs.ErrNotExist
}

// named says how well a name in a directory is one of the node's: 2 exactly,
// 1 but for case, 0 not.
func (n *Node) named(parent Ref, name string, t foldTable) int {
	best := 0
	for _, fn := range n.Names {
		switch {
		case fn.Parent != parent:
		case fn.Name == name:
			return 2
		case t.equal(fn.Name, name):
			best = 1
		}
	}
	return best
}

// index returns the names of a directory, from the cache or read anew.
func (f *FS) index(dir *Node) *dirIndex {
	if x := f.dirs.get(dir.Ref.Record); x != nil {
		return x
	}
	seed := f.dirs.seed
	x := &dirIndex{record: dir.Ref.Record}
	x.err = f.ReadDir(dir, func(e DirEntry) bool {
		x.names = append(x.names, nameHash{f.fold.hash(seed, e.Name), e.Ref})
		return len(x.names) < maxIndexed
	})
	if len(x.names) >= maxIndexed {
		x.err = errors.Join(x.err, fmt.Errorf("more than %d names in one directory", maxIndexed))
	}
	slices.SortFunc(x.names, func(a, b nameHash) int { return cmp.Compare(a.hash, b.hash) })
	f.dirs.add(x)
	return x
}

func newDirCache() *dirCache {
	return &dirCache{seed: maphash.MakeSeed(), m: map[uint64]*list.Element{}, paths: map[string]Ref{}}
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

func (c *dirCache) known(path string) (Ref, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.paths[path]
	return r, ok
}

func (c *dirCache) remember(path string, r Ref) {
	if len(path) > 4096 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.paths) >= maxPaths {
		clear(c.paths)
	}
	c.paths[path] = r
}
