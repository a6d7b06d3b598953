//go:build cgo

package yara

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// TestNamesakes: a file is left out as a repetition only where it is one, under
// whatever name it comes; what another folder calls the same is another file.
func TestNamesakes(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	rule := func(name string) []byte { return []byte("rule " + name + " { condition: true }") }
	write(t, filepath.Join(dir, "all", "b", "x.yar"), rule("in_all"))
	write(t, filepath.Join(dir, "c", "x.yar"), rule("in_c"))
	write(t, filepath.Join(dir, "b", "x.yar"), rule("in_b"))
	c, reports, err := Compile(context.Background(), []string{"all", "c", "b", "./b/x.yar", filepath.Join(dir, "c", "..", "c")})
	if err != nil || c.Rules != 3 {
		t.Fatalf("%v, %d rules of 3: %+v", err, c.Rules, reports)
	}
	var spaces []string
	for _, r := range reports {
		if r.Skipped == "" {
			spaces = append(spaces, r.Namespace)
		}
	}
	slices.Sort(spaces)
	if len(spaces) != 3 || len(slices.Compact(spaces)) != 3 {
		t.Errorf("namespaces %v", spaces)
	}
	got := rulesOf(scanText(t, c, memory([]byte("x"), evidence.Record{Path: "/x"})))
	slices.Sort(got)
	if !slices.Equal(got, []string{"in_all", "in_b", "in_c"}) {
		t.Errorf("found %v", got)
	}
}

// TestBadInclude: trouble in an included file names the file that was given
// too, for the include's name alone could be anywhere.
func TestBadInclude(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "top.yar"), []byte("include \"inc/part\"\nrule top { condition: true }"))
	write(t, filepath.Join(dir, "inc", "part"), []byte("rule part {\n condition:\n  nonsense\n}"))
	_, by := compile(t, dir)
	e := by["top.yar"].Errors
	if len(e) == 0 || e[0].File != filepath.ToSlash(filepath.Join(dir, "top.yar")) || !strings.Contains(e[0].Message, `in include "inc/part", line 3: `) {
		t.Errorf("%+v", e)
	}
}

// TestIncludedIsRead: what a rule file includes was not left out, whatever it is
// called.
func TestIncludedIsRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "top.yar"), []byte("include \"inc/part\"\nrule top { condition: true }"))
	write(t, filepath.Join(dir, "inc", "part"), []byte("rule part { condition: true }"))
	write(t, filepath.Join(dir, "inc", "other"), []byte("rule other { condition: true }"))
	_, by := compile(t, dir)
	if s := by["part"].Skipped; s == "" || s == notRules {
		t.Errorf("included: %q", s)
	}
	if s := by["other"].Skipped; s != notRules {
		t.Errorf("included by none: %q", s)
	}
}
