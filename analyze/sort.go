package analyze

import (
	"cmp"
	"encoding/json"
	"slices"
)

// SortFindings puts the findings of one item into the one order that depends
// on nothing but them: analyzer, rule file, namespace, rule, kind, packet,
// flow, first match, and at last their JSON.
func SortFindings(fs []Finding) {
	slices.SortStableFunc(fs, compareFindings)
}

func compareFindings(a, b Finding) int {
	if c := cmp.Or(
		cmp.Compare(a.Analyzer, b.Analyzer), cmp.Compare(a.RuleFile, b.RuleFile),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Kind, b.Kind),
		compareWhere(a.Where, b.Where), cmp.Compare(firstMatch(a), firstMatch(b)),
	); c != 0 {
		return c
	}
	return cmp.Compare(text(a), text(b))
}

func compareWhere(a, b *Where) int {
	var none Where
	a, b = cmp.Or(a, &none), cmp.Or(b, &none)
	return cmp.Or(cmp.Compare(a.Packet, b.Packet), cmp.Compare(a.Flow, b.Flow),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func firstMatch(f Finding) int64 {
	if len(f.Matches) == 0 {
		return -1
	}
	return f.Matches[0].Offset
}

func text(f Finding) string {
	b, err := json.Marshal(f)
	if err != nil { // times beyond the year 9999; the order of reports then stands
		return ""
	}
	return string(b)
}
