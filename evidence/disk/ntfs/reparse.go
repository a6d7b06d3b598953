package ntfs

import (
	"encoding/binary"
	"strings"
)

// Reparse tags, [MS-FSCC] 2.1.2.1.
const (
	TagMountPoint = 0xA0000003
	TagSymlink    = 0xA000000C
	TagWOF        = 0x80000017 // content is compressed in the stream WofCompressedData
	TagDedup      = 0x80000013 // content is in the volume's chunk store
	TagCloud      = 0x9000001A // content may be elsewhere; bits 12–15 vary
	tagLXSymlink  = 0xA000001D

	// Of older and other kinds of storage that content may be moved to.
	tagHSM       = 0xC0000004
	tagHSM2      = 0x80000006
	tagOneDrive  = 0x80000021
	tagFileSync  = 0x8000001E // Azure File Sync
	tagProjected = 0x9000001C

	cloudMask = 0xFFFF0FFF
)

// Reparse is a reparse point.
type Reparse struct {
	Tag    uint32
	Target string // of links: the substitute name as it is stored
	Print  string // of links: what Windows shows
}

// Link reports whether the reparse point leads to another path.
func (r *Reparse) Link() bool {
	return r != nil && (r.Tag == TagMountPoint || r.Tag == TagSymlink || r.Tag == tagLXSymlink)
}

// Cloud reports whether the content may be kept by a provider outside the
// volume: a cloud, or slower storage.
func (r *Reparse) Cloud() bool {
	if r == nil {
		return false
	}
	switch r.Tag {
	case tagHSM, tagHSM2, tagOneDrive, tagFileSync, tagProjected:
		return true
	}
	return r.Tag&cloudMask == TagCloud
}

// parseReparse reads a reparse buffer, [MS-FSCC] 2.1.2.2 to 2.1.2.5.
func parseReparse(b []byte) *Reparse {
	if len(b) < 8 {
		return nil
	}
	r := &Reparse{Tag: binary.LittleEndian.Uint32(b)}
	head := 16 // of the two names, whose offsets count from here
	switch r.Tag {
	case TagSymlink:
		head = 20
	case tagLXSymlink:
		if len(b) > 12 {
			r.Target = strings.ToValidUTF8(string(b[12:]), "\uFFFD")
		}
		return r
	case TagMountPoint:
	default:
		return r
	}
	if len(b) < head {
		return r
	}
	name := func(at int) string {
		off, n := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		s, _ := cut(b[head:], off, n)
		return decode(s)
	}
	r.Target, r.Print = name(8), name(12)
	return r
}
