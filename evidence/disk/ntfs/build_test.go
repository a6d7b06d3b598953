package ntfs

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"
)

// A small volume built by hand: clusters of 1,024 bytes, records of 1,024.
const (
	tCluster  = 1024
	tClusters = 256
	tMFT      = 4  // first cluster of the MFT
	tRecords  = 64 // in it
	tMirror   = 200
)

type builder struct{ disk []byte }

func le(parts ...any) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		if s, ok := p.([]byte); ok {
			b.Write(s)
			continue
		}
		binary.Write(&b, binary.LittleEndian, p)
	}
	return b.Bytes()
}

func wide(s string) []byte { return le(utf16.Encode([]rune(s))) }

func pad8(b []byte) []byte { return append(b, make([]byte, (8-len(b)%8)%8)...) }

// newBuilder makes a volume with $MFT and an empty root.
func newBuilder() *builder {
	b := &builder{disk: make([]byte, tCluster*tClusters)}
	copy(b.disk, le([]byte{0xEB, 0x52, 0x90}, []byte("NTFS    "), uint16(512), uint8(2)))
	copy(b.disk[40:], le(uint64(tClusters*2), uint64(tMFT), uint64(tMirror), int8(1), []byte{0, 0, 0}, int8(1)))
	b.disk[510], b.disk[511] = 0x55, 0xAA
	mft := nonResident(attrData, "", []byte{0x11, tRecords, tMFT}, tRecords*tCluster, 0)
	b.record(recordMFT, 1, recordInUse, mft)
	copy(b.disk[tMirror*tCluster:], b.disk[tMFT*tCluster:(tMFT+1)*tCluster])
	b.dir(recordRoot, 5)
	return b
}

// record writes one MFT record with its fix-ups.
func (b *builder) record(n int, seq uint16, flags uint16, attrs ...[]byte) {
	b.extension(n, seq, flags, 0, attrs...)
}

func (b *builder) extension(n int, seq, flags uint16, base uint64, attrs ...[]byte) {
	r := make([]byte, 1024)
	body := append(bytes.Join(attrs, nil), 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0)
	copy(r, le([]byte("FILE"), uint16(48), uint16(3), uint64(0), seq, uint16(1), uint16(56), flags,
		uint32(56+len(body)), uint32(1024), base, uint16(9), uint16(0), uint32(n)))
	copy(r[56:], body)
	copy(r[48:], []byte{7, 7, r[510], r[511], r[1022], r[1023]})
	r[510], r[511], r[1022], r[1023] = 7, 7, 7, 7
	copy(b.disk[(tMFT+n)*tCluster:], r)
}

func resident(kind uint32, name string, value []byte) []byte {
	nm := pad8(wide(name))
	at := 24 + len(nm)
	size := len(pad8(make([]byte, at+len(value))))
	h := le(kind, uint32(size), uint8(0), uint8(len(name)), uint16(24), uint16(0), uint16(1), uint32(len(value)), uint16(at), uint16(0), nm, value)
	return append(h, make([]byte, size-len(h))...)
}

func nonResident(kind uint32, name string, pairs []byte, size int64, first uint64) []byte {
	nm := pad8(wide(name))
	at := 64 + len(nm)
	h := le(kind, uint32(0), uint8(1), uint8(len(name)), uint16(64), uint16(0), uint16(1), first, uint64(0), uint16(at), uint16(0), uint32(0), size, size, size, nm, pairs, []byte{0})
	h = pad8(h)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(h)))
	return h
}

func fnBytes(parent uint64, parentSeq uint16, name string, flags uint32) []byte {
	w := wide(name)
	return le(parent|uint64(parentSeq)<<48, make([]byte, 48), flags, uint32(0), uint8(len(w)/2), uint8(1), w)
}

// link is one entry of a test directory.
type link struct {
	record int
	seq    uint16
	name   string
}

func rootEntries(dir int, dirSeq uint16, links ...link) []byte {
	var es []byte
	for _, l := range links {
		key := fnBytes(uint64(dir), dirSeq, l.name, 0)
		size := len(pad8(make([]byte, 16+len(key))))
		e := le(uint64(l.record)|uint64(l.seq)<<48, uint16(size), uint16(len(key)), uint32(0), key)
		es = append(es, append(e, make([]byte, size-len(e))...)...)
	}
	es = append(es, le(uint64(0), uint16(16), uint16(0), uint32(entryLast))...)
	return le(uint32(0x30), uint32(1), uint32(4096), uint32(1), uint32(16), uint32(16+len(es)), uint32(16+len(es)), uint32(0), es)
}

func (b *builder) dir(n int, seq uint16, links ...link) {
	parent := fnBytes(recordRoot, 5, "dir", flagDir)
	b.record(n, seq, recordInUse|recordDir, resident(attrFileName, "", parent), resident(attrIndexRoot, "$I30", rootEntries(n, seq, links...)))
}

func (b *builder) file(n int, seq uint16, name string, attrs ...[]byte) {
	b.record(n, seq, recordInUse, append([][]byte{resident(attrFileName, "", fnBytes(recordRoot, 5, name, 0))}, attrs...)...)
}

func (b *builder) open(t *testing.T) *FS {
	t.Helper()
	f, err := Open(bytes.NewReader(b.disk), int64(len(b.disk)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
