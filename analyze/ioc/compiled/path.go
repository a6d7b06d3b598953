package compiled

import (
	"strings"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
	"github.com/hozen-dfir/hozen/analyze/ioc/paths"
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
	s.Paths(path, func(e uint32) { out = s.Hits(out, e) })
	return out
}

// Paths calls found with each entry, 1-based, that MatchPath returns the
// listings of.
func (s *Set) Paths(path string, found func(e uint32)) {
	if path == "" {
		return
	}
	get := func(k list.Kind, key string) {
		if e := lookup(s, k, key); e != 0 {
			found(e)
		}
	}
	forms := paths.Forms(path)
	folded := paths.Fold(forms[len(forms)-1])
	rooted := folded
	if len(rooted) > 2 && rooted[1] == ':' {
		rooted = rooted[2:]
	}
	if s.Has(list.Path) {
		get(list.Path, path)
	}
	if s.Has(list.WinPath) {
		get(list.WinPath, rooted)
	}
	if s.Has(list.FileName) {
		get(list.FileName, rooted[strings.LastIndexByte(rooted, '/')+1:])
	}
	if s.Has(list.PathEnd) {
		for i := strings.LastIndexByte(rooted, '/'); i >= 0; i = strings.LastIndexByte(rooted[:i], '/') {
			get(list.PathEnd, rooted[i:])
		}
	}
	if s.Has(list.PathRegex) {
		s.expressions().Match(forms, folded, found)
	}
}

func (s *Set) expressions() *paths.Matcher {
	s.once.Do(func() { s.paths = paths.New(s.exprs()) })
	return s.paths
}

func (s *Set) exprs() (out []paths.Expr) {
	for i := uint32(0); i < s.n; i++ {
		if list.Kind(s.entries[i*entrySize+kindAt]) == list.PathRegex {
			e := s.entry(i)
			out = append(out, paths.Expr{Entry: i + 1, Src: string(s.text(e.key)), Except: string(s.text(e.except))})
		}
	}
	return out
}
