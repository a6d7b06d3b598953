package list

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// row is a line of several cells without a header that says what they are.
//
// Its first cell may be any indicator. Each further cell is one too if it is,
// as a whole, a digest, an address, a network, a host with its port, a URL, a
// mail address, or a domain name under a top-level domain that exists (or is
// reserved, or .onion): "win.emotet" and "report.docx" are none. A number
// behind the first semicolon is a score. All other cells are the description.
type row struct {
	cells []string
	sep   string
}

// rowOf splits a line at the separator that makes most of it: the first one
// in the line unless only another gives indicators.
func rowOf(line string) (row, bool) {
	var seps []string
	for _, c := range []string{"\t", ";", ",", "|"} {
		if strings.Contains(line, c) {
			seps = append(seps, c)
		}
	}
	slices.SortStableFunc(seps, func(a, b string) int { return strings.Index(line, a) - strings.Index(line, b) })
	for _, sep := range seps {
		if r := (row{cut(line, sep), sep}); r.first() || r.more() {
			return r, true
		}
	}
	return row{}, false
}

// cut splits a line into cells, which may be quoted.
func cut(line, sep string) []string {
	var cells []string
	if n := strings.Count(line, `"`); n > 0 && n%2 == 0 {
		cells, _ = split([]byte(line), rune(sep[0]))
	}
	if cells == nil {
		cells = strings.Split(line, sep)
	}
	for i, c := range cells {
		cells[i] = unquote(strings.TrimSpace(c))
	}
	return cells
}

// first reports whether the first cell is an indicator.
func (r row) first() bool {
	_, _, err := Detect(r.cells[0])
	return err == nil
}

// more reports whether a further cell is one.
func (r row) more() bool {
	return slices.ContainsFunc(r.cells[1:], func(c string) bool {
		_, _, ok := r.cell(c)
		return ok
	})
}

// score returns the number behind the first semicolon.
func (r row) score() (int, bool) {
	if r.sep != ";" || len(r.cells) < 2 {
		return NoScore, false
	}
	n, ok := score(r.cells[1])
	if !ok {
		n = NoScore
	}
	return n, ok
}

// splits reports whether a line that is an indicator of kind k as a whole is
// a row nonetheless: where one more indicator stands in it, or a score.
func (r row) splits(k Kind) bool {
	if _, ok := r.score(); ok || r.more() {
		return true
	}
	return k == FileName && r.first()
}

// cell reads a cell that is not the first.
func (r row) cell(s string) (Kind, string, bool) {
	if strings.ContainsAny(s, " \t") || s == "" {
		return 0, "", false
	}
	k, key, err := Detect(s)
	if err != nil {
		return 0, "", false
	}
	switch k {
	case MD5, SHA1, SHA256, IP, CIDR, HostPort, Email:
		return k, key, true
	case URL:
		host, _, _ := strings.Cut(key, "/")
		return k, key, strings.Contains(Refang(s), "://") || knownTLD(host)
	case Domain:
		digest, _, err := Detect(r.cells[0])
		file := err == nil && digest <= SHA256 && scriptLike(key)
		return k, key, !file && knownTLD(key)
	}
	return 0, "", false
}

// knownTLD reports whether a name ends as names of this world do: in a
// top-level domain of the public suffix list, or one kept for tests and
// documents (RFC 6761) or for Tor (RFC 7686).
func knownTLD(host string) bool {
	_, icann := publicsuffix.PublicSuffix(host)
	switch host[strings.LastIndexByte(host, '.')+1:] {
	case "example", "test", "invalid", "onion":
		return true
	}
	return icann
}

// scriptLike tells names that are a file's where a digest stands before them,
// though their ending is a top-level domain.
func scriptLike(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "zip", "sh", "py", "pl", "rs", "so", "md", "ps", "mov", "app", "com":
		return true
	}
	return false
}

