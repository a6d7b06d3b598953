package custody

import (
	"strings"
	"unicode/utf8"
)

// cut marks a text that Clip shortened.
const cut = " [cut]"

// Clip makes a text from elsewhere (a bundle's header, an error) fit an entry:
// valid UTF-8 of at most limit bytes, and limit at most MaxText.
func Clip(s string, limit int) string {
	limit = min(max(limit, len(cut)), MaxText)
	if len(s) > 4*limit { // don't convert what is thrown away
		s = s[:4*limit]
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= limit {
		return s
	}
	s = s[:limit-len(cut)]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + cut
}
