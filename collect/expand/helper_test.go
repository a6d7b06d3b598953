package expand

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
)

// book is a sink that keeps the ledger's lines as they come.
type book struct {
	*sinktest.Sink
	lines *[]collect.Line
	count map[string]int
}

func newBook() book {
	return book{&sinktest.Sink{}, &[]collect.Line{}, map[string]int{}}
}

func (b book) For(string, bool) collect.Ledger { return b }
func (b book) Report(l collect.Line)           { *b.lines = append(*b.lines, l) }
func (b book) Number(kind string) int          { b.count[kind]++; return b.count[kind] }

// seen lists the items as "path type outcome".
func (b book) seen() []string {
	var out []string
	for _, g := range b.Items() {
		out = append(out, strings.Replace(g.Record.RawPath()+" "+string(g.Record.Type)+" "+string(g.Record.Outcome), "  ", " ", 1))
	}
	slices.Sort(out)
	return out
}

// tree makes files below a new folder: "a/b" is a file, "a/" a folder,
// "a -> b" a link.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, n := range names {
		link, to, isLink := strings.Cut(n, " -> ")
		p := filepath.Join(root, link)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch {
		case isLink:
			err = os.Symlink(to, p)
		case strings.HasSuffix(n, "/"):
			err = os.MkdirAll(p, 0o755)
		default:
			err = os.WriteFile(p, []byte("content of "+n), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// define makes a definition of one FILE source.
func define(name string, paths ...string) *artifacts.Definition {
	return &artifacts.Definition{Name: name, Doc: "x", FollowLinks: true,
		Sources: []artifacts.Source{{Type: artifacts.TypeFile, Paths: paths, Separator: "/"}}}
}

// gather runs the definitions over a source.
func gather(t *testing.T, src collect.Source, o Options, defs ...*artifacts.Definition) book {
	t.Helper()
	b := newBook()
	for _, a := range New(context.Background(), src, defs, o).Artifacts() {
		if err := a.Collect(context.Background(), src, b); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func linux(root string) *sourcetest.Dir { return sourcetest.NewDir(root, collect.Linux) }
