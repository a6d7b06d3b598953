package ntfs

import (
	"encoding/binary"
	"fmt"
)

// lzChunk is how many plain bytes a chunk of LZNT1 stands for.
const lzChunk = 4096

// lznt1 expands src ([MS-XCA] 2.5) into dst. A chunk that ends early leaves zeros
// behind it, as it does for every system: the next one begins at its own place.
func lznt1(dst, src []byte) error {
	clear(dst)
	for len(dst) > 0 && len(src) >= 2 {
		head := binary.LittleEndian.Uint16(src)
		if head == 0 {
			return nil
		}
		n := int(head&0xFFF) + 1
		if n > len(src)-2 {
			return fmt.Errorf("a chunk of %d bytes in %d: %w", n, len(src)-2, ErrDamaged)
		}
		to, body := dst[:min(lzChunk, len(dst))], src[2:2+n]
		if head&0x8000 == 0 {
			copy(to, body)
		} else if err := lzBlock(to, body); err != nil {
			return err
		}
		dst, src = dst[len(to):], src[2+n:]
	}
	return nil
}

// lzBlock expands one compressed chunk. Eight flags stand before what they speak
// of: a byte, or a pair of a distance and a length, which share 16 bits as the
// place in the chunk allows.
func lzBlock(to, body []byte) error {
	n := 0
	for len(body) > 0 {
		flags := body[0]
		body = body[1:]
		for bit := 0; bit < 8 && len(body) > 0; bit++ {
			if flags>>bit&1 == 0 {
				if n == len(to) {
					return fmt.Errorf("a chunk of more than %d bytes: %w", n, ErrDamaged)
				}
				to[n] = body[0]
				body = body[1:]
				n++
				continue
			}
			if len(body) < 2 {
				return fmt.Errorf("a pair that is cut: %w", ErrDamaged)
			}
			pair := int(binary.LittleEndian.Uint16(body))
			body = body[2:]
			wide := 12 // bits of the length
			for at := n - 1; at >= 16; at >>= 1 {
				wide--
			}
			back, length := pair>>wide+1, pair&(1<<wide-1)+3
			if back > n || length > len(to)-n {
				return fmt.Errorf("%d bytes from %d before byte %d of a chunk: %w", length, back, n, ErrDamaged)
			}
			for range length {
				to[n] = to[n-back]
				n++
			}
		}
	}
	return nil
}
