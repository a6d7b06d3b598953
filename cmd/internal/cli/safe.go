package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hozen-dfir/hozen/evidence"
)

// Safe makes a string that others chose fit for a terminal: control
// characters, bytes that aren't UTF-8, and characters that are invisible or
// change the direction of writing are shown as \xHH, \uHHHH or \UHHHHHHHH. What
// it returns stands for one string only: backslashes that stand before
// something that reads like such an escape are doubled, and no others, so that
// Windows paths stay readable.
func Safe(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	slashes := 0 // seen, not yet written
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\\' {
			slashes++
			i += n
			continue
		}
		esc := escape(s[i:i+n], r)
		if esc != "" || looksEscaped(s[i:]) {
			slashes *= 2
		}
		if esc == "" {
			esc = s[i : i+n]
		}
		b.WriteString(strings.Repeat(`\`, slashes))
		b.WriteString(esc)
		slashes = 0
		i += n
	}
	b.WriteString(strings.Repeat(`\`, slashes))
	return b.String()
}

// shortMax bounds what Short shows, in bytes; the mark of the cut comes on top.
const shortMax = 4096

// Short is Safe for one line of a message: of a text that is longer than 4,096
// bytes, as it would be shown, beginning and end are left. A name in evidence
// may have a million bytes; the whole of it is in what --json prints.
func Short(s string) string {
	s = Safe(s)
	if len(s) <= shortMax {
		return s
	}
	from, to := shortMax*3/4, len(s)-shortMax/4
	if i := strings.LastIndexByte(s[from-escapeMax:from], '\\'); i >= 0 { // don't cut an escape
		from += i - escapeMax
	}
	if i := strings.LastIndexByte(s[to-escapeMax:to], '\\'); i >= 0 {
		if next := strings.IndexByte(s[to:to+escapeMax], '\\'); next >= 0 {
			i = next
		}
		to += i
	}
	for !utf8.RuneStart(s[from]) {
		from--
	}
	for !utf8.RuneStart(s[to]) {
		to++
	}
	return fmt.Sprintf("%s … (%s bytes left out) … %s", s[:from], Count(int64(to-from)), s[to:])
}

// escapeMax is the length of the longest escape, \U0001d173.
const escapeMax = 10

// plain is the common case: printable ASCII without a backslash.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// escape returns how raw, one rune or one bad byte, is shown, or "" where it
// may be shown as it is.
func escape(raw string, r rune) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1, r < ' ', r == 0x7f:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case evidence.Shown(r):
		return ""
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// looksEscaped reports whether s, standing after a backslash, would read as an
// escape.
func looksEscaped(s string) bool {
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[0]]
	if digits == 0 || len(s) <= digits {
		return false
	}
	for _, c := range []byte(s[1 : 1+digits]) {
		if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			return false
		}
	}
	return true
}
