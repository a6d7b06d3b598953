package sourcetest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

func list(ctx context.Context, src collect.Source, dir string) ([]collect.Entry, error) {
	var out []collect.Entry
	for e, err := range src.ReadDir(ctx, dir) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (s *suite) readDir(t *testing.T) {
	for _, dir := range []string{"/", "/dir", "/emptydir", "/names"} {
		want := s.children(dir)
		got, err := list(context.Background(), s.Source, s.at(dir))
		if err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		seen := map[string]bool{}
		for _, e := range got {
			typ, asked := want[e.Name]
			if seen[e.Name] || e.Name == "." || e.Name == ".." || e.Name == "" {
				t.Errorf("%s: odd or repeated entry %q", dir, e.Name)
			}
			seen[e.Name] = true
			if asked && e.Type != typ && e.Type != evidence.TypeUnknown {
				t.Errorf("%s/%q: type %q, want %q", dir, e.Name, e.Type, typ)
			}
			if !asked && dir != "/" { // an image has objects of its own in the root
				t.Errorf("%s: unexpected entry %q", dir, e.Name)
			}
		}
		for name := range want {
			if !seen[name] {
				t.Errorf("%s: entry %q is not listed", dir, name)
			}
		}
		if !s.Source.Info().Fold && !slices.IsSortedFunc(got, byName) {
			t.Errorf("%s: entries are not in the order of their names' bytes", dir)
		}
	}
}

func byName(a, b collect.Entry) int {
	switch {
	case a.Name < b.Name:
		return -1
	case a.Name > b.Name:
		return 1
	}
	return 0
}

func (s *suite) readDirErrors(t *testing.T) {
	if _, err := list(context.Background(), s.Source, s.at("/nope")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v, want fs.ErrNotExist", err)
	}
	if got, err := list(context.Background(), s.Source, s.at("/small")); err == nil {
		t.Errorf("a file was listed as a folder: %v", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := list(ctx, s.Source, s.at("/dir")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, want context.Canceled", err)
	}
}

// readDirStops leaves the loop early, many times: a source that holds a
// handle for each runs dry.
func (s *suite) readDirStops(t *testing.T) {
	for range 3000 {
		n := 0
		for _, err := range s.Source.ReadDir(context.Background(), s.at("/names")) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2 {
				break
			}
		}
	}
}
