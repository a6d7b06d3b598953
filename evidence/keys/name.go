package keys

import (
	"fmt"
	"regexp"
	"strings"
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

// ValidPerson checks a display name: 1 to 200 bytes of UTF-8, no control characters.
func ValidPerson(person string) error {
	if strings.TrimSpace(person) == "" || len(person) > maxPerson {
		return fmt.Errorf("a person's name has 1 to %d bytes", maxPerson)
	}
	for _, r := range person {
		if r < 0x20 || r == 0x7f || r == 0xfffd {
			return fmt.Errorf("person's name %.120q holds control characters or invalid UTF-8", person)
		}
	}
	return nil
}
