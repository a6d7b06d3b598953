package house

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// kinds are the seams that plugins implement. A package below dir that
// declares a method of this name and shape holds a plugin, and must be in the
// explicit list, which is the package dir/all.
var kinds = []struct {
	dir, method string
	params      []string // the types that tell it from other methods of the name
	// Not plugins that a list names: the seam itself, what definitions are
	// made into, and the tests' own.
	except []string
}{
	{"collect", "Collect", []string{"collect.Source", "evidence.Sink"}, []string{"collect", "collect/artifacts", "collect/expand", "collect/all"}},
	{"analyze", "Examine", []string{"analyze.Subject"}, []string{"analyze", "analyze/all"}},
}

func TestNoPluginIsMissingFromItsList(t *testing.T) {
	all := sources(t)
	for _, k := range kinds {
		listed := map[string]bool{}
		found := map[string]bool{}
		for _, s := range all.list {
			switch dir := s.dir(); {
			case s.test:
			case dir == k.dir+"/all":
				for _, imp := range s.file.Imports {
					rel, _ := ours(strings.Trim(imp.Path.Value, `"`))
					listed[rel] = true
				}
			case under(dir, k.dir) && !strings.HasSuffix(dir, "test") && !slices.Contains(k.except, dir) && implements(s.file, k.method, k.params):
				found[dir] = true
			}
		}
		if len(found) == 0 {
			t.Errorf("no plugin found below %s: has the seam changed?", k.dir)
		}
		for dir := range found {
			if !listed[dir] {
				t.Errorf("%s has a plugin (method %s) that %s/all does not list", dir, k.method, k.dir)
			}
		}
	}
}

// implements reports whether file declares the method with parameters of all
// the given types.
func implements(file *ast.File, method string, params []string) bool {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != method {
			continue
		}
		var have []string
		for _, p := range f.Type.Params.List {
			have = append(have, typeName(p.Type))
		}
		if !slices.ContainsFunc(params, func(p string) bool { return !slices.Contains(have, p) }) {
			return true
		}
	}
	return false
}

// typeName gives "pkg.Type" for pkg.Type and *pkg.Type, and "" for others.
func typeName(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok {
			return x.Name + "." + sel.Sel.Name
		}
	}
	return ""
}
