package custody

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// cut marks a text that Clip shortened.
const cut = " [cut]"

// CheckText says whether a text that somebody gives fits an entry: UTF-8, and
// at most MaxText bytes as JSON has it, where a control character takes six.
func CheckText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("text %.40q… is not UTF-8", s)
	}
	if n := written(s); n > MaxText {
		return fmt.Errorf("a text of %d bytes (as JSON has it), at most %d", n, MaxText)
	}
	return nil
}

// written is how many bytes a text takes in an entry.
func written(s string) int {
	var b bytes.Buffer
	str(&b, s)
	return b.Len() - len(`""`)
}

// Clip makes a text from elsewhere (a bundle's header, an error) fit an entry:
// valid UTF-8 that takes at most limit bytes there, and limit at most MaxText.
func Clip(s string, limit int) string {
	limit = min(max(limit, len(cut)), MaxText)
	if len(s) > 4*limit { // don't convert what is thrown away
		s = s[:4*limit]
	}
	s = strings.ToValidUTF8(s, "\ufffd")
	if written(s) <= limit {
		return s
	}
	n, room := 0, limit-len(cut)
	for i, r := range s {
		if room -= written(string(r)); room < 0 {
			break
		}
		n = i + utf8.RuneLen(r)
	}
	return s[:n] + cut
}
