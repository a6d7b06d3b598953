package ntfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// reads counts what is read from a volume.
type reads struct {
	r io.ReaderAt
	n int64
}

func (r *reads) ReadAt(p []byte, off int64) (int, error) {
	r.n += int64(len(p))
	return r.r.ReadAt(p, off)
}

// An index may claim the whole volume many times over: no more is read of it
// than a volume can hold, and of what is no index at all far less.
func TestAnIndexLargerThanItsVolume(t *testing.T) {
	for name, block := range map[string][]byte{"zeros": nil, "blocks": indexBlock(link{21, 1, "again"})} {
		b := newBuilder()
		pairs := bytes.Repeat([]byte{0x11, 4, 100, 0x11, 4, 0x9C}, 60) // four clusters, back and forth: clusters 0 and 100
		copy(b.disk[100*tCluster:], block)
		b.record(20, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir)),
			resident(attrIndexRoot, "$I30", rootEntries(20, 1)), nonResident(attrIndexAlloc, "$I30", pairs, 120*4*tCluster, 0))
		r := &reads{r: bytes.NewReader(b.disk)}
		f, err := Open(r, int64(len(b.disk)))
		if err != nil {
			t.Fatal(err)
		}
		dir, err := f.Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		r.n = 0
		names := 0
		err = f.ReadDir(dir, func(DirEntry) bool { names++; return true })
		if err == nil || r.n > int64(len(b.disk)) || (block != nil) != (names > 0) {
			t.Errorf("%s: %d bytes read of %d, %d names, %v", name, r.n, len(b.disk), names, err)
		}
		if !strings.Contains(err.Error(), "INDX") {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := &Data{size: 1 << 40, init: 1 << 40, fs: &FS{info: Info{ClusterSize: 4096, Clusters: 1 << 28}}}
	d.runs = []run{{n: 1 << 28}}
	r := &reads{r: zeros{}}
	d.fs.r = r
	w := &indexWalk{size: 4096}
	w.blocks(d)
	if r.n > 8<<20 || w.err == nil {
		t.Errorf("%d bytes read of a terabyte without one index block, %v", r.n, w.err)
	}
}

// A block that an entry leads to is read whatever the bitmap says, once.
func TestABlockThatTheBitmapHides(t *testing.T) {
	for name, c := range map[string]struct {
		used byte
		want string
	}{"marked": {3, "first second"}, "hidden": {1, "first second"}, "freed": {0, "second"}} {
		b := newBuilder()
		root := rootEntries(20, 1)
		last := root[len(root)-16:]
		last[8], last[12] = 24, entryLast|entryNode
		root = append(root, le(uint64(4))...) // in clusters of 1,024 bytes: the second block
		binary.LittleEndian.PutUint32(root[20:], uint32(len(root)-16))
		root[28] = indexLarge
		copy(b.disk[100*tCluster:], indexBlock(link{21, 1, "first"}))
		copy(b.disk[104*tCluster:], indexBlock(link{22, 1, "second"}))
		b.record(20, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir)),
			resident(attrIndexRoot, "$I30", root), nonResident(attrIndexAlloc, "$I30", []byte{0x11, 8, 100}, 8*tCluster, 0),
			resident(attrBitmap, "$I30", []byte{c.used, 0, 0, 0, 0, 0, 0, 0}))
		f := b.open(t)
		dir, err := f.Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := f.ReadDir(dir, func(e DirEntry) bool { got = append(got, e.Name); return true }); err != nil {
			t.Error(err)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

// One damaged field of an index hides no name without a word.
func TestEntriesThatAHeaderHides(t *testing.T) {
	for name, harm := range map[string]func(root []byte){
		"begin later": func(r []byte) { r[16+1] = 8 }, "begin behind the first": func(r []byte) { r[16] += 0x60 },
		"end early": func(r []byte) { r[20] = 16 }, "end after the first": func(r []byte) { r[20] -= 16 },
		"last of two": func(r []byte) { r[32+12] = entryLast }, "as they were": func([]byte) {},
	} {
		b := newBuilder()
		root := rootEntries(20, 1, link{21, 1, "first"}, link{22, 1, "second"})
		harm(root)
		b.record(20, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir)), resident(attrIndexRoot, "$I30", root))
		f := b.open(t)
		dir, err := f.Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		names := 0
		err = f.ReadDir(dir, func(DirEntry) bool { names++; return true })
		if sound := name == "as they were"; (err == nil) != sound || names != 2 && name != "end early" {
			t.Errorf("%s: %d names, %v", name, names, err)
		}
	}
}

