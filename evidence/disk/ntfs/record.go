package ntfs

import (
	"encoding/binary"
	"fmt"
	"io"

	"www.velocidex.com/golang/go-ntfs/parser"
)

// Attribute types.
const (
	attrStandard   = 0x10
	attrList       = 0x20
	attrFileName   = 0x30
	attrSecurity   = 0x50
	attrVolumeName = 0x60
	attrVolumeInfo = 0x70
	attrData       = 0x80
	attrIndexRoot  = 0x90
	attrIndexAlloc = 0xA0
	attrBitmap     = 0xB0
	attrReparse    = 0xC0
	attrEnd        = 0xFFFFFFFF
)

// Flags of a record and of an attribute.
const (
	recordInUse = 1
	recordDir   = 2

	attrCompressed = 0x00FF // the low byte: a method; 1 is LZNT1
	attrEncrypted  = 0x4000
	attrSparse     = 0x8000
)

// attr is one attribute, or one segment of a non-resident one.
type attr struct {
	kind     uint32
	id       uint16
	name     string // fits a path; see separators
	flags    uint16
	resident bool
	value    []byte // resident

	first, last uint64 // VCNs of the segment
	unit        uint16 // log2 of clusters in a compression unit
	alloc       int64  // on the disk; sizes stand in the segment with VCN 0
	size        int64
	init        int64
	pairs       []byte // mapping pairs
}

// record is one MFT record.
type record struct {
	ref   Ref
	flags uint16
	base  Ref // zero unless it is an extension of another
	attrs []attr
	lost  []string // alternate streams whose attribute is damaged; see unnamed
}

// unnamed stands for the alternate streams of a file that may be lost without
// their names: to open it tells why.
const unnamed = "?"

func (r *record) has(kind uint32) bool {
	for i := range r.attrs {
		if r.attrs[i].kind == kind {
			return true
		}
	}
	return false
}

// mirrored is how many records the mirror of the MFT has at least: the MFT's own,
// the mirror's, $LogFile's and $Volume's.
const mirrored = 4

// record reads MFT record n, or its copy in the mirror where it is damaged and has
// one: the error then tells of it.
func (f *FS) record(n uint64) (*record, error) {
	rec, err := f.fromMFT(n)
	if n < mirrored && err == nil && (rec.flags&recordInUse == 0 || rec.base != Ref{}) {
		err = fmt.Errorf("MFT record %d is not that of a file: %w", n, ErrDamaged)
	}
	if err == nil || n >= mirrored {
		return rec, err
	}
	if saved, merr := f.fromMirror(n); merr == nil {
		return saved, fmt.Errorf("%w; its copy in the mirror was used", err)
	}
	return rec, err
}

func (f *FS) fromMirror(n uint64) (rec *record, err error) {
	defer caught(&err)
	at := f.mirror + int64(n)*f.info.RecordSize
	entry, err := parser.GetFixedUpMFTEntry(f.ctx, f.r, at)
	if err != nil {
		return nil, err
	}
	return f.parse(entry, n)
}

func (f *FS) fromMFT(n uint64) (rec *record, err error) {
	defer caught(&err)
	if n >= 1<<48 || int64(n) >= f.mft.size/f.info.RecordSize {
		return nil, fmt.Errorf("MFT record %d lies behind the end of the MFT: %w", n, ErrDamaged)
	}
	entry, err := f.ctx.GetMFT(int64(n))
	if err != nil {
		b := make([]byte, f.info.RecordSize)
		if _, rerr := f.mft.ReadAt(b, int64(n)*f.info.RecordSize); rerr != nil {
			err = rerr // the library says of a read that failed that the record is short
		}
		return nil, fmt.Errorf("MFT record %d: %w", n, err)
	}
	return f.parse(entry, n)
}

