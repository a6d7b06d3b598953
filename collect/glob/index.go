package glob

import (
	"slices"
	"strings"
)

// Index finds, of many patterns, those that match a path. It is read-only
// once built and then safe for concurrent use.
type Index struct {
	fold bool
	root node
}

// node is one place in a tree of patterns.
type node struct {
	lit  map[string]*node // by name, folded where case does not count
	glob []edge
	ids  []int // of the patterns that end here
}

type edge struct {
	seg Segment
	to  *node
}

// NewIndex returns an empty index.
func NewIndex(fold bool) *Index { return &Index{fold: fold} }

// Add enters a pattern under a number; several may share one.
func (x *Index) Add(id int, pattern []Segment) {
	n := &x.root
	for _, s := range pattern {
		n = n.child(s, x.fold)
	}
	if !slices.Contains(n.ids, id) {
		n.ids = append(n.ids, id)
	}
}

func (n *node) child(s Segment, fold bool) *node {
	if s.IsLiteral() {
		key := s.Text
		if fold {
			key = Fold(key)
		}
		if n.lit == nil {
			n.lit = map[string]*node{}
		}
		if n.lit[key] == nil {
			n.lit[key] = &node{}
		}
		return n.lit[key]
	}
	for _, e := range n.glob {
		if e.seg.Text == s.Text {
			return e.to
		}
	}
	e := edge{s, &node{}}
	n.glob = append(n.glob, e)
	return e.to
}

// Names splits an absolute path into its components; "/" has none.
func Names(path string) []string {
	if path = strings.TrimPrefix(path, "/"); path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// Match returns the numbers of the patterns that match the components of a
// path, each once, in ascending order.
func (x *Index) Match(names []string) []int {
	var out []int
	x.root.visit(names, x.fold, func(n *node, rest []string) {
		if len(rest) == 0 {
			out = append(out, n.ids...)
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// Prefixes returns after how many of the components a pattern ends, each number
// once, in ascending order.
func (x *Index) Prefixes(names []string) []int {
	var out []int
	x.root.visit(names, x.fold, func(n *node, rest []string) {
		if len(n.ids) > 0 {
			out = append(out, len(names)-len(rest))
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// visit calls at for every node that some of the names lead to, with those left.
func (n *node) visit(names []string, fold bool, at func(*node, []string)) {
	at(n, names)
	if len(names) == 0 {
		return
	}
	if n.lit != nil {
		key := names[0]
		if fold {
			key = Fold(key)
		}
		if c := n.lit[key]; c != nil {
			c.visit(names[1:], fold, at)
		}
	}
	for _, e := range n.glob {
		for k := 1; k <= max(e.seg.Deep, 1) && k <= len(names); k++ {
			if e.seg.Match(names[k-1]) {
				e.to.visit(names[k:], fold, at)
			}
		}
	}
}
