package ioc

import (
	"testing"
)

// TestEscapes: text that JSON and logs quote has letters before a token that
// belong to an escape and not to it.
func TestEscapes(t *testing.T) {
	s := set(t, "evil.example\nnas.corp.example\n192.0.2.7\nd41d8cd98f00b204e9800998ecf8427e\nmail@phish.example\nevil.example/a\n")
	for text, want := range map[string]int{
		`{"log":"to\tevil.example\n"}`: 1, `{"log":"x\nevil.example."}`: 1, `a\u0020evil.example`: 1, `a\x20evil.example`: 1, `\revil.example\t`: 1,
		`x\nevil.example/a`: 2,
		`x\n192.0.2.7\n`:    1, `x\t192.0.2.7:80`: 1, `x\x20192.0.2.7`: 1,
		`x\nd41d8cd98f00b204e9800998ecf8427e\n`: 1, `x\tD41D8CD98F00B204E9800998ECF8427E`: 1,
		`x\tmail@phish.example`:             1,
		`\\nas.corp.example\x`:              1, // a Windows share
		`C:\nas.corp.example`:               1,
		`x\\nevil.example`:                  0, // a backslash, and another name
		`nevil.example`:                     0,
		`xn192.0.2.7`:                       0,
		`\b192.0.2.7`:                       0,
		`nd41d8cd98f00b204e9800998ecf8427e`: 0,
		`\u00evil.example`:                  0,
		`\n`:                                0,
		`\n.example`:                        0,
	} {
		n := 0
		for _, f := range examine(t, s, subject([]byte(text), "/x")) {
			n += len(f.Matches)
		}
		if n != want {
			t.Errorf("%s: %d matches, want %d", text, n, want)
		}
	}
}
