package ntfs

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// decode turns little-endian UTF-16 into UTF-8. A surrogate without its other
// half, which NTFS allows, becomes its own three bytes (WTF-8), so that
// different names stay different.
func decode(b []byte) string {
	out := make([]byte, 0, len(b))
	for ; len(b) >= 2; b = b[2:] {
		u := rune(binary.LittleEndian.Uint16(b))
		if utf16.IsSurrogate(u) && len(b) >= 4 {
			if r := utf16.DecodeRune(u, rune(binary.LittleEndian.Uint16(b[2:]))); r != unicode.ReplacementChar {
				out = utf8.AppendRune(out, r)
				b = b[2:]
				continue
			}
		}
		if utf16.IsSurrogate(u) {
			out = append(out, 0xE0|byte(u>>12), 0x80|byte(u>>6)&0xBF, 0x80|byte(u)&0xBF)
			continue
		}
		out = utf8.AppendRune(out, u)
	}
	return string(out)
}

// units is the counterpart of decode; ok is false for bytes it never makes.
func units(s string) (out []uint16, ok bool) {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			if i+2 >= len(s) || s[i] != 0xED || s[i+1]&0xE0 != 0xA0 || s[i+2]&0xC0 != 0x80 {
				return nil, false
			}
			out = append(out, 0xD000|uint16(s[i+1]&0x3F)<<6|uint16(s[i+2]&0x3F))
			i += 3
			continue
		}
		out = utf16.AppendRune(out, r)
		i += n
	}
	return out, true
}

// component makes a file name fit a path: a slash or NUL within it and the
// whole names "", "." and ".." (which a hostile volume may hold) move to the
// private use area, U+F000 + the character, as other NTFS drivers do.
func component(name string) string {
	if name == "." || name == ".." || name == "" {
		out := "\uF000"
		for range name {
			out += "\uF02E"
		}
		return out
	}
	return separators(name)
}

// separators moves every slash and NUL as component does: in the name of a
// stream, which stands behind its file's in a path, the rest does no harm.
func separators(name string) string {
	if !strings.ContainsAny(name, "/\x00") {
		return name
	}
	return strings.NewReplacer("/", "\uF02F", "\x00", "\uF000").Replace(name)
}

// foldTable is the volume's own table of capitals, one for each UTF-16 unit.
type foldTable []uint16

// upcase reads $UpCase; without it the simple folding of Unicode is used.
func (f *FS) upcase() foldTable {
	t := make(foldTable, 1<<16)
	for i := range t {
		u := unicode.ToUpper(rune(i))
		if u > 0xFFFF || utf16.IsSurrogate(rune(i)) {
			u = rune(i)
		}
		t[i] = uint16(u)
	}
	n, err := f.Node(Ref{Record: recordUpcase})
	if err != nil {
		return t
	}
	d, err := n.Open("")
	b := make([]byte, 2<<16)
	if err != nil || d.Size() != int64(len(b)) {
		return t
	}
	if _, err := d.ReadAt(b, 0); err != nil {
		return t
	}
	for i := range t {
		t[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return t
}

// equal compares two names without regard to case.
func (t foldTable) equal(a, b string) bool {
	if a == b {
		return true
	}
	ua, ok := units(a)
	ub, ok2 := units(b)
	if !ok || !ok2 || len(ua) != len(ub) {
		return false
	}
	for i := range ua {
		if t[ua[i]] != t[ub[i]] {
			return false
		}
	}
	return true
}

// hash is the same for names that are equal without regard to case.
func (t foldTable) hash(seed maphash.Seed, name string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	us, ok := units(name)
	if !ok {
		h.WriteString(name)
		return h.Sum64()
	}
	var b [2]byte
	for _, u := range us {
		binary.LittleEndian.PutUint16(b[:], t[u])
		h.Write(b[:])
	}
	return h.Sum64()
}
