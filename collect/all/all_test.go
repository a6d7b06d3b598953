package all

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/packets"
)

// TestListIsWhole finds every package beside this one that names a built-in
// artifact, and compares with the list.
func TestListIsWhole(t *testing.T) {
	files, err := filepath.Glob("../*/artifact.go")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^const Name = "(hozen\.[a-z]+)"$`)
	var want []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m := name.FindSubmatch(b); m != nil {
			want = append(want, string(m[1]))
		}
	}
	got := Names()
	slices.Sort(got)
	slices.Sort(want)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("listed %v, found %v", got, want)
	}
}

func TestArtifacts(t *testing.T) {
	all := Artifacts(Options{Packets: []packets.Spec{{Interface: "any"}}})
	var got []string
	for _, a := range all {
		got = append(got, a.Name())
		if n := a.Needs(); !n.Live || !slices.Equal(n.OS, []collect.OS{collect.Linux}) {
			t.Errorf("%s needs %+v", a.Name(), n)
		}
	}
	if !slices.Equal(got, Names()) {
		t.Errorf("artifacts %v, want %v", got, Names())
	}
	if all[0].Stage() != collect.Throughout || all[1].Stage() != collect.Volatile {
		t.Error("packets do not run throughout, or the network is not volatile")
	}
	if got := Artifacts(Options{}); len(got) != len(Names())-1 {
		t.Errorf("%d artifacts without captures, want %d", len(got), len(Names())-1)
	}
}
