package expand

import (
	"slices"

	"github.com/hozen-dfir/hozen/collect/glob"
)

// index finds the definitions that ask for a path. What a variable stands for is
// kept once for all patterns that begin with it.
type index struct {
	fold     bool
	plain    *glob.Index
	families map[string]*family
}

// family is the patterns that begin with one variable.
type family struct {
	leads *glob.Index // what it stands for
	tails *glob.Index // what follows it
	deep  *glob.Index // tails that begin with **, which don't count at the root for users
}

func newIndex(fold bool) *index {
	return &index{fold: fold, plain: glob.NewIndex(fold), families: map[string]*family{}}
}

// add enters a pattern under a number.
func (x *index) add(id int, p *pattern) {
	if p.problem != "" {
		return
	}
	if p.variable == "" {
		x.plain.Add(id, p.tail)
		return
	}
	f := x.families[p.variable]
	if f == nil {
		f = &family{leads: glob.NewIndex(x.fold), tails: glob.NewIndex(x.fold), deep: glob.NewIndex(x.fold)}
		for _, l := range p.leads {
			f.leads.Add(0, l)
		}
		x.families[p.variable] = f
	}
	if p.user() && p.deep() {
		f.deep.Add(id, p.tail)
	} else {
		f.tails.Add(id, p.tail)
	}
}

// match returns the numbers of the patterns that match an absolute path, in
// ascending order, each once.
func (x *index) match(path string) []int {
	names := glob.Names(path)
	out := x.plain.Match(names)
	for _, f := range x.families {
		for _, n := range f.leads.Prefixes(names) {
			out = append(out, f.tails.Match(names[n:])...)
			if n > 0 {
				out = append(out, f.deep.Match(names[n:])...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
