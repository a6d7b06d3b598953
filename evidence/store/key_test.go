package store

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckKey(t *testing.T) {
	for _, good := range []string{
		"a", "cases/IR-1/bundles/b-1/segments/000001.00ff.zip.age", "a/b.c", ".a", "a%20b", "a b", "console", "com10",
		strings.Repeat("a", 255), strings.Repeat("a/", 511) + "aa",
	} {
		if err := CheckKey(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "../a", `a\b`, "a\x00", "a\nb", "a\x7f", "ä", "\xff",
		"a:b", "C:", "a*", "a?", "nul", "NUL.txt", "x/COM1", "lpt9.a.b", "a.", "a ", " a", "...", ".hozen-tmp-1/x",
		strings.Repeat("a", 256), strings.Repeat("a/", 512) + "a",
	} {
		if err := CheckKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := CheckKey("a/ü"); !strings.Contains(err.Error(), "'ü'") {
		t.Errorf("the character is not named: %v", err)
	}
	for prefix, good := range map[string]bool{"": true, "a": true, "a/": true, "a.": true, "a/b.": true, "/": false, "a//": false, "../": false, "..": true, "a/../b": false} {
		if err := CheckPrefix(prefix); (err == nil) != good {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

func FuzzCheckKey(f *testing.F) {
	f.Add("cases/IR-1/custody/entries/000000.json")
	f.Add("a/../b")
	f.Fuzz(func(t *testing.T, key string) {
		if CheckKey(key) != nil {
			return
		}
		for _, part := range strings.Split(key, "/") {
			if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\\\x00:") {
				t.Fatalf("%q passes", key)
			}
		}
	})
}
