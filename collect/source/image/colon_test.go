package image

import (
	"bytes"
	"os"
	"testing"
	"unicode/utf16"

	"github.com/hozen-dfir/hozen/collect"
)

// wide is a name as NTFS stores it.
func wide(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// TestNamesWithColons has names that NTFS allows and Windows does not: a folder
// with the path of a file's stream, and a file with a colon and streams.
func TestNamesWithColons(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "ntfs.raw"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to, path, stream, spelt string // stream "-": no stream
	}{
		{"ProgramData", "streams:s99", "/streams:s99", "-", "streams:s99"},
		{"ProgramData", "streams:s99", "/streams:s99:$DATA", "s99", "streams:s99:$DATA"},
		{"ProgramData", "streams:s99", "/STREAMS:S99:$data", "s99", "streams:s99:$DATA"},
		{"ProgramData", "streams:s99", "/streams:s98:$DATA", "s98", "streams:s98"},
		{"streams", "st:eams", "/st:eams:s99", "s99", "st:eams:s99"},
		{"streams", "st:eams", "/st:eams", "-", "st:eams"},
		{"streams", ":treams", "/:treams:s7", "s7", ":treams:s7"},
	} {
		src, err := inMemory(bytes.ReplaceAll(whole, wide(c.from), wide(c.to)), int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := src.find(c.path)
		if err != nil || o.isADS != (c.stream != "-") || o.isADS && o.stream != c.stream {
			t.Errorf("%s: %+v, %v", c.path, o, err)
		}
		if got, err := collect.Speller(src).Spell(c.path); err != nil || got != c.spelt {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}
