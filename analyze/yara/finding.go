//go:build cgo

package yara

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	yr "github.com/hillu/go-yara/v4"

	"github.com/hozen-dfir/hozen/analyze"
)

// Bounds on what a finding takes from its rule.
const (
	maxMeta      = 64   // entries
	maxMetaValue = 4096 // bytes
)

// scan is one item under examination.
type scan struct {
	a       *Analyzer
	subject *analyze.Subject
	report  func(analyze.Finding)
}

// RuleMatching implements yr.ScanCallback.
func (a *Analyzer) RuleMatching(sc *yr.ScanContext, r *yr.Rule) (abort bool, err error) {
	if a.now != nil {
		a.now.report(a.now.finding(sc, r))
	}
	return false, nil
}

// TooManyMatches implements yr.ScanCallbackTooManyMatches: the string's
// further matches are not looked for, and the scan goes on, as the yara
// command does it.
func (a *Analyzer) TooManyMatches(*yr.ScanContext, *yr.Rule, string) (abort bool, err error) {
	return false, nil
}

func (s *scan) finding(sc *yr.ScanContext, r *yr.Rule) analyze.Finding {
	rec := s.subject.Record
	f := analyze.Finding{Format: analyze.FindingFormat, Bundle: s.subject.Bundle, Seq: rec.Seq, Source: rec.Source,
		Path: rec.Path, PathB64: rec.PathB64, SHA256: rec.SHA256, Size: s.subject.Size, Analyzer: "yara",
		Rule: r.Identifier(), Kind: "yara", Namespace: r.Namespace(), Tags: r.Tags(), Meta: metas(r)}
	f.RuleFile = s.a.files[f.Namespace]
	f.Severity, f.Title = severity(f.Meta), f.Meta["description"]
	f.Matches, f.More = places(sc, r.Strings())
	return f
}

// places returns the matches that a finding keeps, string by string, and how
// many there are beyond. Each string has its share: one that is everywhere
// leaves room for those that tell more.
func places(sc *yr.ScanContext, strs []yr.String) (kept []analyze.Match, more int) {
	var first [][]yr.Match // of each string, no more than can be kept
	var counts []int
	for i := range strs {
		all := strs[i].Matches(sc)
		first = append(first, slices.Clone(all[:min(len(all), analyze.MatchLimit)]))
		counts = append(counts, len(all))
	}
	for i, n := range shares(counts, analyze.MatchLimit) {
		for j := range n {
			kept = append(kept, match(strs[i].Identifier(), &first[i][j]))
		}
		more += counts[i] - n
	}
	return kept, more
}

// shares divides limit among as many as count: to each the same, as far as it
// has that many, and what is left to the first that have more; at least one to
// each until nothing is left.
func shares(counts []int, limit int) []int {
	out := make([]int, len(counts))
	for {
		wanting := 0
		for i, n := range counts {
			if out[i] < n {
				wanting++
			}
		}
		if wanting == 0 || limit == 0 {
			return out
		}
		each := max(1, limit/wanting)
		for i, n := range counts {
			k := min(each, n-out[i], limit)
			out[i] += k
			limit -= k
		}
	}
}

func match(name string, m *yr.Match) analyze.Match {
	data := m.Data()
	kept := data[:min(len(data), analyze.MatchBytes)]
	return analyze.Match{Name: name, Offset: m.Base() + m.Offset(), Length: matchLength(m),
		Data: base64.StdEncoding.EncodeToString(kept), Text: printable(kept)}
}

// printable writes bytes as text, with a dot for what can't be shown and
// without the zero bytes of UTF-16.
func printable(b []byte) string {
	wide := len(b) >= 4
	for i := 1; i < len(b); i += 2 {
		wide = wide && b[i] == 0
	}
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if wide && i%2 == 1 {
			continue
		}
		if b[i] >= ' ' && b[i] < 0x7f {
			out.WriteByte(b[i])
		} else {
			out.WriteByte('.')
		}
	}
	return out.String()
}

// metas returns all metadata; values of the same name are joined by "; ".
func metas(r *yr.Rule) map[string]string {
	list := r.Metas()
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]string, len(list))
	for _, m := range list[:min(len(list), maxMeta)] {
		v := strings.ToValidUTF8(fmt.Sprint(m.Value), "\uFFFD")
		v = strings.ToValidUTF8(v[:min(len(v), maxMetaValue)], "")
		if old, ok := out[m.Identifier]; ok {
			v = old + "; " + v
			v = strings.ToValidUTF8(v[:min(len(v), 4*maxMetaValue)], "")
		}
		out[m.Identifier] = v
	}
	return out
}

// severity follows the rule's "severity" word, or its "score" on the scale of
// 0 to 100 that public rules use.
func severity(meta map[string]string) analyze.Severity {
	switch s := analyze.Severity(strings.ToLower(meta["severity"])); s {
	case analyze.Info, analyze.Low, analyze.Medium, analyze.High, analyze.Critical:
		return s
	}
	n, err := strconv.Atoi(meta["score"])
	switch {
	case err != nil:
		return analyze.Medium
	case n >= 90:
		return analyze.Critical
	case n >= 75:
		return analyze.High
	case n >= 55:
		return analyze.Medium
	case n >= 40:
		return analyze.Low
	}
	return analyze.Info
}