// nearly tells cells that look like an indicator and are none that this
// package knows: a wrong address, a digest of another length, a broken URL.
func nearly(s string) bool {
	if strings.ContainsAny(s, " \t") {
		return false
	}
	digits, hexes := strings.Count(s, "."), len(s) >= 32
	for i := 0; i < len(s); i++ {
		if !hexOr(s[i], '0') {
			hexes = false
		}
		if (s[i] < '0' || s[i] > '9') && s[i] != '.' && s[i] != '/' {
			digits = 0
		}
	}
	return hexes || digits == 3 || strings.Contains(Refang(s), "://")
}

// row takes what is in the cells. rest is the comment behind the line.
func (p *parser) row(line string, r row, rest string) error {
	base := Indicator{Score: NoScore, Line: p.rep.Lines}
	cells := r.cells
	n, scored := r.score()
	if scored {
		if !r.first() && !r.more() {
			return p.scored(line, rest)
		}
		base.Score = n
		cells = slices.Delete(slices.Clone(cells), 1, 2)
	}
	var out []Indicator
	var words []string
	for i, c := range cells {
		ind := base
		ind.Raw = c
		var ok bool
		if i == 0 {
			var err error
			ind.Kind, ind.Key, err = Detect(c)
			ok = err == nil
		} else {
			ind.Kind, ind.Key, ok = r.cell(c)
		}
		switch {
		case ok:
			out = append(out, ind)
			continue
		case nearly(c):
			p.rep.odd(p.rep.Lines, []byte(c), "a cell that is no indicator of a known type")
		}
		if c != "" {
			words = append(words, c)
		}
	}
	return p.all(out, description(words, r.sep, rest))
}

func description(words []string, sep, rest string) string {
	if len(words) == 0 {
		return rest
	}
	if sep != "\t" && sep != " " {
		sep += " "
	}
	return strings.Join(words, sep)
}

func (p *parser) all(inds []Indicator, comment string) error {
	for _, ind := range inds {
		ind.Comment = comment
		if err := p.emit(ind); err != nil {
			return err
		}
	}
	return nil
}

// spaced reads a line of fields with white space between: a digest and the
// name of a file, as sha256sum writes them, or an address or a name and what
// is said of it; and "SHA256 (file) = digest".
func (p *parser) spaced(line, rest string) (bool, error) {
	f := strings.Fields(line)
	if len(f) < 2 {
		return false, nil
	}
	if i := strings.LastIndex(line, ") = "); i > 0 && strings.Contains(line[:i], " (") {
		if k, ok := hashKind(line[i+4:]); ok {
			key, _ := lower(line[i+4:])
			return true, p.emit(Indicator{Kind: k, Key: key, Raw: line[i+4:], Comment: line[:i+1], Score: NoScore, Line: p.rep.Lines})
		}
	}
	r := row{cells: f, sep: " "}
	head := strings.TrimPrefix(f[0], `\`) // before an escaped name, as coreutils write it
	if k, ok := hashKind(head); ok {
		key, _ := lower(head)
		name := strings.TrimLeft(strings.TrimSpace(line)[len(f[0]):], " \t*")
		out := []Indicator{{Kind: k, Key: key, Raw: head, Score: NoScore, Line: p.rep.Lines}}
		for _, c := range f[1:] { // other digests of the same file
			if k, ok := hashKind(c); ok {
				key, _ := lower(c)
				out = append(out, Indicator{Kind: k, Key: key, Raw: c, Score: NoScore, Line: p.rep.Lines})
			}
		}
		return true, p.all(out, strings.TrimSpace(name+" "+rest))
	}
	k, _, ok := r.cell(f[0])
	if !ok || k == Domain && slices.ContainsFunc(f[1:], r.prose) {
		return false, nil
	}
	return true, p.row(line, r, rest)
}

// prose reports whether a field is a word, as opposed to an indicator, a
// number, a date.
func (r row) prose(f string) bool {
	_, _, ok := r.cell(f)
	return !ok && strings.Trim(f, "0123456789-:./TZ") != ""
}
