package yara

import "testing"

func TestIndependent(t *testing.T) {
	const a, b = "rule a { strings: $b = \"b\" /* b */ $r = /b\\/b/ condition: $b or #b > 1 } // b\n", "private rule b : t { condition: pe.b == 1 }"
	for text, want := range map[string]bool{
		a + b: true,
		"rule a { condition: true } rule c { condition: a }":                      false,
		"rule a1 { condition: true } rule c { condition: any of (a*) }":           false,
		"rule a { condition: true } rule c { condition: for all of (a) : ( $ ) }": false,
		"global " + a + b:                     false,
		"include \"x.yar\"\n" + a:             false,
		"import \"pe\"\n" + a + b:             true,
		"rule a : b { condition: true } " + b: false, // a tag: taken for a use
		"":                                    true, "rule": true, "rule a { strings: $a = \"unclosed": true,
	} {
		if got := independent([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
