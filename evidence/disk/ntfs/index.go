package ntfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Flags of an index, of an entry and of a $FILE_NAME within one, and bounds.
const (
	entryNode    = 1 // its last 8 bytes name the block with the entries before it
	entryLast    = 2
	indexLarge   = 1 // of an index header: there are blocks beside the root
	flagReparse  = 0x400
	flagDir      = 0x10000000
	maxIndexSize = 64 << 10 // bytes of one index block
	maxBitmap    = 8 << 20  // bytes of an index's bitmap: 64 M blocks
	maxBadBlocks = 1000     // of an index, one after the other
	maxHidden    = 1 << 16  // blocks of an index that its bitmap does not know
	maxForeign   = 100      // entries of an index that name another folder as theirs
)

// DirEntry is one name in a directory, as its index has it.
type DirEntry struct {
	Name   string
	Ref    Ref
	Dir    bool
	Short  bool   // a DOS name, beside the long one
	Tag    uint32 // reparse tag, 0 for most
	Parent Ref
}

// ReadDir yields every entry of a directory, in the order of its index blocks.
// A block that can't be used costs its own entries; the error that tells of it
// comes at the end. False from yield ends the reading without an error.
//
// Of a damaged root the volume's own files are yielded all the same, $MFT to
// $Extend: their records are the first ones of every volume.
func (f *FS) ReadDir(n *Node, yield func(DirEntry) bool) error {
	if n.Ref.Record != recordRoot {
		return f.readDir(n, yield)
	}
	var seen [recordOwn]bool
	stopped := false
	err := f.readDir(n, func(e DirEntry) bool {
		if e.Ref.Record < recordOwn {
			seen[e.Ref.Record] = true
		}
		stopped = !yield(e)
		return !stopped
	})
	for r := range uint64(recordOwn) {
		if err == nil || stopped || seen[r] || r == recordRoot {
			continue
		}
		m, merr := f.Node(Ref{Record: r})
		if merr != nil {
			continue
		}
		for _, fn := range m.Names {
			if fn.Parent == n.Ref && !stopped {
				stopped = !yield(DirEntry{Name: fn.Name, Ref: m.Ref, Dir: m.Dir, Short: fn.Short, Parent: n.Ref})
			}
		}
	}
	return err
}

func (f *FS) readDir(n *Node, yield func(DirEntry) bool) (err error) {
	defer caught(&err)
	if !n.Dir {
		return fmt.Errorf("MFT record %d is not a directory", n.Ref.Record)
	}
	root, err := n.small(attrIndexRoot, "$I30")
	if err != nil {
		return fmt.Errorf("index root: %w", n.why(err))
	}
	if len(root) < 32 {
		return fmt.Errorf("index root of %d bytes: %w", len(root), ErrDamaged)
	}
	block := int64(binary.LittleEndian.Uint32(root[8:]))
	w := &indexWalk{yield: yield, dir: n.Ref.Record, size: block, unit: f.info.ClusterSize, used: n.bitmap()}
	if w.unit > block {
		w.unit = 512
	}
	w.entries(root[16:], 16)
	if w.stopped {
		return nil
	}
	alloc, err := f.stream(n.attrs, attrIndexAlloc, "$I30")
	if errors.Is(err, errNoStream) {
		if root[28]&indexLarge != 0 {
			w.fail(fmt.Errorf("index: its blocks are missing: %w", n.why(err)))
		}
		return w.err
	}
	if alloc == nil || !power(block, 512, maxIndexSize) {
		return errors.Join(w.err, err, fmt.Errorf("index blocks of %d bytes: %w", block, ErrDamaged))
	}
	w.blocks(alloc)
	if w.stopped {
		return nil
	}
	return errors.Join(w.err, err)
}

// bitmap tells which blocks of the index are in use; nil: unknown, take all.
func (n *Node) bitmap() []byte {
	d, err := n.fs.stream(n.attrs, attrBitmap, "$I30")
	if err != nil || d.size > maxBitmap {
		return nil
	}
	b := make([]byte, d.size)
	if _, err := d.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b
}

// indexWalk goes over the blocks of one index.
type indexWalk struct {
	yield   func(DirEntry) bool
	dir     uint64 // record of the folder
	size    int64  // bytes of a block
	unit    int64  // bytes that the places of blocks count in
	used    []byte // blocks in use, a bit each; nil: unknown, take all
	more    []int64
	seen    map[int64]bool // blocks that were in more
	much    bool           // there were more than maxHidden of them
	stopped bool
	err     error // the first
	row     int   // of blocks that could not be used
	foreign int   // entries that name another folder
}

// inUse reports whether the bitmap knows of block i.
func (w *indexWalk) inUse(i int64) bool {
	return w.used == nil || i/8 < int64(len(w.used)) && w.used[i/8]&(1<<(i%8)) != 0
}

// leads notes a block that an entry leads to. A system finds it so, whatever
// the bitmap says: a cleared bit is not to hide its names.
func (w *indexWalk) leads(place uint64) {
	if place > maxClusters/uint64(w.unit) || w.size == 0 {
		return
	}
	i := int64(place) * w.unit / w.size
	if w.inUse(i) || w.seen[i] {
		return
	}
	if len(w.seen) >= maxHidden {
		if !w.much {
			w.fail(fmt.Errorf("index with more than %d blocks that its bitmap does not know: the rest was not read: %w", maxHidden, ErrDamaged))
		}
		w.much = true
		return
	}
	if w.seen == nil {
		w.seen = map[int64]bool{}
	}
	w.seen[i] = true
	w.more = append(w.more, i)
}

