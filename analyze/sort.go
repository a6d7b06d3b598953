package analyze

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// SortFindings puts the findings of one item into the one order that depends
// on nothing but them: analyzer, rule file, namespace, rule, kind, packet,
// flow, first match, and at last their JSON.
func SortFindings(fs []Finding) {
	if len(fs) < 2 {
		return
	}
	// Findings are large and their JSON is costly: pointers are sorted, and
	// each JSON is made at most once.
	order := make([]*sortable, len(fs))
	for i := range fs {
		order[i] = &sortable{f: fs[i]}
	}
	slices.SortStableFunc(order, compareFindings)
	for i, s := range order {
		fs[i] = s.f
	}
}

// sortable is a finding with its JSON, made when it is needed.
type sortable struct {
	f    Finding
	json []byte
}

func compareFindings(a, b *sortable) int {
	x, y := &a.f, &b.f
	if c := cmp.Or(
		cmp.Compare(x.Analyzer, y.Analyzer), cmp.Compare(x.RuleFile, y.RuleFile),
		cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Rule, y.Rule), cmp.Compare(x.Kind, y.Kind),
		compareWhere(x.Where, y.Where), cmp.Compare(firstMatch(x), firstMatch(y)),
	); c != 0 {
		return c
	}
	return bytes.Compare(a.text(), b.text())
}

func compareWhere(a, b *Where) int {
	var none Where
	a, b = cmp.Or(a, &none), cmp.Or(b, &none)
	return cmp.Or(cmp.Compare(a.Packet, b.Packet), cmp.Compare(a.Flow, b.Flow),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func firstMatch(f *Finding) int64 {
	if len(f.Matches) == 0 {
		return -1
	}
	return f.Matches[0].Offset
}

func (s *sortable) text() []byte {
	if s.json == nil {
		// It fails for times beyond the year 9999 alone; the order of the
		// reports then stands.
		s.json, _ = json.Marshal(&s.f)
	}
	return s.json
}
