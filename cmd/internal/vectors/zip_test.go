package vectors

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// object is one object of a bundle.
type object struct {
	name string
	body []byte
}

type objects []object

// last is the index of the last object with an ending.
func (o objects) last(ending string) int {
	at := -1
	for i := range o {
		if strings.HasSuffix(o[i].name, ending) {
			at = i
		}
	}
	return at
}

func (o objects) find(name string) int {
	return slices.IndexFunc(o, func(x object) bool { return x.name == name })
}

// objects reads a good bundle.
func (m maker) objects(name string) objects {
	b, err := os.ReadFile(filepath.Join(m.dir, "good", name+".zip"))
	m.must(err)
	zr, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	m.must(err)
	var all objects
	for _, f := range zr.File {
		r, err := f.Open()
		m.must(err)
		body, err := io.ReadAll(io.LimitReader(r, 1<<20))
		m.must(err)
		all = append(all, object{f.Name, body})
	}
	return all
}

// pack makes the one ZIP that SPEC.md describes.
func (m maker) pack(all objects) []byte {
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, o := range all {
		h := &zip.FileHeader{Name: o.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(o.body), CreatorVersion: 3<<8 | 20, ReaderVersion: 20,
			CompressedSize64: uint64(len(o.body)), UncompressedSize64: uint64(len(o.body)), ExternalAttrs: 0o100600 << 16}
		//lint:ignore SA1019 CreateRaw takes the field as it is
		h.ModifiedDate = 0x21
		w, err := zw.CreateRaw(h)
		m.must(err)
		_, err = w.Write(o.body)
		m.must(err)
	}
	m.must(zw.Close())
	return b.Bytes()
}

// entry is one entry of a ZIP that may lie.
type entry struct {
	name, local string // in the directory, and in its local header (name where empty)
	data        []byte
	size        uint32 // instead of the length of data
	method      uint16
	flags       uint16
	badCRC      bool
	before      []byte // bytes that no header speaks of
	extra       []byte
	shared      bool // no bytes of its own: its header is that of the entry before
	mode        uint32
}

// rawZip makes a ZIP as told, with the values that a writer uses elsewhere.
func rawZip(es []entry, prefix, comment, tail string) []byte {
	le := binary.LittleEndian
	b, dir, at := []byte(prefix), []byte{}, uint32(0)
	for _, e := range es {
		crc, size, local := crc32.ChecksumIEEE(e.data), uint32(len(e.data)), e.local
		if e.size != 0 {
			size = e.size
		}
		if local == "" {
			local = e.name
		}
		if e.badCRC {
			crc++
		}
		if e.mode == 0 {
			e.mode = 0o100600
		}
		fields := func(b []byte, name string) []byte {
			for _, v := range []uint16{10, e.flags, e.method, 0, 0x21} {
				b = le.AppendUint16(b, v)
			}
			for _, v := range []uint32{crc, size, size} {
				b = le.AppendUint32(b, v)
			}
			return le.AppendUint16(le.AppendUint16(b, uint16(len(name))), uint16(len(e.extra)))
		}
		if !e.shared {
			b = append(b, e.before...)
			at = uint32(len(b))
			b = append(append(append(fields(le.AppendUint32(b, 0x04034b50), local), local...), e.extra...), e.data...)
		}
		dir = fields(le.AppendUint16(le.AppendUint32(dir, 0x02014b50), 3<<8|20), e.name)
		dir = append(dir, 0, 0, 0, 0, 0, 0) // comment, disk, internal attributes
		dir = append(append(le.AppendUint32(le.AppendUint32(dir, e.mode<<16), at), e.name...), e.extra...)
	}
	start := len(b)
	b = le.AppendUint32(append(b, dir...), 0x06054b50)
	for _, v := range []uint16{0, 0, uint16(len(es)), uint16(len(es))} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(le.AppendUint32(b, uint32(len(dir))), uint32(start))
	b = append(le.AppendUint16(b, uint16(len(comment))), comment...)
	return append(b, tail...)
}
