package artifacts

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
)

// corpus finds the shared corpus beside the repository, or skips.
func corpus(t testing.TB, sub string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			p := filepath.Join(dir, "..", "shared", "corpus", sub)
			if _, err := os.Stat(p); err != nil {
				t.Skip("the shared corpus is not here")
			}
			return p
		}
	}
	t.Skip("no go.mod above")
	return ""
}

func TestPublicDefinitionsLoad(t *testing.T) {
	var s Set
	for _, p := range s.LoadPath(corpus(t, "definitions/forensicartifacts")) {
		t.Error(p)
	}
	if n := len(s.All()); n != 731 {
		t.Errorf("%d definitions, want 731", n)
	}
	for _, p := range s.Check() {
		t.Error(p)
	}
	counts := map[Type]int{}
	for _, d := range s.All() {
		for _, src := range d.Sources {
			counts[src.Type]++
		}
	}
	want := map[Type]int{TypeGroup: 48, TypeCommand: 10, TypeFile: 551, TypePath: 28, TypeRegistryKey: 57, TypeRegistryValue: 116, TypeWMI: 27}
	for k, n := range want { // counted with grep over the same files
		if counts[k] != n {
			t.Errorf("%d sources of type %s, want %d", counts[k], k, n)
		}
	}
	linux, problems := s.Asked(collect.ProfileFull, nil, collect.Linux)
	if len(problems) > 0 || len(linux) < 200 {
		t.Errorf("%d definitions for Linux, %v", len(linux), problems)
	}
}
