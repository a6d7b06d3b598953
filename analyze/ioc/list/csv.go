package list

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// columns says where the header line of a CSV file puts things; -1 is absent.
type columns struct {
	cutter
	value, kind       int
	comment, scoreCol int
	typed             map[int]want // columns whose name is a type: md5, domain …
	width             int
}

var valueNames = names("value", "indicator", "ioc", "ioc_value", "indicator_value", "observable", "observable_value", "indicators")
var typeNames = names("type", "kind", "ioc_type", "indicator_type", "observable_type")
var commentNames = names("comment", "comments", "description", "info", "note", "notes", "malware", "malware_printable",
	"malware_family", "threat", "signature", "family", "tags", "reference", "source")

// otherNames are columns of digests that nothing is searched for by. They stand
// beside those that are, and are no lack.
var otherNames = names("sha224", "sha384", "sha512", "sha-224", "sha-384", "sha-512")

var scoreNames = names("score", "confidence", "confidence_level", "severity_score")

func names(s ...string) map[string]bool {
	m := make(map[string]bool, len(s))
	for _, n := range s {
		m[n] = true
	}
	return m
}

// header reads line as a CSV header, or returns nil. The line may stand in a
// comment, as some feeds write it. A line that holds an indicator is none.
func header(line string) *columns {
	line = strings.TrimLeft(line, "#/ \t")
	for _, comma := range []rune{',', ';', '\t', '|'} {
		fields, err := split([]byte(line), comma)
		if err != nil || len(fields) < 2 && comma != ',' {
			continue
		}
		if c := layout(fields, comma); c != nil {
			return c
		}
	}
	return nil
}

func layout(fields []string, comma rune) *columns {
	c := &columns{cutter: cutter{comma: comma}, value: -1, kind: -1, comment: -1, scoreCol: -1, typed: map[int]want{}, width: len(fields)}
	known := 0
	for i, f := range fields {
		f = strings.ToLower(strings.TrimSpace(f))
		if !c.name(i, f) {
			continue
		}
		known++
	}
	if c.value < 0 && len(c.typed) == 0 || 2*known < min(len(fields), 4) && !c.titles(fields) || known < 2 && holds(fields) {
		return nil
	}
	if c.value >= 0 {
		c.typed = map[int]want{}
	}
	c.weaken(fields)
	if known == 1 && c.comment < 0 { // the rest has names of the list's own
		for i := range fields {
			if _, ok := c.typed[i]; !ok && i != c.value {
				c.comment = i
			}
		}
	}
	return c
}

// titles reports whether a line of three cells and more, one of which is a name
// of a type, holds nothing but names of columns: "phish_id,url,target".
func (c *columns) titles(fields []string) bool {
	strong := false
	for i, f := range fields {
		if f = strings.ToLower(strings.TrimSpace(f)); !title.MatchString(f) {
			return false
		}
		w, ok := c.typed[i]
		strong = strong || ok && w != wantName && w != wantPath && w != wantRegex && !weakNames[f]
	}
	return strong && len(fields) > 2
}

var title = regexp.MustCompile(`^[a-z][a-z0-9]*([_ -][a-z0-9]+)*$`)

// weakNames are columns that describe where another holds indicators: the name
// of a threat, a link to a report.
var weakNames = names("name", "link")

func (c *columns) weaken(fields []string) {
	weak := slices.DeleteFunc(slices.Sorted(maps.Keys(c.typed)), func(i int) bool {
		return !weakNames[strings.ToLower(strings.TrimSpace(fields[i]))]
	})
	if len(weak) == len(c.typed) {
		return
	}
	for _, i := range weak {
		delete(c.typed, i)
		if c.comment < 0 {
			c.comment = i
		}
	}
}

// holds reports whether one of the cells is an indicator: "md5,d41d8c…" is data.
func holds(fields []string) bool {
	return slices.ContainsFunc(fields, func(f string) bool {
		_, _, ok := row{cells: fields}.cell(strings.TrimSpace(f))
		return ok || otherDigest(f)
	})
}

// name takes column i, called f, and reports whether it is of use.
func (c *columns) name(i int, f string) bool {
	set := func(at *int) bool {
		if *at < 0 {
			*at = i
		}
		return true
	}
	if _, ok := words[f]; !ok {
		f = strings.ReplaceAll(f, " ", "_") // "IOC Value"
	}
	switch {
	case valueNames[f]:
		return set(&c.value)
	case typeNames[f]:
		return set(&c.kind)
	case commentNames[f]:
		return set(&c.comment)
	case scoreNames[f]:
		return set(&c.scoreCol)
	}
	if w, ok := words[f]; ok && w != wantAny && !otherNames[f] {
		c.typed[i] = w
		return true
	}
	return false
}

func split(line []byte, comma rune) ([]string, error) { return (&cutter{comma: comma}).cut(line) }

// cutter takes records apart, with quotes as encoding/csv is lazy about them,
// and white space before cells left out unless that is the separator. One
// serves many records, for a reader of its own would cost each of them more
// than the rest.
type cutter struct {
	comma rune
	src   bytes.Reader
	r     *csv.Reader
	at    int64 // of r in what it was given
}

