package list

import (
	"regexp"
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
	if v, rest, ok := strings.Cut(value, ";"); ok {
		_, scored := score(field(rest))
		if err != nil || scored || kind == FileName {
			return p.semicolon(s, v, rest, comment)
		}
	}
	if err == nil {
		return p.emit(Indicator{Kind: kind, Key: key, Raw: value, Comment: comment, Score: NoScore, Line: p.rep.Lines})
	}
	for _, sep := range []string{"\t", ",", "|"} {
		if v, rest, ok := strings.Cut(value, sep); ok {
			if done, err := p.valueComment(v, rest, sep); done {
				return err
			}
		}
	}
	if done, err := p.hostsLine(value, comment); done {
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

// semicolon reads `indicator;comment`, `indicator;score[;comment]` and
// `regex;score[;exception]`.
func (p *parser) semicolon(line, value, rest, comment string) error {
	value = strings.TrimSpace(value)
	kind, key, err := Detect(value)
	first, more, _ := strings.Cut(rest, ";")
	n, scored := score(first)
	if err != nil {
		if scored {
			return p.scored(line, comment)
		}
		p.rep.odd(p.rep.Lines, []byte(line), err.Error())
		return nil
	}
	text := strings.TrimSpace(rest)
	if scored {
		text = strings.TrimSpace(more)
	} else {
		n = NoScore
	}
	if text == "" {
		text = comment
	}
	return p.emit(Indicator{Kind: kind, Key: key, Raw: value, Comment: text, Score: n, Line: p.rep.Lines})
}

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

// valueComment reads `indicator<separator>comment`. Of several digests in a
// row, as in `md5,sha1,sha256`, each is an indicator.
func (p *parser) valueComment(value, rest, sep string) (bool, error) {
	value = strings.TrimSpace(value)
	kind, key, err := Detect(value)
	if err != nil {
		return false, nil
	}
	ind := Indicator{Kind: kind, Key: key, Raw: value, Comment: strings.Trim(rest, " \t\""), Score: NoScore, Line: p.rep.Lines}
	if _, digest := hashKind(key); !digest {
		return true, p.emit(ind)
	}
	for _, f := range append([]string{value}, strings.Split(rest, sep)...) {
		f = unquote(strings.TrimSpace(f))
		if k, ok := hashKind(f); ok {
			ind.Kind, ind.Raw = k, f
			ind.Key, _ = lower(f)
			if err := p.emit(ind); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// hostsLine reads a line of a hosts file that sends names to nowhere.
func (p *parser) hostsLine(s, comment string) (bool, error) {
	f := strings.Fields(s)
	if len(f) < 2 || f[0] != "0.0.0.0" && f[0] != "127.0.0.1" && f[0] != "::" && f[0] != "::1" {
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
