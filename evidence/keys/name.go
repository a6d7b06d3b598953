package keys

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hozen-dfir/hozen/evidence"
)

// Role says in which capacity somebody acts.
type Role string

// The roles a key can have.
const (
	Examiner  Role = "examiner"
	Analyst   Role = "analyst"
	Legal     Role = "legal"
	Collector Role = "collector"
)

// ParseRole checks a role's name.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Examiner, Analyst, Legal, Collector:
		return r, nil
	}
	return "", fmt.Errorf("role %q: want examiner, analyst, legal or collector", s)
}

// nameGrammar is that of key names: a slug, so that it can stand in a signed
// note, in a file name and on a command line as it is.
var nameGrammar = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?$`)

// ValidName checks a key's name: 1 to 100 of a-z, 0-9, '.' and '-', beginning
// and ending with a letter or digit.
func ValidName(name string) error {
	if !nameGrammar.MatchString(name) {
		return fmt.Errorf("key name %.120q: want 1 to 100 of a-z, 0-9, '.' and '-', beginning and ending with a letter or digit", name)
	}
	return nil
}

// maxPerson bounds a display name, in bytes.
const maxPerson = 200

// NameFor derives a key's name from a person's: "A. Examiner" is "a-examiner".
// A name without a letter or digit of ASCII becomes "key"; the display name
// stands beside it.
func NameFor(person string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(person) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "key"
}

// ValidPerson checks a display name: 1 to 200 bytes of UTF-8, and no character
// that can't be seen, for two names that look alike would be two people's.
func ValidPerson(person string) error {
	if strings.TrimSpace(person) == "" || len(person) > maxPerson {
		return fmt.Errorf("a person's name has 1 to %d bytes", maxPerson)
	}
	text := append([]rune(person), 0)
	before := rune(0)
	for i, r := range text[:len(text)-1] {
		if r == utf8.RuneError || !evidence.Shown(r) && !belongs(before, r, text[i+1]) {
			return fmt.Errorf("person's name %.120q holds invalid UTF-8, or a character that is not seen: %U", person, r)
		}
		before = r
	}
	return nil
}

// belongs reports whether a character that is not shown by itself is part of how
// names are written: the wide space of Japanese, the form of an ideograph, and
// what joins letters or keeps them apart where they join.
func belongs(before, r, after rune) bool {
	const wideSpace, nonJoiner, joiner = 0x3000, 0x200c, 0x200d
	switch {
	case r == wideSpace:
		return true
	case r == nonJoiner || r == joiner:
		return joins(before) && joins(after)
	}
	return unicode.Is(unicode.Variation_Selector, r) && unicode.Is(unicode.Han, before)
}

// joins reports whether a letter is of a script whose letters join.
func joins(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
		unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Mongolian)
}
