package ioc

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// MatchPath returns the listings that a file's path meets: absolute paths and
// ends of paths, file names, and path expressions. Expressions are tried on
// the path as it is, with backslashes, and with "C:" before them, so that
// those written for Windows meet paths from images; paths of Windows compare
// without case and drive.
func (s *Set) MatchPath(path string) []Hit {
	if path == "" || len(path) > 4*list.MaxPath {
		path = path[:min(len(path), 4*list.MaxPath)]
	}
	var out []Hit
	s.path(path, func(e uint32) { out = s.hits(out, e) })
	return out
}

func (s *Set) path(path string, found func(e uint32)) {
	if path == "" {
		return
	}
	get := func(k list.Kind, key string) {
		if e := lookup(s, k, key); e != 0 {
			found(e)
		}
	}
	forms := pathForms(path)
	folded := foldPath(forms[len(forms)-1])
	rooted := folded
	if len(rooted) > 2 && rooted[1] == ':' {
		rooted = rooted[2:]
	}
	if s.has(list.Path) {
		get(list.Path, path)
	}
	if s.has(list.WinPath) {
		get(list.WinPath, rooted)
	}
	if s.has(list.FileName) {
		get(list.FileName, rooted[strings.LastIndexByte(rooted, '/')+1:])
	}
	if s.has(list.PathEnd) {
		for i := strings.LastIndexByte(rooted, '/'); i >= 0; i = strings.LastIndexByte(rooted[:i], '/') {
			get(list.PathEnd, rooted[i:])
		}
	}
	if s.has(list.PathRegex) {
		s.expressions().match(forms, folded, found)
	}
}

// pathForms returns the spellings of a path that expressions are tried on;
// the last has a drive where the path is absolute.
func pathForms(p string) []string {
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

// foldPath brings a path to the form in which literals are looked for: lower
// case as regular expressions fold ASCII, forward slashes.
func foldPath(p string) string {
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

func (s *Set) expressions() *pathMatcher {
	s.once.Do(func() { s.paths = newPathMatcher(s) })
	return s.paths
}

// gram is the length of the pieces that the filter looks for.
const gram = 3

// pathMatcher runs only those expressions whose literals occur in a path.
// Expressions are compiled when first needed.
type pathMatcher struct {
	exprs  []expr
	always []int32            // expressions without a usable literal
	grams  map[uint32][]piece // by the bytes of a gram
	seen   [1 << 13]uint8     // bit set over hashed grams
}

type expr struct {
	entry      uint32 // 1-based
	src, skip  string
	once       sync.Once
	re, except *regexp.Regexp
}

type piece struct {
	expr int32
	text string
}

func newPathMatcher(s *Set) *pathMatcher {
	m := &pathMatcher{grams: map[uint32][]piece{}}
	for i := uint32(0); i < s.n; i++ {
		if list.Kind(s.entries[i*entrySize+kindAt]) != list.PathRegex {
			continue
		}
		e := s.entry(i)
		m.exprs = append(m.exprs, expr{entry: i + 1, src: string(s.text(e.key)), skip: string(s.text(e.except))})
	}
	for i := range m.exprs {
		m.index(int32(i))
	}
	return m
}

func (m *pathMatcher) index(i int32) {
	literals := required(m.exprs[i].src)
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

func (m *pathMatcher) match(forms []string, folded string, found func(uint32)) {
	var todo []int32
	for i := 0; i+gram <= len(folded); i++ {
		g := gramAt(folded, i)
		if b := gramBit(g); m.seen[b>>3]&(1<<(b&7)) == 0 {
			continue
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
			found(m.exprs[i].entry)
		}
	}
}

func (e *expr) match(forms []string) bool {
	e.once.Do(func() {
		e.re, _ = regexp.Compile(e.src) // checked when the list was read
		if e.skip != "" {
			e.except, _ = regexp.Compile(e.skip)
		}
	})
	if e.re == nil || !slices.ContainsFunc(forms, e.re.MatchString) {
		return false
	}
	return e.except == nil || !slices.ContainsFunc(forms, e.except.MatchString)
}
