package image

import "io"

// maxBlank bounds what is read of a volume to learn that it holds nothing:
// the reserved partitions of Windows have 16 or 128 MiB.
const maxBlank = 256 << 20

// blank reports whether a small volume holds zeros alone, so that there is
// nothing that could go unread.
func blank(r io.ReaderAt, length int64) bool {
	if length <= 0 || length > maxBlank {
		return false
	}
	b := make([]byte, 1<<20)
	for off := int64(0); off < length; off += int64(len(b)) {
		p := b[:min(int64(len(b)), length-off)]
		if n, _ := r.ReadAt(p, off); n < len(p) {
			return false
		}
		for _, c := range p {
			if c != 0 {
				return false
			}
		}
	}
	return true
}
