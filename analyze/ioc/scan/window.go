package scan

import (
	"unicode/utf16"
	"unicode/utf8"
)

// window is a run of UTF-16LE text without spaces, as UTF-8. It is made once
// for all dots and colons in it.
type window struct {
	text   []byte
	at     []int32 // for each byte of text, and for its end: where it is in the buffer
	lo, hi int     // in the buffer
	open   bool    // cut at hi
	cursor int     // index of what was last asked for
}

// windowSize is how far a window goes, in bytes of the buffer.
const windowSize = 64 << 10

func (w *window) reset() { w.lo, w.hi = 0, 0 }

// index makes the window hold the unit at p of buf, with what belongs to it,
// and returns where it is in the text.
func (w *window) index(r *runes, buf []byte, p int) int {
	if p < w.lo || p >= w.hi || (p-w.lo)&1 != 0 || w.open && p+margin > w.hi {
		w.fill(r, buf, p)
	}
	if int(w.at[w.cursor]) > p {
		w.cursor = 0
	}
	for int(w.at[w.cursor]) < p {
		w.cursor++
	}
	return w.cursor
}

func (w *window) fill(r *runes, buf []byte, p int) {
	lo := p
	for lo >= 2 && p-lo < margin && unitOf(r, buf, lo-2) != 0 {
		lo -= 2
	}
	w.text, w.at, w.cursor = w.text[:0], w.at[:0], 0
	stop := min(len(buf)-1, p+windowSize+margin)
	i := lo
	for i < stop {
		c, n := unitOf(r, buf, i), 2
		if c == 0 || utf16.IsSurrogate(c) {
			if c, n = pairAt(r, buf, i); c == 0 {
				if i >= p {
					break
				}
				i += 2 // what stands before it belongs to nothing here
				w.text, w.at, lo = w.text[:0], w.at[:0], i
				continue
			}
		}
		w.text = utf8.AppendRune(w.text, c)
		for len(w.at) < len(w.text) {
			w.at = append(w.at, int32(i))
		}
		i += n
	}
	w.at = append(w.at, int32(i))
	w.lo, w.hi, w.open = lo, i, i >= stop && stop < len(buf)-1
}

// unitOf returns the UTF-16 unit at i, or 0 for one that ends a run: a space, a
// control, or a sign beyond ASCII.
func unitOf(r *runes, buf []byte, i int) rune {
	c := rune(buf[i]) | rune(buf[i+1])<<8
	if c <= ' ' || c >= utf8.RuneSelf && !utf16.IsSurrogate(c) && r.fold(c).class == noLabel {
		return 0
	}
	return c
}

func pairAt(r *runes, buf []byte, i int) (rune, int) {
	if i+3 >= len(buf) {
		return 0, 0
	}
	c := utf16.DecodeRune(rune(buf[i])|rune(buf[i+1])<<8, rune(buf[i+2])|rune(buf[i+3])<<8)
	if c == utf8.RuneError || r.fold(c).class == noLabel {
		return 0, 0
	}
	return c, 4
}
