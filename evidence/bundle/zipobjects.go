package bundle

import (
	"archive/zip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// ZipObjects reads a bundle that is one ZIP file. A file that was cut short,
// or whose directory was never written, is read as far as it goes.
func ZipObjects(file string) (Objects, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	z := &zipObjects{f: f, size: st.Size(), at: map[string]span{}}
	if err := z.scan(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return z, nil
}

type span struct {
	off, size int64
	crc       uint32
}

type zipObjects struct {
	f     *os.File
	size  int64
	at    map[string]span
	whole bool  // the central directory is there
	sound int64 // without one: where the last sound entry ends

	tornName string // of the entry that the file ends in
	torn     span   // and what there is of it
}

func (z *zipObjects) scan() error {
	zr, err := zip.NewReader(z.f, z.size)
	if err != nil || !z.ownDirectory() {
		return z.salvage()
	}
	z.whole = true
	for _, f := range zr.File {
		if err := z.entry(f); err != nil {
			if likeBundle(zr.File) { // a bundle, and altered
				err = fmt.Errorf("%w: %w", ErrVerify, err)
			}
			return err
		}
	}
	return nil
}

func (z *zipObjects) entry(f *zip.File) error {
	off, err := f.DataOffset()
	if err != nil {
		return err
	}
	s := span{off, int64(f.CompressedSize64), f.CRC32}
	if f.Method != zip.Store || s.size < 0 || off > z.size || s.size > z.size-off {
		return fmt.Errorf("entry %q is not stored, or lies outside the file", f.Name)
	}
	return z.add(f.Name, s)
}

var le = binary.LittleEndian

// likeBundle goes by more than the header's name, which may be what was altered.
func likeBundle(files []*zip.File) bool {
	return slices.ContainsFunc(files, func(f *zip.File) bool {
		return strings.HasPrefix(f.Name, sealPrefix) || strings.HasPrefix(f.Name, "segments/")
	})
}

// ownDirectory reports whether the directory that a ZIP reader finds is the
// file's own. Of a file that was cut short it may be that of a segment within,
// which is a ZIP as well: searched from the end, its last record comes first.
// What does not begin with an entry is no writer's, and left to the reader.
func (z *zipObjects) ownDirectory() bool {
	if !beginsEntry(z.f, 0) {
		return true
	}
	const endLen = 22 // APPNOTE 4.3.16, without a comment
	end := make([]byte, endLen)
	if _, err := z.f.ReadAt(end, z.size-endLen); err != nil || string(end[:4]) != "PK\x05\x06" {
		return false
	}
	size, at := le.Uint32(end[12:]), le.Uint32(end[16:])
	const in64 = 1<<32 - 1 // the true value is in the ZIP64 record, which no segment has
	return size == in64 || at == in64 || int64(size)+int64(at)+endLen == z.size || zip64(z.f, z.size-endLen)
}

// zip64 reports whether a ZIP64 locator ends at off (APPNOTE 4.3.15).
func zip64(r io.ReaderAt, off int64) bool {
	const locatorLen = 20
	var sign [4]byte
	_, err := r.ReadAt(sign[:], off-locatorLen)
	return err == nil && string(sign[:]) == "PK\x06\x07"
}

func (z *zipObjects) add(name string, s span) error {
	if _, twice := z.at[name]; twice {
		return fmt.Errorf("two entries named %q", name)
	}
	if len(z.at) >= maxObjects || !fs.ValidPath(name) {
		return fmt.Errorf("too many entries, or a bad name: %q", name)
	}
	z.at[name] = s
	return nil
}

// localLen is the length of a local header without its name (APPNOTE 4.3.7).
const localLen = 30

// salvage walks the local headers from the start, as far as they are sound
// (APPNOTE 6.3.10, section 4.3.7; our entries have true sizes in them).
func (z *zipObjects) salvage() error {
	var off int64
	head := make([]byte, localLen+1024)
	for off+localLen <= z.size {
		n, _ := z.f.ReadAt(head, off)
		if n < localLen || string(head[:4]) != "PK\x03\x04" {
			break
		}
		nameLen, extraLen := int(head[26])|int(head[27])<<8, int(head[28])|int(head[29])<<8
		size := int64(head[18]) | int64(head[19])<<8 | int64(head[20])<<16 | int64(head[21])<<24
		data := off + localLen + int64(nameLen) + int64(extraLen)
		if nameLen == 0 || localLen+nameLen > n || data > z.size {
			break
		}
		if size > z.size-data {
			z.tornName, z.torn = string(head[localLen:localLen+nameLen]), span{off: data, size: z.size - data}
			break
		}
		crc := uint32(head[14]) | uint32(head[15])<<8 | uint32(head[16])<<16 | uint32(head[17])<<24
		if err := z.add(string(head[localLen:localLen+nameLen]), span{data, size, crc}); err != nil {
			return err
		}
		off = data + size
	}
	z.sound = off
	if len(z.at) == 0 {
		return errors.New("no ZIP file, or nothing of it is left")
	}
	z.whole = z.complete()
	return nil
}

func (z *zipObjects) List(context.Context) (map[string]int64, error) {
	out := make(map[string]int64, len(z.at))
	for name, s := range z.at {
		out[name] = s.size
	}
	return out, nil
}

func (z *zipObjects) Open(_ context.Context, name string) (Object, error) {
	s, ok := z.at[name]
	if !ok && name == z.tornName {
		return tornObject{io.NewSectionReader(z.f, z.torn.off, z.torn.size)}, nil
	}
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return zipObject{io.NewSectionReader(z.f, s.off, s.size), s.crc}, nil
}
func (z *zipObjects) Close() error   { return z.f.Close() }
func (z *zipObjects) String() string { return z.f.Name() }

// tornObject has no CRC to be compared with.
type tornObject struct{ *io.SectionReader }

func (tornObject) Close() error { return nil }

type zipObject struct {
	*io.SectionReader
	crc uint32
}

func (zipObject) Close() error { return nil }

// CRC implements checked.
func (o zipObject) CRC() uint32 { return o.crc }
