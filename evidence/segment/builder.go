package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrFull says that what was offered does not fit into this segment any more.
var ErrFull = errors.New("segment is full")

// Builder assembles one segment in one buffer of fixed size. Entries are
// written where they will stand: a local header with room for size and CRC,
// then frames as they come, then the header is completed.
type Builder struct {
	buf     []byte
	central []byte
	records []byte
	index   []byte
	leaves  []tlog.Hash
	names   map[string]int // folded, so that no two entries collide on any file system; the number that the next like it tries first
	entries int

	open   bool // an entry is being written
	name   string
	header int // where its local header starts
	crc    uint32
	frames []Frame
}

// NewBuilder builds into buf, whose capacity is the size of the segment.
func NewBuilder(buf []byte) *Builder {
	b := &Builder{names: map[string]int{}}
	b.Reset(buf)
	return b
}

// Reset begins a new segment in buf.
func (b *Builder) Reset(buf []byte) {
	clear(b.names)
	*b = Builder{
		buf: buf[:0], central: b.central[:0], records: b.records[:0], index: b.index[:0],
		leaves: b.leaves[:0], frames: b.frames[:0], names: b.names,
	}
	head, _ := json.Marshal(indexHead{IndexFormat}) // a struct of one string can't fail
	b.index = append(append(b.index, head...), '\n')
}

// Buffer is the memory that the segment is built in.
func (b *Builder) Buffer() []byte { return b.buf }

// Empty reports whether the segment holds no complete record.
func (b *Builder) Empty() bool { return len(b.leaves) == 0 }

// Items is the number of records so far.
func (b *Builder) Items() int { return len(b.leaves) }

// Size is about how large the segment would be if it were closed now.
func (b *Builder) Size() int {
	return len(b.buf) + len(b.central) + len(b.records) + len(b.index) + 24*len(b.frames) + 1024
}

// Begin opens an entry. The name gets a suffix where it collides, on a file
// system that folds case, with an earlier one.
func (b *Builder) Begin(name string) error {
	if b.open {
		return fmt.Errorf("segment: entry %s begins inside another", name)
	}
	if b.Size()+4*len(name)+512 > cap(b.buf) {
		return ErrFull
	}
	b.name = b.unique(name)
	b.open, b.header, b.crc = true, len(b.buf), 0
	b.frames = b.frames[:0]
	b.buf = appendLocal(b.buf, entryHead{name: b.name})
	return nil
}

func (b *Builder) unique(name string) string {
	fold := strings.ToLower(name)
	first, taken := b.names[fold]
	if !taken {
		return name
	}
	stem, ending := splitName(name)
	for n := first; ; n++ {
		try := fmt.Sprintf("%s~%d%s", stem, n, ending)
		if _, taken := b.names[strings.ToLower(try)]; !taken {
			b.names[fold] = n // all before it stay taken
			return try
		}
	}
}

// Open reports whether an entry is being written.
func (b *Builder) Open() bool { return b.open }

// Rename gives the open entry another name, which becomes unique likewise.
func (b *Builder) Rename(name string) error {
	grow := len(name) + 16 - len(b.name)
	if b.Size()+4*len(name)+512+max(grow, 0) > cap(b.buf) {
		return ErrFull
	}
	name = b.unique(name)
	from := b.header + localLen
	body := len(b.buf) - from - len(b.name)
	b.buf = b.buf[:from+len(name)+body]
	copy(b.buf[from+len(name):], b.buf[from+len(b.name):from+len(b.name)+body])
	copy(b.buf[from:], name)
	b.name = name
	return nil
}

// Frame adds one frame to the open entry.
func (b *Builder) Frame(stored []byte, content int) error {
	if b.Size()+len(stored)+4*len(b.name)+512 > cap(b.buf) {
		return ErrFull
	}
	b.buf = append(b.buf, stored...)
	b.crc = crc32.Update(b.crc, crc32.IEEETable, stored)
	b.frames = append(b.frames, Frame{len(stored), content})
	return nil
}

// Abort takes the open entry out again and returns its name, its frames and
// their bytes, which are valid until the buffer is next written to.
func (b *Builder) Abort() (string, []Frame, []byte) {
	if !b.open {
		return "", nil, nil
	}
	data := b.buf[b.header+localLen+len(b.name):]
	frames := append([]Frame(nil), b.frames...)
	b.buf, b.open, b.frames = b.buf[:b.header], false, b.frames[:0]
	return b.name, frames, data
}

// Commit adds a record (one JSON object without line end) and completes the
// open entry, if there is one, as the place of its bytes.
func (b *Builder) Commit(seq uint64, record []byte) error {
	if len(record) > MaxRecord {
		return fmt.Errorf("segment: record %d has %d bytes, at most %d", seq, len(record), MaxRecord)
	}
	full := len(b.records) > 0 && len(b.records)+len(record) > maxRecords || len(b.leaves) >= maxItems
	if full || b.Size()+len(record)+1024+4*len(b.name) > cap(b.buf) {
		return ErrFull
	}
	if b.open {
		if err := b.finish(seq); err != nil {
			return err
		}
	}
	b.records = append(append(b.records, record...), '\n')
	b.leaves = append(b.leaves, tlog.RecordHash(record))
	return nil
}

func (b *Builder) finish(seq uint64) error {
	size := len(b.buf) - b.header - localLen - len(b.name)
	e := entryHead{name: b.name, crc: b.crc, size: uint32(size), offset: uint32(b.header)}
	appendLocal(b.buf[:b.header], e)
	b.central = appendCentral(b.central, e)
	b.entries++
	b.names[strings.ToLower(b.name)] = 1
	line := indexLine{Seq: seq, Entry: b.name, Frames: make([][2]int, len(b.frames))}
	for i, f := range b.frames {
		line.Frames[i] = [2]int{f.Stored, f.Content}
	}
	enc, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("segment: index of %s: %w", b.name, err)
	}
	b.index = append(append(b.index, enc...), '\n')
	b.open, b.frames, b.name = false, b.frames[:0], ""
	return nil
}

// Close completes the segment and returns its bytes (in the builder's buffer)
// and the RFC 6962 root of its records.
func (b *Builder) Close() ([]byte, tlog.Hash, error) {
	if b.open {
		return nil, tlog.Hash{}, errors.New("segment: closed inside an entry")
	}
	for _, e := range []struct {
		name string
		data []byte
	}{{ItemsName, b.records}, {IndexName, b.index}} {
		h := entryHead{name: e.name, crc: crc32.ChecksumIEEE(e.data), size: uint32(len(e.data)), offset: uint32(len(b.buf))}
		b.buf = append(appendLocal(b.buf, h), e.data...)
		b.central = appendCentral(b.central, h)
		b.entries++
	}
	dir := len(b.buf)
	b.buf = append(b.buf, b.central...)
	b.buf = appendEnd(b.buf, b.entries, len(b.central), dir)
	return b.buf, Root(b.leaves), nil
}

// Root is the RFC 6962 tree head over leaf hashes.
func Root(leaves []tlog.Hash) tlog.Hash {
	switch n := len(leaves); n {
	case 0:
		return emptyRoot
	case 1:
		return leaves[0]
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		return tlog.NodeHash(Root(leaves[:k]), Root(leaves[k:]))
	}
}
