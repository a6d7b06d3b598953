package artifacts

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
)

// Set holds definitions by name. The zero value is empty and ready.
type Set struct {
	defs   []*Definition
	byName map[string]*Definition // names and aliases, in lower case
	read   int                    // definitions met, for LoadPath
	paths  int                    // of all definitions that were added
	taken  []Replaced
}

// maxPaths bounds the paths of all definitions of a set: each is held in memory.
// The public definitions have some thousand.
const maxPaths = 100_000

// Replaced is an embedded definition whose place one loaded by hand took.
type Replaced struct{ By, Old *Definition }

// Replaced lists them, in the order of loading.
func (s *Set) Replaced() []Replaced { return s.taken }

// Add takes definitions in. One whose name is taken is a Problem, unless it
// was loaded by hand and the other is embedded: then it takes its place.
func (s *Set) Add(defs ...*Definition) []Problem {
	if s.byName == nil {
		s.byName = map[string]*Definition{}
	}
	var problems []Problem
	for _, d := range defs {
		for i := range d.Sources {
			s.paths += len(d.Sources[i].Paths)
		}
		if s.paths > maxPaths {
			return append(problems, Problem{d.File, d.Line, d.Name, fmt.Sprintf("more than %d paths in all definitions; the rest is not read", maxPaths)})
		}
		if old := s.byName[strings.ToLower(d.Name)]; old != nil {
			if !d.User || old.User {
				problems = append(problems, Problem{d.File, d.Line, d.Name, fmt.Sprintf("the name is taken by a definition in %s:%d", old.File, old.Line)})
				continue
			}
			s.remove(old)
			s.taken = append(s.taken, Replaced{By: d, Old: old})
		}
		s.put(d)
	}
	return problems
}

func (s *Set) put(d *Definition) {
	s.defs = append(s.defs, d)
	s.byName[strings.ToLower(d.Name)] = d
	for _, a := range d.Aliases {
		if k := strings.ToLower(a); s.byName[k] == nil {
			s.byName[k] = d
		}
	}
}

func (s *Set) remove(old *Definition) {
	s.defs = slices.DeleteFunc(s.defs, func(d *Definition) bool { return d == old })
	for k, d := range s.byName {
		if d == old {
			delete(s.byName, k)
		}
	}
}

// All returns every definition, sorted by name.
func (s *Set) All() []*Definition {
	out := slices.Clone(s.defs)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Find returns the definition of a name or alias, or nil. Case does not count.
func (s *Set) Find(name string) *Definition { return s.byName[strings.ToLower(name)] }

// Check resolves every group, for systems of every family, and reports those
// that name what isn't there or contain themselves.
func (s *Set) Check() []Problem {
	r := resolver{set: s, state: map[*Definition]int{}}
	for _, d := range s.All() {
		r.visit(d)
	}
	return r.problems
}

// Asked returns the definitions that a profile asks for on systems of one
// family, and those of the names given, groups replaced by their members. What
// could not be resolved is a Problem; the rest stands.
func (s *Set) Asked(profile string, names []string, os collect.OS) ([]*Definition, []Problem) {
	r := resolver{set: s, os: os, state: map[*Definition]int{}}
	for _, n := range names {
		if d := s.Find(n); d != nil {
			r.visit(d)
		} else {
			r.problems = append(r.problems, Problem{File: "definitions", Definition: n, Text: "no such definition"})
		}
	}
	for _, d := range s.All() {
		if d.In(profile) && d.Supports(os) {
			r.visit(d)
		}
	}
	return r.out, r.problems
}

// Idle returns those of the definitions named that ask for nothing on systems of
// these families.
func (s *Set) Idle(names []string, systems []collect.OS) []*Definition {
	var out []*Definition
	for _, n := range names {
		d := s.Find(n)
		if d == nil || slices.Contains(out, d) {
			continue
		}
		busy := slices.ContainsFunc(systems, func(os collect.OS) bool {
			r := resolver{set: s, os: os, state: map[*Definition]int{}}
			r.visit(d)
			return len(r.out) > 0
		})
		if !busy {
			out = append(out, d)
		}
	}
	return out
}

// States of a definition in a resolver.
const (
	unseen = iota
	open   // its groups are being resolved: meeting it again is a cycle
	done
)

// resolver flattens groups, depth first, each definition once.
type resolver struct {
	set      *Set
	os       collect.OS // "" means every one
	state    map[*Definition]int
	out      []*Definition
	problems []Problem
}

func (r *resolver) visit(d *Definition) {
	if r.state[d] == done {
		return
	}
	r.state[d] = open
	leaf := false
	for i := range d.Sources {
		src := &d.Sources[i]
		if r.os != "" && !src.Supports(r.os) {
			continue
		}
		if src.Type != TypeGroup {
			leaf = true
			continue
		}
		for _, n := range src.Names {
			r.member(d, src, n)
		}
	}
	r.state[d] = done
	if leaf && (r.os == "" || d.Supports(r.os)) {
		r.out = append(r.out, d)
	}
}

func (r *resolver) member(d *Definition, src *Source, name string) {
	m := r.set.Find(name)
	switch {
	case m == nil:
		r.problem(d, src.Line, fmt.Sprintf("the group names %q, which is not defined", name))
	case r.state[m] == open:
		r.problem(d, src.Line, fmt.Sprintf("the group contains itself, by way of %q", name))
	default:
		r.visit(m)
	}
}

func (r *resolver) problem(d *Definition, line int, text string) {
	r.problems = append(r.problems, Problem{d.File, line, d.Name, text})
}
