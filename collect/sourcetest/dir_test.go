//go:build unix

package sourcetest

import (
	"os"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
)

func TestDirConforms(t *testing.T) {
	Run(t, func(t *testing.T, nodes []Node) Fixture {
		root := t.TempDir()
		absent := Make(t, root, nodes)
		for p, why := range absent {
			t.Logf("%q: %s", p, why)
		}
		f := Fixture{Source: NewDir(root, collect.Linux), Absent: absent}
		if os.Geteuid() != 0 {
			if err := os.WriteFile(root+"/denied", nil, 0); err != nil {
				t.Fatal(err)
			}
			f.Denied = "/denied"
		}
		return f
	})
}

func TestBaseBelowRoot(t *testing.T) {
	Run(t, func(t *testing.T, nodes []Node) Fixture {
		root := t.TempDir()
		if err := os.Mkdir(root+"/base", 0o755); err != nil {
			t.Fatal(err)
		}
		return Fixture{Source: NewDir(root, collect.Linux), Base: "/base", Absent: Make(t, root+"/base", nodes)}
	})
}
