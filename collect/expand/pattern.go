package expand

import (
	"fmt"
	"strings"

	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/glob"
)

// pattern is one path of a definition, with what its variables make of it.
type pattern struct {
	text         string // as written
	content      bool   // bytes are wanted, not only metadata
	alternatives []alternative
	problem      string // why it can't be had here
}

type alternative struct {
	segments []glob.Segment
	user     bool // it came of a variable that speaks of users
}

// patterns returns the paths of a definition that apply to this source.
func (c *Collector) patterns(d *artifacts.Definition) []pattern {
	var out []pattern
	for i := range d.Sources {
		s := &d.Sources[i]
		if !s.Supports(c.info.OS) || !d.Supports(c.info.OS) {
			continue
		}
		for _, p := range s.Paths {
			q := c.env.pattern(p, s.Separator)
			q.content = s.Type == artifacts.TypeFile
			out = append(out, q)
		}
	}
	return out
}

// pattern expands the variables of one path.
func (e *environment) pattern(text, sep string) pattern {
	p := pattern{text: text}
	parts := artifacts.Variables(text)
	lead := [][]glob.Segment{nil}
	user := false
	if len(parts) > 1 && parts[0] == "" {
		if roots, ok := e.roots[parts[1]]; ok {
			lead, user = roots, strings.HasPrefix(parts[1], "users.")
			parts = parts[2:]
			if parts[0] != "" && !strings.HasPrefix(parts[0], sep) {
				p.problem = "the variable is followed by something other than a separator"
				return p
			}
		}
	}
	rest := parts[0]
	for i := 1; i < len(parts); i += 2 {
		w, ok := e.words[parts[i]]
		if !ok {
			p.problem = fmt.Sprintf("the variable %%%%%s%%%% has no value on this source, or not at this place", parts[i])
			return p
		}
		rest += w + parts[i+1]
	}
	tail := e.tail(rest, sep)
	for _, l := range lead {
		if len(l) == 0 && user && len(tail) > 0 && tail[0].Deep > 0 {
			continue // a home folder "/" must not make a tree of the whole disk
		}
		p.alternatives = append(p.alternatives, alternative{append(append([]glob.Segment{}, l...), tail...), user})
	}
	return p
}

// tail compiles what follows the variable. A drive letter is dropped: a source
// is one volume. Empty components and "." say nothing.
func (e *environment) tail(rest, sep string) []glob.Segment {
	if len(rest) > 1 && rest[1] == ':' {
		rest = rest[2:]
	}
	var out []glob.Segment
	for _, s := range strings.Split(rest, sep) {
		if s != "" && s != "." {
			out = append(out, glob.Compile(s, e.fold))
		}
	}
	return out
}
