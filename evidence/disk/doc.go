// Package disk reads what lies below files: image containers and the tables
// that divide a disk into volumes. Everything it reads is hostile; every
// count, length and chain is bounded.
//
// An image is an io.ReaderAt with a size; Volumes finds its parts; Detect says
// which filesystem a part holds. The readers of filesystems are the packages
// below this one, and each meets Filesystem's needs in its own way.
package disk

import (
	"fmt"
	"io"
)

// Volume is one part of a disk.
type Volume struct {
	Name   string // "p1", "p2" … after the number the system gives it; "volume" for a disk without a table
	Number int    // 1, 2 …; logical MBR volumes start at 5; 0 without a table
	Offset int64  // bytes from the start of the image
	Length int64  // bytes, as the table states them
	Type   string // MBR type as "0x07", GPT type GUID in capitals; "" without a table
	Label  string // GPT partition name
	// Filesystem is what the first sectors look like: "ntfs", "ext4" …;
	// "unknown" where nothing is recognised.
	Filesystem string
	// Notes say what is odd: reaches beyond the image, overlaps another.
	Notes []string
}

// Layout is how a disk is divided.
type Layout struct {
	Scheme     string // "gpt", "mbr" or "none"
	SectorSize int64  // that the table counts in: 512 or 4096; 0 without a table
	Volumes    []Volume
	Notes      []string // what is odd with the table itself
	Lost       []string // why volumes may be there that are not among those found
}

// Section returns the bytes of a volume. Reads beyond the end of the image
// (where the volume reaches further than the image does) give ErrBeyond.
func Section(image io.ReaderAt, size int64, v Volume) io.ReaderAt {
	return &section{r: image, size: size, off: v.Offset, n: v.Length}
}

type section struct {
	r            io.ReaderAt
	size, off, n int64
}

// ErrBeyond marks reads behind the end of an image, which a whole image would
// have answered: it was cut short.
var ErrBeyond = fmt.Errorf("beyond the end of the image")

// ReadAt implements io.ReaderAt.
func (s *section) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	if off >= s.n {
		return 0, io.EOF
	}
	want := p
	if int64(len(p)) > s.n-off {
		want = p[:s.n-off]
	}
	at := s.off + off
	if at >= s.size {
		return 0, ErrBeyond
	}
	short := int64(len(want)) > s.size-at
	if short {
		want = want[:s.size-at]
	}
	n, err := s.r.ReadAt(want, at)
	switch {
	case n < len(want):
		if err == nil || err == io.EOF {
			err = ErrBeyond
		}
		return n, err
	case short:
		return n, ErrBeyond
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}