// parse reads the attributes of a record that go-ntfs has fixed up.
func (f *FS) parse(entry *parser.MFT_ENTRY, n uint64) (*record, error) {
	b := make([]byte, f.info.RecordSize)
	got, err := entry.Reader.ReadAt(b, entry.Offset)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("MFT record %d: %w", n, err)
	}
	if b = b[:got]; got < 48 || string(b[:4]) != "FILE" {
		return nil, fmt.Errorf("MFT record %d has no FILE signature: %w", n, ErrDamaged)
	}
	rec := &record{
		ref:   Ref{n, binary.LittleEndian.Uint16(b[16:])},
		flags: binary.LittleEndian.Uint16(b[22:]),
		base:  refOf(binary.LittleEndian.Uint64(b[32:])),
	}
	used := min(int64(binary.LittleEndian.Uint32(b[24:])), int64(len(b)))
	r := entry.Reader
	var first error // of an attribute that is damaged within its bounds
	for off := int64(binary.LittleEndian.Uint16(b[20:])); ; {
		if off+4 <= used && binary.LittleEndian.Uint32(b[off:]) == attrEnd {
			break
		}
		size := int64(0)
		h := parser.NewNTFS_ATTRIBUTE(r, entry.Offset+off, entry.Profile)
		if off+16 <= used {
			size = int64(h.Length())
		}
		if size < 24 || size%8 != 0 || size > used-off {
			rec.lost = append(rec.lost, unnamed)
			return rec, fmt.Errorf("MFT record %d: attribute of %d bytes at offset %d: %w", n, size, off, ErrDamaged)
		}
		a, err := parseAttr(h, b[off:off+size])
		if err == nil {
			rec.attrs = append(rec.attrs, a)
		} else if a.kind == attrData && a.name != "" {
			rec.lost = append(rec.lost, a.name)
		} else if a.kind == attrData && b[off+9] > 0 {
			rec.lost = append(rec.lost, unnamed)
		}
		if err != nil && first == nil {
			first = fmt.Errorf("MFT record %d: attribute %#x at offset %d: %w", n, a.kind, off, err)
		}
		off += size
	}
	return rec, first
}

// parseAttr checks every offset of one attribute, whose bytes are b.
func parseAttr(h *parser.NTFS_ATTRIBUTE, b []byte) (attr, error) {
	a := attr{kind: uint32(h.Type().Value), id: h.Attribute_id(), flags: uint16(*h.Flags()), resident: h.IsResident()}
	name, ok := cut(b, int(binary.LittleEndian.Uint16(b[10:])), 2*int(b[9]))
	if !ok && b[9] > 0 {
		return a, fmt.Errorf("name outside the attribute: %w", ErrDamaged)
	}
	a.name = separators(decode(name))
	if a.resident {
		a.value, ok = cut(b, int(h.Content_offset()), int(h.Content_size()))
		if !ok {
			return a, fmt.Errorf("value outside the attribute: %w", ErrDamaged)
		}
		a.size, a.init = int64(len(a.value)), int64(len(a.value))
		return a, nil
	}
	if len(b) < 64 {
		return a, fmt.Errorf("non-resident header of %d bytes: %w", len(b), ErrDamaged)
	}
	at := int(h.Runlist_offset())
	if a.pairs, ok = cut(b, at, len(b)-at); !ok {
		return a, fmt.Errorf("runs outside the attribute: %w", ErrDamaged)
	}
	a.first, a.last = h.Runlist_vcn_start(), h.Runlist_vcn_end()
	a.unit = h.Compression_unit_size()
	a.alloc, a.size, a.init = int64(h.Allocated_size()), int64(h.Actual_size()), int64(h.Initialized_size())
	if a.flags&(attrCompressed|attrSparse) != 0 && a.first == 0 && at >= 72 && (b[9] == 0 || b[10] >= 72) {
		a.alloc = int64(binary.LittleEndian.Uint64(b[64:])) // without holes
	}
	return a, nil
}

// cut returns n bytes of b at off, if they are there.
func cut(b []byte, off, n int) ([]byte, bool) {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil, false
	}
	return b[off : off+n], true
}
