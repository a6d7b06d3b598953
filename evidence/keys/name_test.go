package keys

import (
	"strings"
	"testing"
)

// A name is what it looks like. People's names are taken as they write them.
func TestValidPerson(t *testing.T) {
	for _, person := range []string{"A. Examiner", "山田　太郎", "葛\U000e0100城", "Žofie Nováková", "O’Neill-Ünal", "علی\u200cرضا", "क्\u200dष", "e\u0301", "👩"} {
		if err := ValidPerson(person); err != nil {
			t.Errorf("%q: %v", person, err)
		}
	}
	for _, person := range []string{
		"", "   ", "\u3000", "A\nB", "A\x7f", "A\u0085B", "A\xffB", "A\ufffdB", // control characters, and what is no text
		"A\u202eB", "A\u202aB", "A\u2066B", "A\u200eB", "A\u061cB", // directions
		"A\u200bB", "A\u2060B", "\ufeffA", "A\u00adB", "A\u180eB", "A\u3164B", "A\u2800B", "A\u115fB", "A\u034fB", // nothing to the eye
		"A\u200cB", "A\u200dB", "\u200cA", "علی\u200c", "A\ufe0fB", "A\U000e0100", "A\U000e0041", // where they do nothing
		"A\u00a0B", "A\u2003B", "A\u2028B", "A\ue000B", "A\U0010fffdB", // other spaces and lines, and private ones
		strings.Repeat("A", maxPerson+1),
	} {
		if ValidPerson(person) == nil {
			t.Errorf("%q is a person's name", person)
		}
	}
}
