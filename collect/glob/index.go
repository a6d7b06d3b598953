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

// Match returns the numbers of the patterns that match an absolute path, each
// once, in ascending order.
func (x *Index) Match(path string) []int {
	var out []int
	x.root.match(strings.Split(strings.TrimPrefix(path, "/"), "/"), x.fold, &out)
	slices.Sort(out)
	return slices.Compact(out)
}

func (n *node) match(names []string, fold bool, out *[]int) {
	if len(names) == 0 {
		*out = append(*out, n.ids...)
		return
	}
	if n.lit != nil {
		key := names[0]
		if fold {
			key = Fold(key)
		}
		if c := n.lit[key]; c != nil {
			c.match(names[1:], fold, out)
		}
	}
	for _, e := range n.glob {
		for k := 1; k <= max(e.seg.Deep, 1) && k <= len(names); k++ {
			if e.seg.Match(names[k-1]) {
				e.to.match(names[k:], fold, out)
			}
		}
	}
}
