package ntfs

import (
	"bytes"
	"errors"
	"testing"
)

func TestLZNT1(t *testing.T) {
	whole := append([]byte{0xFF, 0x3F}, bytes.Repeat([]byte("0123456789abcdef"), 256)...) // a chunk that is not compressed
	for name, c := range map[string]struct {
		src  []byte
		want string // the bytes before the zeros
		bad  bool
	}{
		"nothing":            {nil, "", false},
		"end":                {[]byte{0, 0, 0x03, 0xB0, 1, 2, 3, 4}, "", false},
		"literals":           {[]byte{0x03, 0xB0, 0, 'a', 'b', 'c', 0, 0}, "abc", false},
		"pair":               {[]byte{0x04, 0xB0, 0b100, 'a', 'b', 0x03, 0x10, 0, 0}, "abababab", false}, // 6 bytes from 2 before
		"two chunks":         {append([]byte{0x01, 0xB0, 0, 'x'}, 0x01, 0xB0, 0, 'y', 0, 0), "x" + string(make([]byte, 4095)) + "y", false},
		"stored, then short": {append(append([]byte{}, whole...), 0x01, 0xB0, 0, 'y', 0, 0), string(whole[2:]) + "y", false},
		"cut":                {[]byte{0x05, 0xB0, 0, 'a'}, "", true},
		"cut pair":           {[]byte{0x02, 0xB0, 0b10, 'a', 3, 0, 0}, "", true},
		"before the chunk":   {[]byte{0x03, 0xB0, 0b10, 'a', 0, 0x10, 0}, "", true},
		"at its begin":       {[]byte{0x02, 0xB0, 1, 0, 0, 0}, "", true},
		"too long":           {[]byte{0x06, 0xB0, 0b110, 'a', 0xFF, 0x0F, 0xFF, 0x0F, 0}, "", true},
	} {
		dst := bytes.Repeat([]byte{0xEE}, 2*lzChunk)
		err := lznt1(dst, c.src)
		if c.bad {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || !bytes.Equal(dst, append([]byte(c.want), make([]byte, len(dst)-len(c.want))...)) {
			t.Errorf("%s: %q…, %v", name, dst[:16], err)
		}
	}
}

func FuzzLZNT1(f *testing.F) {
	f.Add([]byte{0x04, 0xB0, 0b100, 'a', 'b', 0x03, 0x10, 0, 0})
	f.Fuzz(func(t *testing.T, src []byte) {
		if err := lznt1(make([]byte, 64<<10), src); err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}
