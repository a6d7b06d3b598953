package cli

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		"/etc/passwd":             "/etc/passwd",
		"/home/é/日本":              "/home/é/日本",
		"a\x1b[2Jb":               `a\x1b[2Jb`,
		"a\nerror: b":             `a\x0aerror: b`,
		"tab\tdel\x7f":            `tab\x09del\x7f`,
		"\x9b31m":                 `\x9b31m`,   // a bare C1 byte
		"\u009b31m":               `\u009b31m`, // and the same control as UTF-8
		"exe\u202efdp.":           `exe\u202efdp.`,
		"a\u2066b\u2069\u200e":    `a\u2066b\u2069\u200e`,
		"zero\u200bwidth\ufeff":   `zero\u200bwidth\ufeff`,
		"line\u2028para\u2029":    `line\u2028para\u2029`,
		"\U000e0041tag":           `\U000e0041tag`,
		"bad\xff\xfeutf8":         `bad\xff\xfeutf8`,
		"\xed\xa0\x80":            `\xed\xa0\x80`, // a surrogate
		"\ufffd":                  "\ufffd",       // the replacement character itself is text
		`C:\Users\new\table`:      `C:\Users\new\table`,
		`\\server\share\`:         `\\server\share\`,
		`\x1b`:                    `\\x1b`,
		`\\x1b`:                   `\\\\x1b`,
		"\\\x1b":                  `\\\x1b`,
		`\x1`:                     `\x1`,
		`\u202e`:                  `\\u202e`,
		"nbsp\u00a0hangul\u3164b": `nbsp\u00a0hangul\u3164b`,
	} {
		if got := Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}

// unsafe is the inverse of Safe, written from its doc comment.
func unsafe(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
		if run == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		i += run
		if i == len(s) || !looksEscaped(s[i:]) {
			b.WriteString(strings.Repeat(`\`, run))
			continue
		}
		b.WriteString(strings.Repeat(`\`, run/2))
		if run%2 == 0 {
			continue
		}
		n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]
		v, _ := strconv.ParseUint(s[i+1:i+1+n], 16, 32)
		if n == 2 {
			b.WriteByte(byte(v))
		} else {
			b.WriteRune(rune(v))
		}
		i += 1 + n
	}
	return b.String()
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "a", `\`, `\\x1b`, "\\\x1b", "\x1b\\x1b", "\u202e", "\xff", "a\\\\\xffx1b", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Safe(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Safe(%q) is not UTF-8: %q", s, got)
		}
		for _, r := range got {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || strings.ContainsRune("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r) {
				t.Fatalf("Safe(%q) lets %U through", s, r)
			}
		}
		if back := unsafe(got); back != s {
			t.Fatalf("Safe(%q) = %q, which stands for %q", s, got, back)
		}
	})
}