// A folder whose blocks are gone with a record is not one that holds little.
func TestAnIndexWithoutItsBlocks(t *testing.T) {
	b := newBuilder()
	large := rootEntries(20, 1, link{21, 1, "seen"})
	large[28] = 1 // there are blocks
	fn := resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir))
	b.record(20, 1, recordInUse|recordDir, fn, resident(attrIndexRoot, "$I30", large))
	list := pad8(le(uint32(attrIndexRoot), uint16(32), uint8(0), uint8(26), uint64(0), uint64(60)|1<<48, uint16(1)))
	b.record(22, 1, recordInUse|recordDir, fn, resident(attrList, "", list))
	f := b.open(t)
	for record, want := range map[uint64]string{20: "blocks are missing", 22: "MFT record 60"} {
		n, err := f.Node(Ref{Record: record})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.ReadDir(n, func(DirEntry) bool { return true }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("record %d: %v, want %q", record, err, want)
		}
	}
}

// The volume's own files have fixed records: they are found without a root.
func TestOwnFilesWithoutARoot(t *testing.T) {
	for name, harm := range map[string]func(*builder){
		"no index": func(b *builder) {
			b.record(recordRoot, 5, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, ".", flagDir)))
		},
		"zeros":   func(b *builder) { clear(b.disk[(tMFT+recordRoot)*tCluster : (tMFT+recordRoot+1)*tCluster]) },
		"torn":    func(b *builder) { b.disk[(tMFT+recordRoot)*tCluster+510] ^= 1 },
		"a file":  func(b *builder) { b.disk[(tMFT+recordRoot)*tCluster+22] &^= recordDir },
		"deleted": func(b *builder) { b.disk[(tMFT+recordRoot)*tCluster+22] &^= recordInUse },
	} {
		b := newBuilder()
		b.file(2, 2, "$LogFile", resident(attrData, "", []byte("log")))
		b.file(20, 1, "else")
		harm(b)
		f := b.open(t)
		if n, err := f.Lookup([]string{"$logfile"}); err != nil || n.Ref.Record != 2 {
			t.Errorf("%s: %v %v", name, n, err)
		}
		if _, err := f.Lookup([]string{"else"}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: another: %v", name, err)
		}
		root, err := f.Lookup(nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var names []string
		err = f.ReadDir(root, func(e DirEntry) bool { names = append(names, e.Name); return true })
		if strings.Join(names, " ") != "$LogFile" || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %q, %v", name, names, err)
		}
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

// indexBlock is a block of 4,096 bytes with its fix-ups.
func indexBlock(links ...link) []byte {
	root := rootEntries(20, 1, links...)
	b := make([]byte, 4096)
	copy(b, le([]byte("INDX"), uint16(40), uint16(9)))
	copy(b[24:], le(uint32(40), uint32(40+len(root)-32)))
	copy(b[64:], root[32:])
	copy(b[40:], []byte{7, 7})
	for i := 1; i <= 8; i++ {
		b[i*512-2], b[i*512-1] = 7, 7
	}
	return b
}

// An index that belongs to another folder is not read to its end: a thousand
// folders may have the same, and each name in it would be a file that fails.
func TestAnIndexOfAnotherFolder(t *testing.T) {
	var links []link
	for i := range 30 {
		links = append(links, link{21, 1, string(rune('a' + i))})
	}
	for _, c := range []struct{ record, names int }{{20, 240}, {22, maxForeign}} {
		b := newBuilder()
		copy(b.disk[100*tCluster:], bytes.Repeat(indexBlock(links...), 8))
		b.record(c.record, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir)),
			resident(attrIndexRoot, "$I30", rootEntries(c.record, 1)), nonResident(attrIndexAlloc, "$I30", []byte{0x11, 32, 100}, 32*tCluster, 0))
		f := b.open(t)
		dir, err := f.Node(Ref{Record: uint64(c.record)})
		if err != nil {
			t.Fatal(err)
		}
		names := 0
		err = f.ReadDir(dir, func(DirEntry) bool { names++; return true })
		if names != c.names || (err == nil) != (c.record == 20) || err != nil && !strings.Contains(err.Error(), "entries of another folder, such as record 20") {
			t.Errorf("record %d: %d names, %v", c.record, names, err)
		}
	}
}

// Blocks that the bitmap hides are kept in mind up to a bound, and the rest is told.
func TestMoreHiddenBlocksThanAreKept(t *testing.T) {
	w := &indexWalk{size: 4096, unit: 4096, used: []byte{}}
	for i := range uint64(2 * maxHidden) {
		if w.leads(i % (maxHidden + 10)); (w.err != nil) != (i >= maxHidden) {
			t.Fatalf("block %d: %v", i, w.err)
		}
	}
	if len(w.more) != maxHidden || len(w.seen) != maxHidden || w.row != 1 {
		t.Errorf("%d blocks, %d in mind, %d errors", len(w.more), len(w.seen), w.row)
	}
}
