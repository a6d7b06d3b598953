package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// marksInRow bounds combining marks on one character: more is an attack on the
// lines above and below.
const marksInRow = 3

// Escape makes hostile text fit for a terminal or a cell: control and format
// characters (escape sequences, changes of direction), bytes that are no UTF-8
// and the backslash itself become \n, \xNN or \u{N}.
func Escape(s string) string {
	var b strings.Builder
	marks := 0
	for i, n := 0, 0; i < len(s); i += n {
		var r rune
		r, n = utf8.DecodeRuneInString(s[i:])
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r) || marks > marksInRow:
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cells is how many columns of a terminal a character takes.
func cells(r rune) int {
	if unicode.IsMark(r) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Width is how many columns escaped text takes.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// fit cuts or pads escaped text to exactly n columns. What was cut is marked;
// keepEnd keeps the end, which says most of a path.
func fit(s string, n int, keepEnd bool) string {
	w := Width(s)
	if w <= n {
		return s + strings.Repeat(" ", n-w)
	}
	if n <= 1 {
		return strings.Repeat("…", n)
	}
	rs := []rune(s)
	room, out := n-1, ""
	if keepEnd {
		i := len(rs)
		for i > 0 && cells(rs[i-1]) <= room {
			i--
			room -= cells(rs[i])
		}
		for i < len(rs) && unicode.IsMark(rs[i]) {
			i++ // its character was cut off
		}
		out = "…" + string(rs[i:])
	} else {
		i := 0
		for i < len(rs) && cells(rs[i]) <= room {
			room -= cells(rs[i])
			i++
		}
		out = string(rs[:i]) + "…"
	}
	return out + strings.Repeat(" ", room)
}