// ended reports whether nothing more is to be read. An index that is another's may
// be the same for a thousand folders, and have a million names.
func (w *indexWalk) ended() bool { return w.stopped || w.foreign > maxForeign }

func (w *indexWalk) fail(err error) {
	w.row++
	if w.err == nil {
		w.err = err
	}
}

// blocks reads those in use. Where an image was cut short, or no index is where
// it should be, or it is larger than its volume, the error tells of the rest.
func (w *indexWalk) blocks(d *Data) {
	b := make([]byte, w.size)
	left := d.fs.Size() / w.size
	read := func(i int64) {
		if left--; left < 0 {
			w.fail(fmt.Errorf("index larger than the volume: %w", ErrDamaged))
		} else if err := w.block(d, b, i*w.size); err != nil {
			w.fail(fmt.Errorf("index block %d: %w", i, err))
		}
	}
	going := func() bool { return !w.ended() && w.row < maxBadBlocks && left >= 0 }
	for i := int64(0); (i+1)*w.size <= d.size && going(); i++ {
		if !w.inUse(i) {
			continue
		}
		if start, _, err := d.NextData(i * w.size); err == nil && start > i*w.size {
			i = max(i, start/w.size-1) // a hole holds no blocks
			continue
		}
		read(i)
	}
	for len(w.more) > 0 && going() {
		i := w.more[0]
		w.more = w.more[1:]
		read(i)
	}
}

func (w *indexWalk) block(d *Data, b []byte, off int64) error {
	if _, err := d.ReadAt(b, off); err != nil {
		return err
	}
	if err := fixup(b); err != nil {
		return err
	}
	w.row = 0
	marks := int64(binary.LittleEndian.Uint16(b[4:])) + 2*int64(binary.LittleEndian.Uint16(b[6:]))
	w.entries(b[24:], (marks+7)&^7-24)
	return nil
}

// fixup undoes the marks at the end of each 512 bytes of an index block.
func fixup(b []byte) error {
	if string(b[:4]) != "INDX" {
		return fmt.Errorf("no INDX signature: %w", ErrDamaged)
	}
	at, n := int(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:]))
	marks, ok := cut(b, at, 2*n)
	if !ok || n != len(b)/512+1 {
		return fmt.Errorf("%d fix-ups at %d: %w", n, at, ErrDamaged)
	}
	for i := 1; i < n; i++ {
		end := b[i*512-2 : i*512]
		if end[0] != marks[0] || end[1] != marks[1] {
			return fmt.Errorf("torn write in sector %d: %w", i-1, ErrDamaged)
		}
	}
	for i := 1; i < n; i++ {
		copy(b[i*512-2:], marks[2*i:2*i+2])
	}
	return nil
}

// entries reads those behind one index header. The first begins soon behind what
// must be before it (Windows leaves 24 bytes in a block), and the last ends where
// the header says: else some could be hidden.
func (w *indexWalk) entries(b []byte, first int64) {
	off, end := int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:]))
	if off < first || off > first+32 || off%8 != 0 || end > int64(len(b)) {
		w.fail(fmt.Errorf("index entries from %d to %d of %d bytes: %w", off, end, len(b), ErrDamaged))
		end = min(end, int64(len(b)))
		off = max(first, 16) // of this header
	}
	for !w.ended() {
		if off+16 > end {
			w.fail(fmt.Errorf("index without its last entry: %w", ErrDamaged))
			return
		}
		e := b[off:end]
		size, key := int64(binary.LittleEndian.Uint16(e[8:])), int(binary.LittleEndian.Uint16(e[10:]))
		flags := binary.LittleEndian.Uint16(e[12:])
		if flags&entryNode != 0 && size >= 24 && size <= int64(len(e)) {
			w.leads(binary.LittleEndian.Uint64(e[size-8:]))
		}
		last := flags&entryLast != 0
		if last && size == int64(len(e)) {
			return
		}
		raw, ok := cut(e, 16, key)
		fn, good := parseFileName(raw)
		if last { // and yet there is more
			w.fail(fmt.Errorf("index whose last entry is in its middle: %w", ErrDamaged))
		}
		if size < 16 || size%8 != 0 || size > int64(len(e)) || !ok || !good {
			w.fail(fmt.Errorf("index entry of %d bytes: %w", size, ErrDamaged))
			return
		}
		d := DirEntry{Name: fn.name, Ref: refOf(binary.LittleEndian.Uint64(e)), Dir: fn.flags&flagDir != 0, Short: fn.space == spaceDOS, Parent: fn.parent}
		if fn.flags&flagReparse != 0 {
			d.Tag = fn.reparse
		}
		if d.Parent.Record != w.dir {
			w.foreign++
		}
		if w.foreign > maxForeign {
			w.fail(fmt.Errorf("index with more than %d entries of another folder, such as record %d: what follows was not read: %w", maxForeign, d.Parent.Record, ErrDamaged))
			return
		}
		self := d.Ref.Record == recordRoot && fn.parent.Record == recordRoot // "." of the root
		if !self {
			w.stopped = !w.yield(d)
		}
		off += size
	}
}
