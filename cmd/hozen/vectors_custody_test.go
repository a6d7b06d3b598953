package main

import (
	"strings"
	"testing"
)

// TestCustodyVectors holds the logs of testdata against what must be said of
// them; nothing in them may command a terminal.
func TestCustodyVectors(t *testing.T) {
	store := vectorDir + "/custody"
	for name, want := range map[string]struct {
		verify, show int
		says         string
	}{
		"IR-good":      {0, 0, ""},
		"IR-text":      {0, 0, ""},
		"IR-changed":   {4, 4, "entries/000001.note"},
		"IR-cut":       {4, 4, "entries/000001.note: is missing"},
		"IR-reordered": {4, 4, "entries/000001.note"},
		"IR-older":     {4, 0, "checkpoints/000003.checkpoint"},
		"IR-forged":    {4, 4, "entries/000002.note"},
		"IR-twice":     {4, 4, "entries/000002.note: no entry: member \"note\" twice"},
		"IR-case":      {4, 4, "entries/000002.note: no entry: member \"Note\" is written in another case"},
		"IR-space":     {4, 4, "entries/000002.note: entry is not canonical JSON"},
	} {
		b := &vectorBox{T: t}
		for _, json := range []bool{false, true} {
			for command, code := range map[string]int{"verify": want.verify, "show": want.show} {
				args := []string{"custody", command, "--store", store, "--case", name}
				if json {
					args = append(args, "--json")
				}
				got, out, errs := call(args...)
				if got != code {
					t.Errorf("%s of %s: exit code %d, want %d: %s%s", command, name, got, code, out, errs)
				}
				if command == "verify" && !strings.Contains(strings.Join(strings.Fields(out+errs), " "), want.says) && !json {
					t.Errorf("%s of %s does not say %q: %s%s", command, name, want.says, out, errs)
				}
				b.printable(command+" of "+name, out+errs)
			}
		}
	}
}
