package paths

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Forms returns the spellings of a path that expressions are tried on;
// the last has a drive where the path is absolute.
func Forms(p string) []string {
	forms := []string{p}
	if strings.IndexByte(p, '/') >= 0 {
		p = strings.ReplaceAll(p, "/", `\`)
		forms = append(forms, p)
	}
	drive := p
	switch {
	case len(p) > 2 && p[0] == '\\' && p[2] == ':' && letter(p[1]): // "/C:/x"
		drive = p[1:]
	case p[0] == '\\' && !strings.HasPrefix(p, `\\`):
		drive = "C:" + p
	}
	if drive != p {
		forms = append(forms, drive)
	}
	return forms
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// Fold brings a path to the form in which literals are looked for: lower
// case as regular expressions fold ASCII, forward slashes.
func Fold(p string) string {
	b := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c == '\\':
			c = '/'
		case c == 0xC5 && strings.HasPrefix(p[i:], "\u017F"): // folds to s
			c = 's'
			i++
		case c == 0xE2 && strings.HasPrefix(p[i:], "\u212A"): // Kelvin sign, folds to k
			c = 'k'
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}

// gram is the length of the pieces that the filter looks for.
const gram = 3

// Expr is one expression: RE2 source that is searched for in a path, and RE2
// source of paths that don't count, or "".
type Expr struct {
	Entry       uint32 // what Match calls found with
	Src, Except string
}

// Matcher runs only those expressions whose literals occur in a path.
// Expressions are compiled when first needed. It is safe for concurrent use.
type Matcher struct {
	exprs  []expr
	always []int32            // expressions without a usable literal
	grams  map[uint32][]piece // by the bytes of a gram
	seen   [1 << 13]uint8     // bit set over hashed grams
}

type expr struct {
	Expr
	once       sync.Once
	re, except *regexp.Regexp
}

type piece struct {
	expr int32
	text string
}

// New returns a Matcher of expressions, each of which compiles.
func New(exprs []Expr) *Matcher {
	m := &Matcher{exprs: make([]expr, len(exprs)), grams: map[uint32][]piece{}}
	for i, e := range exprs {
		m.exprs[i].Expr = e
		m.index(int32(i))
	}
	return m
}

func (m *Matcher) index(i int32) {
	literals := required(m.exprs[i].Src)
	if len(literals) == 0 {
		m.always = append(m.always, i)
		return
	}
	for _, l := range literals {
		best, least := uint32(0), -1
		for at := 0; at+gram <= len(l); at++ {
			g := gramAt(l, at)
			if n := len(m.grams[g]); least < 0 || n < least {
				best, least = g, n
			}
		}
		m.grams[best] = append(m.grams[best], piece{i, l})
		b := gramBit(best)
		m.seen[b>>3] |= 1 << (b & 7)
	}
}

func gramAt(s string, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16
}

func gramBit(g uint32) uint32 { return g * 0x9E3779B1 >> 16 }

// Match calls found for each expression that a path meets, in their order.
// forms are the path's Forms, folded is Fold of the last of them.
func (m *Matcher) Match(forms []string, folded string, found func(uint32)) {
	var todo []int32
	for i := 0; i+gram <= len(folded); i++ {
		g := gramAt(folded, i)
		if b := gramBit(g); m.seen[b>>3]&(1<<(b&7)) == 0 {
			continue
		}
		if len(m.grams[g]) == 0 || strings.Index(folded, folded[i:i+gram]) < i {
			continue // the same again
		}
		for _, p := range m.grams[g] {
			if strings.Contains(folded, p.text) {
				todo = append(todo, p.expr)
			}
		}
	}
	todo = append(todo, m.always...)
	slices.Sort(todo)
	for _, i := range slices.Compact(todo) {
		if m.exprs[i].match(forms) {
			found(m.exprs[i].Entry)
		}
	}
}

func (e *expr) match(forms []string) bool {
	e.once.Do(func() {
		e.re, _ = regexp.Compile(e.Src) // checked when the list was read
		if e.Except != "" {
			e.except, _ = regexp.Compile(e.Except)
		}
	})
	if e.re == nil || !slices.ContainsFunc(forms, e.re.MatchString) {
		return false
	}
	return e.except == nil || !slices.ContainsFunc(forms, e.except.MatchString)
}
