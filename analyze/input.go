package analyze

import (
	"context"
	"fmt"
	"iter"

	"github.com/hozen-dfir/hozen/evidence"
)

// BlockSize bounds the content of one block: 1 MiB, as in the frames of a
// bundle. StoredSize bounds its stored bytes; zstd adds little to what it
// can't compress (RFC 8878, 3.1.1.2: raw blocks with 3 bytes of header).
const (
	BlockSize  = 1 << 20
	StoredSize = BlockSize + 64<<10
)

// MaxSize bounds the content of one item: its block table then has 24 MiB.
const MaxSize = 1 << 40

// Keys of Record.Details in the items of plain folders and files. A tree that
// was mounted or copied elsewhere has other paths than on the host it is from.
const (
	DetailTop    = "top"          // the folder or file that was swept, as Record.Path begins with it
	DetailTopAbs = "top_absolute" // the same as an absolute path
)

// Block is one run of an item's content that can be fetched by itself.
type Block struct {
	Offset int64 // of its first byte in the item's content
	Size   int64 // bytes of content, 1 to BlockSize
	Zstd   bool  // stored as one zstd frame; raw bytes otherwise
}

// Input is one item on its way into the engine. Its stored bytes are fetched
// here and decoded only in a worker process.
type Input struct {
	Bundle string          // bundle id, or "" for loose files
	Record evidence.Record // merged over parts
	Size   int64           // bytes of content
	Blocks []Block         // cover the content without gap or overlap; empty where Size is 0
	// Fetch returns the stored bytes of block i, at most StoredSize of them.
	// The engine does not write to them. It is called from several goroutines.
	Fetch func(ctx context.Context, i int) ([]byte, error)
}

// Check reports an Input whose blocks do not cover its content.
func (in *Input) Check() error {
	if in.Size < 0 || in.Size > MaxSize {
		return fmt.Errorf("%d bytes; an item has at most %d", in.Size, int64(MaxSize))
	}
	var at int64
	for i, b := range in.Blocks {
		if b.Offset != at || b.Size < 1 || b.Size > BlockSize {
			return fmt.Errorf("block %d: %d bytes at %d, want at most %d at %d", i, b.Size, b.Offset, BlockSize, at)
		}
		at += b.Size
	}
	if at != in.Size {
		return fmt.Errorf("blocks cover %d of %d bytes", at, in.Size)
	}
	if in.Size > 0 && in.Fetch == nil {
		return fmt.Errorf("no way to fetch %d bytes", in.Size)
	}
	return nil
}

// Blocks returns the block table of size raw bytes, nil beyond MaxSize.
func Blocks(size int64) []Block {
	if size <= 0 || size > MaxSize {
		return nil
	}
	out := make([]Block, 0, (size+BlockSize-1)/BlockSize)
	for at := int64(0); at < size; at += BlockSize {
		out = append(out, Block{Offset: at, Size: min(BlockSize, size-at)})
	}
	return out
}

// Target is what a sweep reads: a bundle, or a plain folder or file.
type Target interface {
	Name() string // as the user gave it
	// Inputs yields the items in an order that is the same every time. An
	// error stands for something that can't be read (a damaged segment, a
	// folder without rights); the sequence goes on after it where it can.
	Inputs(ctx context.Context) iter.Seq2[Input, error]
	// Parent states what was swept; complete once Inputs has ended.
	Parent() Parent
}

// Sizer is implemented by targets that know beforehand how much they hold.
type Sizer interface {
	// Total returns the number of items and the bytes of their content.
	Total() (items, bytes int64)
}

// Parent names one target in the facts of a sweep.
type Parent struct {
	Kind     string `json:"kind"` // bundle, files
	Name     string `json:"name"` // bundle id, or the path that was swept
	Case     string `json:"case,omitempty"`
	Root     string `json:"root,omitempty"`             // of the bundle's tree, base64 as in its checkpoint
	TreeSize int64  `json:"tree_size,omitempty,string"` // leaves under Root
	State    string `json:"state,omitempty"`            // of the bundle: complete, interrupted, unfinished, damaged, unopened
}

// States of bundles of which nothing was swept: one whose seal does not hold,
// and one that could not be opened (no identity for it, or a place that does
// not give it). They have no root and no id that were proved: their Name is the
// path that was to be swept.
const (
	StateDamaged  = "damaged"
	StateUnopened = "unopened"
)

// Proved reports whether the parent is a bundle whose seal holds.
func (p Parent) Proved() bool {
	return p.Kind == "bundle" && p.State != StateDamaged && p.State != StateUnopened
}
