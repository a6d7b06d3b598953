package scan

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// runeClass is what a rune beyond ASCII means to a name of a host.
type runeClass uint8

const (
	notYet  runeClass = iota
	noLabel           // no part of a name
	cased             // of a script that puts spaces between words; a mark, a digit: names go on with it
	free              // of another script, a symbol: a name may begin or end beside it
	ignored           // leaves no trace in a name: a soft hyphen
)

// folding is what UTS 46 maps a rune to, decomposed.
type folding struct {
	class runeClass
	marks bool // ends in a mark, so that the order of marks may matter
	text  string
}

// runes remembers foldings: to work one out takes a microsecond. It grows with
// the alphabets that were met, to 40 MB at most.
type runes struct {
	pages [(unicode.MaxRune + 1) / pageRunes]*[pageRunes]folding
}

const pageRunes = 128

func (r *runes) fold(c rune) *folding {
	page := &r.pages[c/pageRunes]
	if *page == nil {
		*page = new([pageRunes]folding)
	}
	f := &(*page)[c%pageRunes]
	if f.class == notYet {
		*f = foldRune(c)
	}
	return f
}

func foldRune(c rune) folding {
	text, ok := list.MapRune(c)
	if !ok || strings.ContainsAny(text, " ./:@") {
		return folding{class: noLabel}
	}
	f := folding{class: classOfRune(c), text: norm.NFD.String(text)}
	switch {
	case text == "":
		f.class = ignored
	case f.class != noLabel:
		_, n := utf8.DecodeLastRuneInString(f.text)
		f.marks = norm.NFD.PropertiesString(f.text[len(f.text)-n:]).CCC() != 0
	}
	return f
}

// classOfRune goes by Unicode's scripts and categories. The middle dot stands
// in Catalan words.
func classOfRune(c rune) runeClass {
	switch {
	case unicode.In(c, unicode.M, unicode.Nd) || c == '·':
		return cased
	case unicode.In(c, unicode.L) && unicode.In(c, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian):
		return cased
	case unicode.In(c, unicode.L, unicode.N, unicode.S) || c == '・':
		return free
	}
	return noLabel
}

// before and after return the class of the rune that ends or begins at i;
// noLabel where there is none, or bytes that are no UTF-8.
func (r *runes) before(b []byte, i int) runeClass {
	if i == 0 || b[i-1] < utf8.RuneSelf {
		return noLabel
	}
	c, n := utf8.DecodeLastRune(b[max(0, i-utf8.UTFMax):i])
	if n <= 1 {
		return noLabel
	}
	return r.fold(c).class
}

func (r *runes) after(b []byte, i int) runeClass {
	if i >= len(b) || b[i] < utf8.RuneSelf {
		return noLabel
	}
	c, n := utf8.DecodeRune(b[i:])
	if n <= 1 {
		return noLabel
	}
	return r.fold(c).class
}
