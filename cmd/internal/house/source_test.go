package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageHasAComment(t *testing.T) {
	has := map[string]bool{}
	for _, s := range sources(t).list {
		if !s.test {
			has[s.dir()] = has[s.dir()] || s.file.Doc.Text() != ""
		}
	}
	for dir, ok := range has {
		if !ok {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

// faults returns what no file of a program may hold.
func faults(s source, at func(ast.Node) string) []string {
	var bad []string
	for _, imp := range s.file.Imports {
		// embed alone has no name to use where the variable is a string.
		if imp.Name != nil && imp.Name.Name == "_" && imp.Path.Value != `"embed"` {
			bad = append(bad, at(imp)+": blank import of "+imp.Path.Value+"; use an explicit list")
		}
		if imp.Path.Value == `"io/ioutil"` {
			bad = append(bad, at(imp)+": io/ioutil is old")
		}
	}
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			bad = append(bad, at(f)+": func init; use an explicit list or a constructor")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		// Packages named …test are code for tests: conformance suites, sinks.
		if call, ok := n.(*ast.CallExpr); ok && !strings.HasSuffix(s.dir(), "test") && is(call.Fun, "io", "ReadAll") && !limited(call.Args) {
			bad = append(bad, at(call)+": io.ReadAll without io.LimitReader")
		}
		return true
	})
	return bad
}

func is(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// limited reports whether the one argument is io.LimitReader(…) itself, so
// that the bound stands where the reading is.
func limited(args []ast.Expr) bool {
	if len(args) != 1 {
		return false
	}
	call, ok := args[0].(*ast.CallExpr)
	return ok && is(call.Fun, "io", "LimitReader")
}

func TestNoInitNoBlankImportsNoUnboundedReads(t *testing.T) {
	all := sources(t)
	for _, s := range all.list {
		if s.test {
			continue
		}
		for _, bad := range faults(s, all.position) {
			t.Error(bad)
		}
	}
}

func TestFaultsAreSeen(t *testing.T) {
	for code, want := range map[string]int{
		"import _ \"embed\"\nfunc (T) init() {}":                                      0,
		"import _ \"net/http/pprof\"":                                                 1,
		"func init() {}":                                                              1,
		"import \"io\"\nvar b, _ = io.ReadAll(r)":                                     1,
		"import \"io\"\nvar b, _ = io.ReadAll(io.LimitReader(r, 1<<20))":              0,
		"import \"io\"\nvar b, _ = io.ReadAll(bufio.NewReader(io.LimitReader(r, 1)))": 1,
		"import \"io\"\nvar f = func() { go func() { io.ReadAll(r) }() }":             1,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+code, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := faults(source{file: f}, func(ast.Node) string { return "x" }); len(got) != want {
			t.Errorf("%s: %q, want %d", code, got, want)
		}
	}
}

// topLevel is all that the top of the repository may hold beside dotfiles.
var topLevel = []string{
	"collect", "analyze", "evidence", "cmd", "rules", "testdata", "scripts",
	"go.mod", "go.sum", "README.md", "LICENSE",
}

func TestTopLevel(t *testing.T) {
	for _, name := range topNames(t) {
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) {
			t.Errorf("the top level holds %s", name)
		}
	}
}

// topNames asks git, so that what git ignores is left out; without git it
// reads the folder.
func topNames(t *testing.T) []string {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	var names []string
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			top, _, _ := strings.Cut(name, "/")
			names = append(names, top)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "bin" {
			names = append(names, e.Name())
		}
	}
	return names
}
