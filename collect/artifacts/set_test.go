package artifacts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
)

func group(name string, members ...string) string {
	return "name: " + name + "\ndoc: g\nsources:\n- {type: ARTIFACT_GROUP, attributes: {names: [" + strings.Join(members, ", ") + "]}}\n---\n"
}

func leaf(name, extra string) string {
	return "name: " + name + "\ndoc: l\nsources:\n- {type: FILE, attributes: {paths: [/" + name + "]}}\n" + extra + "\n---\n"
}

func load(t *testing.T, text string) *Set {
	t.Helper()
	var s Set
	defs, problems := Parse("f.yaml", []byte(text))
	if problems = append(problems, s.Add(defs...)...); len(problems) > 0 {
		t.Fatal(problems)
	}
	return &s
}

func names(defs []*Definition) []string {
	var out []string
	for _, d := range defs {
		out = append(out, d.Name)
	}
	return out
}

func TestGroupsResolve(t *testing.T) {
	s := load(t, group("All", "Some", "C")+group("Some", "A", "b")+leaf("A", "")+leaf("B", "supported_os: [Windows]")+leaf("C", "aliases: [OldC]")+leaf("D", ""))
	got, problems := s.Asked(collect.ProfileNone, []string{"all", "OldC"}, collect.Linux)
	if d := cmp.Diff([]string{"A", "C"}, names(got)); d != "" || len(problems) > 0 {
		t.Error(d, problems)
	}
	got, _ = s.Asked(collect.ProfileNone, []string{"All"}, collect.Windows)
	if d := cmp.Diff([]string{"A", "B", "C"}, names(got)); d != "" {
		t.Error(d)
	}
}

func TestGroupErrors(t *testing.T) {
	s := load(t, group("X", "Y", "A")+group("Y", "Z")+group("Z", "X")+group("Self", "Self")+group("Hole", "Nothing", "A")+leaf("A", ""))
	text := ""
	for _, p := range s.Check() {
		text += p.Error() + "\n"
	}
	for _, want := range []string{"definition Self: the group contains itself", `names "Nothing"`, "definition Hole", `by way of "X"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no word of %q in:\n%s", want, text)
		}
	}
	got, problems := s.Asked(collect.ProfileNone, []string{"X", "Gone"}, collect.Linux)
	if d := cmp.Diff([]string{"A"}, names(got)); d != "" || len(problems) != 2 {
		t.Error(d, problems)
	}
}

func TestLongChainOfGroups(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(group("G"+strings.Repeat("x", i%100)+string(rune('a'+i%26))+itoa(i), "G"+strings.Repeat("x", (i+1)%100)+string(rune('a'+(i+1)%26))+itoa(i+1)))
	}
	s := load(t, b.String())
	if p := s.Check(); len(p) != 1 {
		t.Errorf("%d problems, want one: the last names what isn't there", len(p))
	}
}

func itoa(i int) string {
	return strings.Repeat("0", i%3) + string(rune('0'+i%10)) + strings.Repeat("1", i/1000) + string(rune('a'+i/100%26)) + string(rune('a'+i/10%26))
}

func TestProfiles(t *testing.T) {
	s := load(t, leaf("T", "x_hozen: {profiles: [triage]}")+leaf("V", "x_hozen: {profiles: [volatile]}")+leaf("F", ""))
	for profile, want := range map[string][]string{
		collect.ProfileNone: nil, collect.ProfileVolatile: {"V"},
		collect.ProfileTriage: {"T", "V"}, collect.ProfileFull: {"F", "T", "V"},
	} {
		got, _ := s.Asked(profile, nil, collect.Linux)
		if d := cmp.Diff(want, names(got)); d != "" {
			t.Errorf("%s: %s", profile, d)
		}
	}
}

func TestLoadByHand(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", leaf("Mine", "")+"name: Broken\n---\n"+leaf("Etc", "")+leaf("Mine", ""))
	write("b.yml", leaf("Other", ""))
	write("readme.txt", "not yaml: [")
	var s Set
	if p := s.LoadFS(fstest.MapFS{"x/e.yaml": {Data: []byte(leaf("Etc", "urls: [embedded]"))}}, "x", false); len(p) > 0 {
		t.Fatal(p)
	}
	problems := s.LoadPath(dir)
	if len(problems) != 2 || !strings.Contains(problems[0].Error(), "a.yaml") {
		t.Errorf("problems: %v", problems)
	}
	if d := cmp.Diff([]string{"Etc", "Mine", "Other"}, names(s.All())); d != "" {
		t.Error(d)
	}
	if len(s.Find("Etc").URLs) > 0 {
		t.Error("a definition loaded by hand did not replace the embedded one")
	}
	if r := s.Replaced(); len(r) != 1 || r[0].By != s.Find("Etc") || r[0].Old.User {
		t.Errorf("replaced: %v", r)
	}
	if got, _ := s.Asked(collect.ProfileTriage, nil, collect.Linux); len(got) != 3 {
		t.Errorf("triage asks for %v", names(got))
	}
	for _, bad := range []string{dir + "/none", t.TempDir()} {
		if p := s.LoadPath(bad); len(p) == 0 {
			t.Errorf("%s: no problem", bad)
		}
	}
	if p := s.LoadPath(filepath.Join(dir, "b.yml")); len(p) != 1 {
		t.Errorf("loading twice: %v", p)
	}
}

// TestIdle: what is asked for by name and is for other systems is known, be it a
// definition, its sources alone, or a group's members.
func TestIdle(t *testing.T) {
	s := load(t, leaf("Win", "supported_os: [Windows]")+leaf("Any", "")+group("Group", "Win")+
		"name: Half\ndoc: x\nsources:\n- type: FILE\n  supported_os: [Windows]\n  attributes: {paths: [/a]}\n---\n")
	asked := []string{"win", "Any", "Group", "Half", "WIN", "nobody"}
	if d := cmp.Diff([]string{"Win", "Group", "Half"}, names(s.Idle(asked, []collect.OS{collect.Linux}))); d != "" {
		t.Error(d)
	}
	if got := s.Idle(asked, []collect.OS{collect.Linux, collect.Windows}); len(got) > 0 {
		t.Errorf("with both: %v", names(got))
	}
}

// TestTooManyPaths: a folder of definitions may be of any size, the collector's
// memory not.
func TestTooManyPaths(t *testing.T) {
	var s Set
	paths := make([]string, 10_000)
	for i := range maxPaths / len(paths) {
		if p := s.Add(&Definition{Name: strings.Repeat("d", i+1), Sources: []Source{{Type: TypeFile, Paths: paths}}}); len(p) > 0 {
			t.Fatal(p)
		}
	}
	p := s.Add(&Definition{Name: "more", File: "f.yaml", Sources: []Source{{Type: TypeFile, Paths: paths[:1]}}})
	if len(p) != 1 || p[0].File != "f.yaml" || !strings.Contains(p[0].Text, "100000 paths") || s.Find("more") != nil {
		t.Errorf("%v", p)
	}
}
