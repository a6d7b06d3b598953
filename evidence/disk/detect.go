package disk

import (
	"bytes"
	"encoding/binary"
	"io"
)

// magic is a mark of a filesystem or of what hides one. Offsets and bytes are
// those of each format's own documentation.
type magic struct {
	name  string
	off   int64
	bytes string
}

func magics() []magic {
	return []magic{
		{"ntfs", 3, "NTFS    "},
		{"bitlocker", 3, "-FVE-FS-"},
		{"bitlocker", 424, "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01"}, // To Go: its boot sector looks like FAT's
		{"exfat", 3, "EXFAT   "},
		{"refs", 3, "ReFS\x00\x00\x00\x00"},
		{"luks", 0, "LUKS\xba\xbe"},
		{"xfs", 0, "XFSB"},
		{"squashfs", 0, "hsqs"},
		{"lvm2", 512, "LABELONE"},
		{"hfs+", 1024, "H+"},
		{"hfsx", 1024, "HX"},
		{"apfs", 32, "NXSB"},
		{"btrfs", 0x10040, "_BHRfS_M"},
		{"zfs", 0x22000 + 8, "\x0c\xb1\xba\x00\x00\x00\x00\x00"},
		{"swap", 4096 - 10, "SWAPSPACE2"},
		{"iso9660", 0x8001, "CD001"},
		{"f2fs", 1024, "\x10\x20\xf5\xf2"},
	}
}

// Detect names the filesystem that the first 256 KiB of r look like, or
// "unknown". It reads little and trusts nothing: opening may still fail.
func Detect(r io.ReaderAt, size int64) string {
	for _, m := range magics() {
		b := make([]byte, len(m.bytes))
		if m.off < size && readFull(r, b, m.off) == nil && string(b) == m.bytes {
			return m.name
		}
	}
	if fs := ext(r); fs != "" {
		return fs
	}
	return fat(r)
}

// bootCopy reports whether the last sector of a volume is the copy that NTFS
// keeps there of its boot sector.
func bootCopy(r io.ReaderAt, size int64) bool {
	b := make([]byte, 512)
	for _, sector := range []int64{512, 4096} {
		if size >= 2*sector && readFull(r, b, size-sector) == nil && string(b[3:11]) == "NTFS    " && binary.LittleEndian.Uint16(b[510:]) == mbrMagic {
			return true
		}
	}
	return false
}

// ext tells ext2, 3 and 4 by the feature bits of the superblock at 1,024.
func ext(r io.ReaderAt) string {
	b := make([]byte, 264)
	if readFull(r, b, 1024) != nil || binary.LittleEndian.Uint16(b[56:]) != 0xEF53 {
		return ""
	}
	compat, incompat := binary.LittleEndian.Uint32(b[92:]), binary.LittleEndian.Uint32(b[96:])
	const extents, flexBG, bits64, journal = 0x40, 0x200, 0x80, 0x4
	switch {
	case incompat&(extents|flexBG|bits64) != 0:
		return "ext4"
	case compat&journal != 0:
		return "ext3"
	}
	return "ext2"
}

// fat knows FAT by the type string, which is informal, and a plausible block.
func fat(r io.ReaderAt) string {
	b := make([]byte, 512)
	if readFull(r, b, 0) != nil || binary.LittleEndian.Uint16(b[510:]) != mbrMagic {
		return "unknown"
	}
	sector := binary.LittleEndian.Uint16(b[11:])
	jump := b[0] == 0xEB || b[0] == 0xE9
	if jump && sector >= 512 && sector&(sector-1) == 0 && b[16] > 0 && b[16] <= 4 &&
		(bytes.HasPrefix(b[54:], []byte("FAT")) || bytes.HasPrefix(b[82:], []byte("FAT32"))) {
		return "fat"
	}
	return "unknown"
}
