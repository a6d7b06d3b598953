package list

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// plain reads one line of a list without a CSV header.
func (p *parser) plain(s string) error {
	if p.regexes {
		return p.scored(s, "")
	}
	value, comment := cutComment(s)
	if word, rest, ok := strings.Cut(value, ":"); ok && words[strings.ToLower(word)] == wantRegex {
		return p.expression(strings.TrimSpace(rest), comment)
	}
	kind, key, err := Detect(value)
	before, _, more := strings.Cut(value, ";")
	known := err == nil && !more // whether it is an expression, Detect has asked
	if known && kind == PathRegex && key == value || !known && (isExpression(before) || more && isExpression(value)) {
		return p.expression(value, comment)
	}
	if errors.Is(err, errRange) {
		p.rep.odd(p.rep.Lines, []byte(s), err.Error())
		return nil
	}
	r, isRow := rowOf(value)
	quoted := strings.HasPrefix(value, `"`) && strings.Count(value, `"`) > 2
	if err == nil && !(isRow && (quoted || r.splits(kind))) {
		return p.emit(Indicator{Kind: kind, Key: key, Raw: value, Comment: comment, Score: NoScore, Line: p.rep.Lines})
	}
	if done, err := p.hostsLine(value, comment); done {
		return err
	}
	if isRow {
		return p.row(s, r, comment)
	}
	if v, rest, ok := strings.Cut(value, ";"); ok && err != nil {
		if _, scored := score(field(rest)); scored && v != "" {
			return p.scored(s, comment)
		}
	}
	if done, err := p.spaced(value, comment); done {
		return err
	}
	p.rep.odd(p.rep.Lines, []byte(s), err.Error())
	return nil
}

// expression reads what follows "path:" or "regex:": an expression, and a
// score and an exception where the line has them.
func (p *parser) expression(s, comment string) error {
	if i := strings.LastIndexByte(s, ';'); i > 0 {
		_, last := score(s[i+1:])
		j := strings.LastIndexByte(s[:i], ';')
		before := false
		if j > 0 {
			_, before = score(s[j+1 : i])
		}
		if last || before {
			return p.scored(s, comment)
		}
	}
	kind, key, err := regexKey(s)
	if err != nil {
		p.rep.odd(p.rep.Lines, []byte(s), err.Error())
		return nil
	}
	return p.emit(Indicator{Kind: kind, Key: key, Raw: s, Comment: comment, Score: NoScore, Line: p.rep.Lines})
}

// cutComment splits a comment off: from a # or // that follows white space, or
// a # that white space follows (neither occurs inside an indicator).
func cutComment(s string) (value, comment string) {
	for i := 1; i < len(s); i++ {
		n := 0
		switch {
		case s[i] == '#' && (space(s[i-1]) || i+1 < len(s) && space(s[i+1])):
			n = 1
		case s[i] == '/' && i+1 < len(s) && s[i+1] == '/' && space(s[i-1]):
			n = 2
		default:
			continue
		}
		return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+n:])
	}
	return s, ""
}

func space(c byte) bool { return c == ' ' || c == '\t' }

// scored reads `regex;score[;exception]`. The expression may hold semicolons:
// the score is the last field, or the last but one, that is a number.
func (p *parser) scored(s, comment string) error {
	fields := strings.Split(s, ";")
	at := len(fields) - 1
	n, ok := score(fields[at])
	if !ok && at > 1 {
		at--
		n, ok = score(fields[at])
	}
	if !ok || at == 0 {
		p.rep.odd(p.rep.Lines, []byte(s), "no score after the expression")
		return nil
	}
	value := strings.Join(fields[:at], ";")
	except := ""
	if at == len(fields)-2 {
		except = strings.TrimSpace(fields[at+1])
	}
	kind, key, err := regexKey(value)
	if err == nil && except != "" {
		if len(except) > MaxRegex {
			err = errLong
		} else {
			_, err = regexp.Compile(except)
		}
	}
	if err != nil {
		p.rep.odd(p.rep.Lines, []byte(s), err.Error())
		return nil
	}
	return p.emit(Indicator{Kind: kind, Key: key, Raw: value, Except: except, Comment: comment, Score: n, Line: p.rep.Lines})
}

func score(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if len(s) == 0 || len(s) > 4 || !number(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= 1000
}

// hostsLine reads a line of a hosts file that sends names to nowhere.
func (p *parser) hostsLine(s, comment string) (bool, error) {
	f := strings.Fields(s)
	if len(f) < 2 {
		return false, nil
	}
	if _, ok := IPKey(f[0]); ok && !slices.ContainsFunc(f[1:], func(n string) bool { return !ownName(n) }) {
		p.rep.Comments++
		return true, nil
	}
	if f[0] != "0.0.0.0" && f[0] != "127.0.0.1" && f[0] != "::" && f[0] != "::1" {
		return false, nil
	}
	for _, name := range f[1:] {
		key, ok := DomainKey(name)
		if !ok {
			p.rep.odd(p.rep.Lines, []byte(s), "no domain name in a hosts line")
			continue
		}
		if err := p.emit(Indicator{Kind: Domain, Key: key, Raw: name, Comment: comment, Score: NoScore, Line: p.rep.Lines}); err != nil {
			return true, err
		}
	}
	return true, nil
}

// ownName tells the names that every hosts file gives to addresses of the host
// itself.
func ownName(s string) bool {
	s = strings.ToLower(s)
	return s == "localhost" || s == "broadcasthost" || s == "local" || strings.HasPrefix(s, "localhost.") || strings.HasPrefix(s, "ip6-")
}
