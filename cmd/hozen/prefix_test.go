package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/cmd/internal/clitest"
)

// TestEveryPrefix looks at a bundle as it stands after each of its objects was
// put, which is how a host that dies leaves it: unfinished, and never altered.
func TestEveryPrefix(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two", "three"} {
		if err := clitest.Random(filepath.Join(dir, "tree-"+name), 30<<20); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"collect", "--case", "IR-1", "--examiner", "A", "--no-encryption", "--profile", "none", "--out", filepath.Join(dir, "b")}
	for _, name := range []string{"one", "two", "three"} {
		args = append(args, "--path", filepath.Join(dir, "tree-"+name))
	}
	if code, _, errs := call(args...); code != 0 {
		t.Fatal(errs)
	}
	order := putOrder(t, filepath.Join(dir, "b"))
	if len(order) < 2+2+3*3+2 {
		t.Fatalf("%d objects: %q", len(order), order)
	}
	cut := filepath.Join(dir, "cut")
	for i, name := range order {
		to := filepath.Join(cut, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(dir, "b", name), to); err != nil {
			t.Fatal(err)
		}
		want := 3
		switch {
		case i == len(order)-1:
			want = 0
		case i < slices.Index(order, "seal/000000.checkpoint"):
			want = 1 // no bundle yet
		}
		if code, out, errs := call("verify", cut); code != want {
			t.Errorf("after %s: verify ended with %d, want %d\n%s%s", name, code, want, out, errs)
		}
	}
}

// putOrder lists a bundle's objects as a collector puts them: texts, then for
// each step the segment, its leaf, its checkpoint.
func putOrder(t *testing.T, dir string) []string {
	out := []string{"README.txt", "verify.sh"}
	leaves, err := filepath.Glob(filepath.Join(dir, "seal", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range leaves { // Glob sorts
		number := strings.TrimSuffix(filepath.Base(leaf), ".json")
		segment, err := filepath.Glob(filepath.Join(dir, "segments", number+".*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range segment {
			out = append(out, "segments/"+filepath.Base(s))
		}
		out = append(out, "seal/"+number+".json", "seal/"+number+".checkpoint")
	}
	return out
}
