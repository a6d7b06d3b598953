// Package storedzip writes the ZIP that a bundle may be packed in: entries are
// stored, and each entry's local header is true before its bytes, so that a
// file cut short can be read as far as it goes. The writer of bundles makes
// the ZIP with it, and the check makes it once more, to compare what lies
// between the objects (evidence/SPEC.md).
package storedzip

import (
	"archive/zip"
	"io"
)

// Put adds a stored entry: size bytes of body with the CRC-32 crc, both of
// which must be true.
func Put(zw *zip.Writer, name string, size int64, crc uint32, body io.Reader) error {
	h := &zip.FileHeader{
		Name: name, Method: zip.Store, CRC32: crc, CreatorVersion: 3<<8 | 20, ReaderVersion: 20,
		CompressedSize64: uint64(size), UncompressedSize64: uint64(size), ExternalAttrs: 0o100600 << 16,
	}
	//lint:ignore SA1019 CreateRaw takes the field as it is, and does not look at Modified
	h.ModifiedDate = 0x21 // 1980-01-01
	w, err := zw.CreateRaw(h)
	if err == nil {
		_, err = io.Copy(w, body)
	}
	if err == nil {
		err = zw.Flush()
	}
	return err
}
