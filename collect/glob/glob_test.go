package glob

import (
	"path"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"
)

func TestSegmentMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		fold, want    bool
	}{
		{"passwd", "passwd", false, true}, {"passwd", "Passwd", false, false}, {"passwd", "PASSWD", true, true},
		{"*", "", false, true}, {"*", "a\nb", false, true}, {"*.log", ".log", false, true}, {"*.log", "a.log.1", false, false},
		{"*.log*", "a.log.1", false, true}, {"a*b*c", "aXbXbc", false, true}, {"a*b*c", "aXbXb", false, false},
		{"?", "ü", false, true}, {"?", "ab", false, false}, {"?", "", false, false}, {"?", "\xff", false, true}, {"??", "\xff\xfe", false, true},
		{"[0-9]*", "1x", false, true}, {"[0-9]*", "x1", false, false}, {"[!0-9]", "x", false, true}, {"[a-c]", "B", true, true}, {"[A-C]", "b", true, true},
		{"[a-c]", "B", false, false}, {"[]]", "]", false, true}, {"[x", "[x", false, true}, {"[", "[", false, true}, {"a[]", "a[]", false, true},
		{"{*-*}", "{1-2}", false, true}, {"gc.log.[0-9]", "gc.log.7", false, true}, {"gc.log.[0-9]", "gc.log.x", false, false},
		{"STRASSE", "straße", true, false}, {"ÜBER", "über", true, true}, {"k", "\u212a", true, false}, // Kelvin sign: folds by upper case only
		{"\xff*", "\xffa", false, true}, {"bad\xff", "BAD\xff", true, true}, {"bad\xff", "bad\xfe", true, false},
		{"**", "anything", false, true}, {"**5.vbn", "x.vbn", false, true}, {"**.vbn", "x.txt", false, false},
		{"$I*", "$i30", true, true}, {".*_history", ".bash_history", false, true}, {".*_history", "bash_history", false, false},
	} {
		if got := Compile(c.pattern, c.fold).Match(c.name); got != c.want {
			t.Errorf("%q on %q (fold %v): %v", c.pattern, c.name, c.fold, got)
		}
	}
	if !Literal("a*", false).Match("a*") || Literal("a*", false).Match("ab") {
		t.Error("a literal is read as a pattern")
	}
	for text, want := range map[string]int{"**": 3, "**5": 5, "**10": 10, "**2.x": 2, "*": 0, "a**": 0} {
		if got := Compile(text, false).Deep; got != want {
			t.Errorf("%q: depth %d, want %d", text, got, want)
		}
	}
}

// TestAgainstPathMatch compares with the standard library where both speak the
// same language: ASCII without backslashes or brackets.
func TestAgainstPathMatch(t *testing.T) {
	pick := func(letters string, in []byte) string {
		var b strings.Builder
		for _, c := range in[:min(len(in), 12)] {
			b.WriteByte(letters[int(c)%len(letters)])
		}
		return b.String()
	}
	hits := 0
	f := func(p, n []byte) bool {
		pattern, name := pick("ab*?", p), pick("ab", n)
		want, err := path.Match(pattern, name)
		if want {
			hits++
		}
		s := Segment{toks: tokens(pattern, false)}
		return err == nil && s.Match(name) == want
	}
	if err := quick.Check(f, &quick.Config{MaxCount: 50_000}); err != nil {
		t.Error(err)
	}
	if hits < 100 {
		t.Errorf("only %d hits: the test says little", hits)
	}
}

func TestMatchIsNotExponential(t *testing.T) {
	began := time.Now()
	if Compile(strings.Repeat("*a", 200)+"b", false).Match(strings.Repeat("a", 4000)) {
		t.Error("matched")
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %s", took)
	}
}

func pattern(p string, fold bool) []Segment {
	var out []Segment
	for _, s := range strings.Split(p[1:], "/") {
		out = append(out, Compile(s, fold))
	}
	return out
}

func TestIndex(t *testing.T) {
	x := NewIndex(false)
	for i, p := range []string{"/etc/passwd", "/etc/*", "/etc/**", "/etc/**2/x", "/*/passwd", "/home/*/.ssh/**", "/etc/passwd"} {
		x.Add(i, pattern(p, false))
	}
	for p, want := range map[string][]int{
		"/etc/passwd": {0, 1, 2, 4, 6}, "/etc/a": {1, 2}, "/etc/a/b": {2}, "/etc/a/b/c": {2}, "/etc/a/b/c/d": nil,
		"/etc/x": {1, 2}, "/etc/a/x": {2, 3}, "/etc/a/b/x": {2, 3}, "/etc/a/b/c/x": nil,
		"/home/u/.ssh": nil, "/home/u/.ssh/k": {5}, "/etc": nil, "/": nil, "/ETC/passwd": {4},
	} {
		if got := x.Match(Names(p)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", p, got, want)
		}
	}
	f := NewIndex(true)
	f.Add(1, pattern("/Windows/System32/config/SAM", true))
	f.Add(2, pattern("/windows/system32/CONFIG/*.log?", true))
	if got := f.Match(Names("/WINDOWS/system32/Config/sam.LOG1")); !slices.Equal(got, []int{2}) {
		t.Error(got)
	}
	if got := f.Match(Names("/windows/System32/config/Sam")); !slices.Equal(got, []int{1}) {
		t.Error(got)
	}
}

func FuzzSegment(f *testing.F) {
	f.Add("a*[b-", "ab", true)
	f.Add("**3[!x]?", "\xff\x00", false)
	f.Fuzz(func(t *testing.T, p, name string, fold bool) {
		Compile(p, fold).Match(name)
		if !Literal(name, fold).Match(name) {
			t.Errorf("%q does not match itself", name)
		}
		if !Compile("*", fold).Match(name) {
			t.Errorf("* does not match %q", name)
		}
	})
}

func TestPrefixes(t *testing.T) {
	x := NewIndex(false)
	for i, p := range []string{"/root", "/home/*", "/home/u", "/srv/**3/u"} {
		var segs []Segment
		for _, n := range Names(p) {
			segs = append(segs, Compile(n, false))
		}
		x.Add(i, segs)
	}
	for path, want := range map[string][]int{
		"/root": {1}, "/root/a/b": {1}, "/home": nil, "/home/u/x": {2}, "/srv/u/u/u/u": {3, 4, 5}, "/srv/a/u/x": {3}, "/": nil, "/rootless": nil,
	} {
		if got := x.Prefixes(Names(path)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	x.Add(9, nil)
	if got := x.Prefixes(nil); !slices.Equal(got, []int{0}) {
		t.Errorf("the root: %v", got)
	}
}
