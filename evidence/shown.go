package evidence

import "unicode"

// Shown reports whether a character is seen for what it is where text is shown:
// it is none of those that control a terminal, turn the direction of writing, or
// are nothing to the eye.
func Shown(r rune) bool {
	return unicode.IsPrint(r) && !unicode.Is(unicode.Variation_Selector, r) && !blank(r)
}

// blank lists printable runes that most terminals show as nothing: fillers and
// the blank Braille pattern.
func blank(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x034f, 0x17b4, 0x17b5:
		return true
	}
	return false
}
