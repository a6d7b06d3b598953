//go:build unix

package live

import (
	"os"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
)

func TestTreeConforms(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T, nodes []sourcetest.Node) sourcetest.Fixture {
		root := t.TempDir()
		f := sourcetest.Fixture{Absent: sourcetest.Make(t, root, nodes)}
		f.Source = openTree(t, root)
		if os.Geteuid() != 0 {
			if err := os.WriteFile(root+"/denied", nil, 0); err != nil {
				t.Fatal(err)
			}
			f.Denied = "/denied"
		}
		return f
	})
}

func TestLiveConforms(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T, nodes []sourcetest.Node) sourcetest.Fixture {
		root := t.TempDir()
		s, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return sourcetest.Fixture{Source: s, Base: root, Absent: sourcetest.Make(t, root, nodes)}
	})
}

func openTree(t *testing.T, dir string) collect.Source {
	t.Helper()
	s, err := OpenTree(dir, "tree", collect.Linux)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
