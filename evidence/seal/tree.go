package seal

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree is the growing edge of an RFC 6962 tree: the roots of the complete
// subtrees, largest first, one for each bit set in its size. It takes leaves in
// order and knows the root after each, in 32 bytes a level.
type Tree struct {
	size  uint64
	edges []tlog.Hash
}

// Append adds a leaf's bytes.
func (t *Tree) Append(leaf []byte) {
	h := tlog.RecordHash(leaf)
	for n := bits.TrailingZeros64(^t.size); n > 0; n-- {
		last := len(t.edges) - 1
		h = tlog.NodeHash(t.edges[last], h)
		t.edges = t.edges[:last]
	}
	t.edges = append(t.edges, h)
	t.size++
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return int64(t.size) }

// Root is the tree head over all leaves so far.
func (t *Tree) Root() tlog.Hash {
	if len(t.edges) == 0 {
		return tlog.Hash(sha256.Sum256(nil))
	}
	h := t.edges[len(t.edges)-1]
	for i := len(t.edges) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edges[i], h)
	}
	return h
}

// At is the checkpoint over the leaves so far.
func (t *Tree) At(origin string) Checkpoint {
	return Checkpoint{Origin: origin, Size: t.Size(), Root: t.Root()}
}
