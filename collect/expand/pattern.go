package expand

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/glob"
)

// pattern is one path of a definition, with what its variables make of it.
type pattern struct {
	text     string           // as written
	content  bool             // bytes are wanted, not only metadata
	variable string           // that it begins with; "" where with none
	leads    [][]glob.Segment // what that stands for: one of them, and then the tail
	tail     []glob.Segment
	problem  string // why it can't be had here
}

// user reports whether it begins with a variable that speaks of users.
func (p *pattern) user() bool { return strings.HasPrefix(p.variable, "users.") }

// alternatives yields the paths that a pattern stands for. They are made as they
// are needed: a host may have ten thousand homes, and hundreds of patterns.
func (p *pattern) alternatives() iter.Seq[[]glob.Segment] {
	return func(yield func([]glob.Segment) bool) {
		for _, lead := range p.leads {
			if len(lead) == 0 && p.user() && p.deep() {
				continue // a home folder "/" must not make a tree of the whole disk
			}
			if !yield(slices.Concat(lead, p.tail)) {
				return
			}
		}
	}
}

// deep reports whether the tail begins with **.
func (p *pattern) deep() bool { return len(p.tail) > 0 && p.tail[0].Deep > 0 }

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
	p := pattern{text: text, leads: [][]glob.Segment{nil}}
	parts := artifacts.Variables(text)
	if len(parts) > 1 && parts[0] == "" {
		if roots, ok := e.roots[parts[1]]; ok {
			p.leads, p.variable = roots, parts[1]
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
	p.tail = e.tail(rest, sep)
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
