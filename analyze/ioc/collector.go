package ioc

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc/scan"
)

// collector gathers what matches in one item, within bounds.
type collector struct {
	set   *Set
	found map[uint32]*matches
	over  int // places of indicators beyond MaxFindings
}

type matches struct {
	named  []analyze.Match // path, digests
	places []scan.Place
	more   int
}

func newCollector(s *Set) *collector { return &collector{set: s, found: map[uint32]*matches{}} }

func (c *collector) get(e uint32) *matches {
	m := c.found[e]
	if m == nil {
		if len(c.found) >= MaxFindings {
			c.over++
			return nil
		}
		m = &matches{}
		c.found[e] = m
	}
	return m
}

func (c *collector) content(p scan.Place) {
	m := c.get(p.Entry)
	if m == nil {
		return
	}
	if len(m.places) >= analyze.MatchLimit {
		m.more++
		return
	}
	p.Data = bytes.Clone(p.Data[:min(len(p.Data), analyze.MatchBytes)])
	m.places = append(m.places, p)
}

func (c *collector) named(e uint32, name, value string) {
	if m := c.get(e); m != nil {
		text := strings.ToValidUTF8(value[:min(len(value), 4*analyze.MatchBytes)], "\uFFFD")
		m.named = append(m.named, analyze.Match{Name: name, Text: text})
	}
}

// report makes the findings, in the order of the set.
func (c *collector) report(s *analyze.Subject, report func(analyze.Finding)) {
	entries := make([]uint32, 0, len(c.found))
	for e := range c.found {
		entries = append(entries, e)
	}
	slices.Sort(entries)
	for _, first := range entries {
		m := c.found[first]
		f := base(s)
		f.Matches, f.More = c.matches(m), m.more
		for _, h := range c.set.Hits(nil, first) {
			fill(&f, h)
			report(f)
		}
	}
	if c.over > 0 {
		f := base(s)
		f.Rule, f.Kind, f.Severity = "more-indicators", "limit", analyze.Info
		f.Title = "more indicators match this item than are listed: " + strconv.Itoa(c.over) + " further places"
		report(f)
	}
}

func base(s *analyze.Subject) analyze.Finding {
	return analyze.Finding{Format: analyze.FindingFormat, Bundle: s.Bundle, Seq: s.Record.Seq, Source: s.Record.Source,
		Path: s.Record.Path, PathB64: s.Record.PathB64, SHA256: s.Record.SHA256, Size: s.Size, Analyzer: "ioc"}
}

func fill(f *analyze.Finding, h Hit) {
	f.Rule, f.Kind, f.RuleFile = strings.ToValidUTF8(h.Indicator, "\uFFFD"), h.Kind, h.File
	f.Severity, f.Title, f.Meta = h.Severity(), h.Comment, h.Meta()
}

func (c *collector) matches(m *matches) []analyze.Match {
	out := m.named
	slices.SortFunc(m.places, func(a, b scan.Place) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	for _, p := range m.places {
		out = append(out, match(p))
	}
	return out
}

func match(p scan.Place) analyze.Match {
	name, text := "content", p.Data
	if p.Wide {
		name = "content/utf-16le"
		units := make([]uint16, len(p.Data)/2)
		for i := range units {
			units[i] = uint16(p.Data[2*i]) | uint16(p.Data[2*i+1])<<8
		}
		text = []byte(string(utf16.Decode(units)))
	}
	return analyze.Match{Name: name, Offset: p.Offset, Length: p.Length,
		Data: base64.StdEncoding.EncodeToString(p.Data), Text: strings.ToValidUTF8(string(text), "\uFFFD")}
}
