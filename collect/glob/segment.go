// Package glob matches paths against the patterns of artifact definitions, one
// component at a time. Names are raw bytes: a byte that is not UTF-8 counts as
// one character, and a newline is a character like any other.
package glob

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultDepth is how many levels "**" stands for.
const DefaultDepth = 3

// Segment is one component of a pattern.
type Segment struct {
	Text string // as written, or the literal name
	Deep int    // levels that "**" or "**N" stands for; 0 for an ordinary component
	lit  bool
	fold bool
	toks []token
}

// token is one step of a pattern: a run of literal bytes, any one character,
// one of a class, or any number of characters.
type token struct {
	kind   byte // 'l', '?', '[', '*'
	text   string
	negate bool
	ranges []rune // pairs
}

// Literal returns a component that matches exactly name, whatever it holds.
func Literal(name string, fold bool) Segment {
	return Segment{Text: name, lit: true, fold: fold}
}

// Compile reads one component: * ? [a-z] [!a-z] and, at its start, ** or **N.
// What follows ** in the component must match the name at the end of the
// levels. A bracket that is not closed stands for itself.
func Compile(text string, fold bool) Segment {
	s := Segment{Text: text, fold: fold}
	rest := text
	if strings.HasPrefix(rest, "**") {
		rest, s.Deep = rest[2:], DefaultDepth
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if n, err := strconv.Atoi(rest[:digits]); err == nil {
			s.Deep = min(max(n, 1), 10)
		}
		rest = "*" + rest[digits:]
	}
	s.toks = tokens(rest, fold)
	if s.Deep == 0 && !strings.ContainsAny(text, "*?[") {
		s.lit = true
	}
	return s
}

// IsLiteral reports whether the component matches one name only (in several
// cases of letters, where case does not count).
func (s Segment) IsLiteral() bool { return s.lit }

func tokens(p string, fold bool) []token {
	var out []token
	lit := ""
	flush := func() {
		if lit != "" {
			if fold {
				lit = Fold(lit)
			}
			out = append(out, token{kind: 'l', text: lit})
			lit = ""
		}
	}
	for p != "" {
		switch p[0] {
		case '*':
			flush()
			if len(out) == 0 || out[len(out)-1].kind != '*' {
				out = append(out, token{kind: '*'})
			}
			p = p[1:]
			continue
		case '?':
			flush()
			out = append(out, token{kind: '?'})
			p = p[1:]
			continue
		case '[':
			if t, n := class(p); n > 0 {
				flush()
				out = append(out, t)
				p = p[n:]
				continue
			}
		}
		lit, p = lit+p[:1], p[1:]
	}
	flush()
	return out
}

// class reads a bracket expression and its length, 0 where it is none.
func class(p string) (token, int) {
	t := token{kind: '['}
	i := 1
	if i < len(p) && (p[i] == '!' || p[i] == '^') {
		t.negate = true
		i++
	}
	for first := true; i < len(p); first = false {
		if p[i] == ']' && !first {
			return t, i + 1
		}
		lo, n := utf8.DecodeRuneInString(p[i:])
		i += n
		hi := lo
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			hi, n = utf8.DecodeRuneInString(p[i+1:])
			i += 1 + n
		}
		t.ranges = append(t.ranges, lo, hi)
	}
	return t, 0
}

func (t token) has(r rune, fold bool) bool {
	in := within(t.ranges, r) || fold && (within(t.ranges, unicode.ToLower(r)) || within(t.ranges, unicode.ToUpper(r)))
	return in != t.negate
}

func within(ranges []rune, r rune) bool {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] <= r && r <= ranges[i+1] {
			return true
		}
	}
	return false
}

// Match reports whether name matches the component. Of a ** component it asks
// only for what follows the stars.
func (s Segment) Match(name string) bool {
	if s.fold {
		name = Fold(name)
	}
	if s.lit {
		want := s.Text
		if s.fold {
			want = Fold(want)
		}
		return name == want
	}
	return run(s.toks, name, s.fold)
}

// run matches by going back to the last star only, so the work is bounded by
// len(toks) * len(name).
func run(toks []token, name string, fold bool) bool {
	t, i := 0, 0
	starT, starI := -1, 0
	for {
		if t < len(toks) && toks[t].kind == '*' {
			starT, starI = t, i
			t++
			continue
		}
		if t == len(toks) && i == len(name) {
			return true
		}
		if t < len(toks) {
			if n := step(toks[t], name[i:], fold); n > 0 {
				t, i = t+1, i+n
				continue
			}
		}
		if starT < 0 || starI >= len(name) {
			return false
		}
		_, n := utf8.DecodeRuneInString(name[starI:])
		starI += n
		t, i = starT+1, starI
	}
}

// step returns how many bytes of name one token takes, 0 where it doesn't match.
func step(t token, name string, fold bool) int {
	if t.kind == 'l' {
		if strings.HasPrefix(name, t.text) {
			return len(t.text)
		}
		return 0
	}
	if name == "" {
		return 0
	}
	r, n := utf8.DecodeRuneInString(name)
	if t.kind == '[' && !t.has(r, fold) {
		return 0
	}
	return n
}

// Fold maps a name to what it is compared by where case does not count: upper
// case, character by character, as NTFS does. Bytes that are not UTF-8 stay.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'a' <= c && c <= 'z' {
			return foldAll(s)
		}
	}
	return s
}

func foldAll(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(s[i])
		} else {
			b.WriteRune(unicode.ToUpper(r))
		}
		i += n
	}
	return b.String()
}
