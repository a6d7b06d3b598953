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

func TestShort(t *testing.T) {
	if s := strings.Repeat("x", shortMax); Short(s) != s {
		t.Error("what fits was cut")
	}
	for _, piece := range []string{"x", "\x1b", "é", "日本", "\U000e0041", "\u202e", "\\", "a\x00"} {
		for shift := range 12 {
			long := strings.Repeat("-", shift) + strings.Repeat(piece, 1<<14) + strings.Repeat("-", shift)
			got, whole := Short(long), Safe(long)
			head, rest, ok := strings.Cut(got, " … (")
			n, tail, ok2 := strings.Cut(rest, " bytes left out) … ")
			if !ok || !ok2 || !strings.HasPrefix(whole, head) || !strings.HasSuffix(whole, tail) || !utf8.ValidString(got) {
				t.Fatalf("%q, %d: %q", piece, shift, got)
			}
			if len(got) > shortMax+60 || n != Count(int64(len(whole)-len(head)-len(tail))) || Safe(head) != head && piece != "\\" && !strings.Contains(head, `\`) {
				t.Errorf("%q, %d: %d bytes, %s left out", piece, shift, len(got), n)
			}
			if piece[0] == 0x1b && !(strings.HasSuffix(head, `\x1b`) && strings.HasPrefix(tail, `\x1b`)) {
				t.Errorf("an escape was cut: …%s and %s…", head[len(head)-8:], tail[:8])
			}
		}
	}
}
