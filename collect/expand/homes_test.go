package expand

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/glob"
)

// manyHomes makes accounts whose homes lie elsewhere than in /home, as a
// university's do.
func manyHomes(t *testing.T, n int) collect.Source {
	t.Helper()
	root := tree(t, "root/.bashrc")
	var passwd strings.Builder
	passwd.WriteString("root:x:0:0::/root:/bin/sh\nodd:x:1:1::/:/bin/sh\n")
	for i := range n {
		home := fmt.Sprintf("/data/home/u%05d", i)
		if err := os.MkdirAll(filepath.Join(root, home), 0o755); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&passwd, "u%d:x:%d:100::%s:/bin/sh\n", i, i+1000, home)
	}
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte(passwd.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return linux(root)
}

// TestManyHomesTakeLittleMemory: hundreds of patterns in thousands of homes must
// not all be there at once; ten thousand homes took more than a gigabyte.
func TestManyHomesTakeLittleMemory(t *testing.T) {
	src := manyHomes(t, 2000)
	d := &artifacts.Definition{Name: "D", Sources: []artifacts.Source{{Type: artifacts.TypeFile, Separator: "/"}}}
	for i := range 500 {
		d.Sources[0].Paths = append(d.Sources[0].Paths, fmt.Sprintf("%%%%users.homedir%%%%/.config/%d/*/History*", i))
	}
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	c := New(context.Background(), src, []*artifacts.Definition{d}, Options{})
	held := heap() - before
	if got := c.askers("x", "/data/home/u01999/.config/499/p/History-journal"); !slices.Equal(got, []string{"x", "D"}) {
		t.Errorf("asked for by %q", got)
	}
	if held > 16<<20 {
		t.Errorf("%d bytes are held", held)
	}
}

// TestAskersAreThoseOfAllAlternatives compares the index with one that holds
// every path that the patterns stand for.
func TestAskersAreThoseOfAllAlternatives(t *testing.T) {
	src := manyHomes(t, 3)
	var defs []*artifacts.Definition
	for i, p := range []string{
		"%%users.homedir%%", "%%users.homedir%%/*", "%%users.homedir%%/.ssh/**2", "%%users.homedir%%/**", "%%users.homedir%%/etc/pass*",
		"/data/**3", "/data/home/u00001/.bashrc", "/", "/*", "/root/.bashrc", "%%users.userprofile%%/.bashrc", "/x/%%users.username%%/y",
	} {
		defs = append(defs, &artifacts.Definition{Name: fmt.Sprint(i), Sources: []artifacts.Source{{Type: artifacts.TypeFile, Paths: []string{p}, Separator: "/"}}})
	}
	c := New(context.Background(), src, defs, Options{})
	whole := glob.NewIndex(false)
	for i, d := range defs {
		for _, p := range c.patterns(d) {
			for segs := range p.alternatives() {
				whole.Add(i, segs)
			}
		}
	}
	for _, path := range []string{
		"/", "/root", "/root/.bashrc", "/root/.ssh/a/b", "/root/.ssh/a/b/c", "/home", "/home/x", "/home/x/.bashrc", "/data", "/data/home", "/data/home/u00001",
		"/data/home/u00001/.bashrc", "/data/home/u00002/.ssh/id", "/data/home/u00002/a/b/c", "/data/home/u00009/f", "/etc/passwd", "/.ssh/x", "/x/q/y", "/a/b",
	} {
		if got, want := c.index.match(path), whole.Match(glob.Names(path)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
