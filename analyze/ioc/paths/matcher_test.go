package paths

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRepeats: a path that repeats what many expressions begin with costs no
// more than another: each is looked for once.
func TestRepeats(t *testing.T) {
	var all []Expr
	for i := range 2000 {
		all = append(all, Expr{Entry: uint32(i), Src: "abc" + strings.Repeat("x", 3+i%7)})
	}
	m := New(all)
	path := strings.Repeat("abcxxxx/", 2048)
	best := time.Hour
	for range 3 {
		start, n := time.Now(), 0
		m.Match([]string{path}, Fold(path), func(uint32) { n++ })
		best = min(best, time.Since(start))
		if n == 0 || n == len(all) {
			t.Fatalf("%d expressions match", n)
		}
	}
	if best > 2*time.Second {
		t.Errorf("one path took %s", best)
	}
}

// TestPathFilter: the filter never hides what an expression would match.
func TestPathFilter(t *testing.T) {
	exprs := []string{`(?i)kernel\\sys`, `\\(a|bcd|efgh)\.exe`, `abc+d`, `(abc)?def`, `x{0,2}yz`, `[kK]it`, `(?i)\x{17f}hot`, `a|b`, `.`, `(foo|bar)baz`, `\.(exe|dll)$`}
	var all []Expr
	for i, e := range exprs {
		all = append(all, Expr{Entry: uint32(i), Src: e})
	}
	m := New(all)
	rng := rand.New(rand.NewPCG(5, 5))
	parts := []string{"Kernel", "/", "\\", "sys", "a", "bcd", ".exe", "abc", "d", "def", "yz", "\u212Ait", "ſhot", "SHOT", "foo", "bar", "baz", ".DLL", ".dll", " "}
	for range 20_000 {
		var b strings.Builder
		for range rng.IntN(6) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		path := b.String()
		if path == "" {
			continue
		}
		var want []string
		for i := range m.exprs {
			if m.exprs[i].match(Forms(path)) {
				want = append(want, m.exprs[i].Src)
			}
		}
		var got []string
		forms := Forms(path)
		m.Match(forms, Fold(forms[len(forms)-1]), func(e uint32) { got = append(got, exprs[e]) })
		if !slices.Equal(got, want) {
			t.Fatalf("%q: %q, want %q", path, got, want)
		}
	}
}