func (c *cutter) cut(line []byte) ([]string, error) {
	if c.r == nil {
		c.r, c.at = csv.NewReader(&c.src), 0
		c.r.Comma, c.r.LazyQuotes, c.r.TrimLeadingSpace, c.r.FieldsPerRecord = c.comma, true, c.comma != '\t', -1
	}
	c.src.Reset(line)
	fields, err := c.r.Read()
	c.at += int64(len(line))
	if err != nil || c.r.InputOffset() != c.at {
		c.r = nil // what it has not read must not stand before the next
	}
	return fields, err
}

// record reads one CSV record, which may go over several lines, MaxLine bytes
// together at most. Lines behind a quote that has no end, or no proper one, are
// records of their own: what a stray quote swallows is lost in silence.
func (p *parser) record(br *bufio.Reader, line []byte) error {
	first := p.rep.Lines
	open, stray := quotes(line, p.csv.comma)
	if !open {
		return p.cells(line, first)
	}
	text := bytes.Clone(line)
	lines := [][]byte{text}
	size := len(text)
	for open && size <= MaxLine {
		next, long, err := readLine(br)
		if err != nil && len(next) == 0 {
			break
		}
		p.rep.Lines++
		if long {
			p.rep.odd(p.rep.Lines, next, fmt.Sprintf("longer than %d bytes", MaxLine))
			break
		}
		lines = append(lines, bytes.Clone(next))
		text = append(append(text, '\n'), next...)
		size += 1 + len(next)
		if bytes.IndexByte(next, '"') >= 0 {
			open, stray = quotes(text, p.csv.comma)
		}
	}
	if !open && !stray {
		return p.cells(text, first)
	}
	p.rep.odd(first, lines[0], "a quoted field without an end")
	for i, l := range lines {
		if len(bytes.TrimSpace(l)) == 0 {
			p.rep.Comments++
			continue
		}
		if err := p.cells(l, first+i); err != nil {
			return err
		}
	}
	return nil
}

// quotes reports whether a quoted field is open at the end of text, and whether
// a quote stands inside one that neither ends it nor is doubled (RFC 4180,
// section 2). A quote inside a field that begins with none is a character.
func quotes(text []byte, comma rune) (open, stray bool) {
	for i := 0; i < len(text); {
		for comma != '\t' && i < len(text) && text[i] == ' ' {
			i++
		}
		if i == len(text) || text[i] != '"' {
			n := bytes.IndexByte(text[i:], byte(comma))
			if n < 0 {
				return false, stray
			}
			i += n + 1
			continue
		}
		for open, i = true, i+1; open; {
			n := bytes.IndexByte(text[i:], '"')
			if n < 0 {
				return true, stray
			}
			i += n + 1
			switch {
			case i == len(text) || text[i] == byte(comma):
				open = false
				i++
			case text[i] == '"':
				i++
			default:
				stray = true
			}
		}
	}
	return false, stray
}

func (p *parser) cells(text []byte, line int) error {
	fields, err := p.csv.cut(text)
	if err != nil {
		p.rep.odd(line, text, err.Error())
		return nil
	}
	return p.fields(fields, text, line)
}

func (p *parser) fields(f []string, text []byte, line int) error {
	c := p.csv
	base := Indicator{Comment: strings.TrimSpace(at(f, c.comment)), Score: NoScore, Line: line}
	if n, ok := score(at(f, c.scoreCol)); ok {
		base.Score = n
	}
	if c.value >= 0 {
		return p.typed(base, strings.TrimSpace(at(f, c.kind)), at(f, c.value), text)
	}
	took := false
	for i := 0; i < c.width; i++ {
		w, ok := c.typed[i]
		v := strings.TrimSpace(at(f, i))
		if !ok || v == "" || v == "-" || strings.EqualFold(v, "n/a") {
			continue
		}
		took = true
		if err := p.one(base, w, v, text); err != nil {
			return err
		}
	}
	if !took {
		p.rep.odd(line, text, "no indicator in this record")
	}
	return nil
}

func at(f []string, i int) string {
	if i < 0 || i >= len(f) {
		return ""
	}
	return f[i]
}

// typed reads a value with a type as the list words it; "a|b" types hold two
// values ("filename|md5", "domain|ip").
func (p *parser) typed(base Indicator, kind, value string, text []byte) error {
	kind = strings.ToLower(kind)
	if kind == "" {
		return p.one(base, wantAny, value, text)
	}
	if w, ok := words[kind]; ok {
		return p.one(base, w, value, text)
	}
	k1, k2, two := strings.Cut(kind, "|")
	v1, v2, both := strings.Cut(value, "|")
	w1, ok1 := words[k1]
	w2, ok2 := words[k2]
	if !two || !both || !ok1 || !ok2 {
		p.rep.odd(base.Line, text, "type "+strings.ToValidUTF8(kind[:min(len(kind), 64)], "")+" is none that is searched for")
		return nil
	}
	if err := p.one(base, w1, v1, text); err != nil {
		return err
	}
	return p.one(base, w2, v2, text)
}

func (p *parser) one(base Indicator, w want, value string, text []byte) error {
	kind, key, err := As(w, value)
	if err == nil && !utf8.ValidString(value) {
		err = errUTF8
	}
	if err != nil {
		p.rep.odd(base.Line, text, err.Error())
		return nil
	}
	base.Kind, base.Key, base.Raw = kind, key, strings.TrimSpace(value)
	return p.emit(base)
}
