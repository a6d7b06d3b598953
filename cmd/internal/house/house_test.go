package house

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/hozen-dfir/hozen"

// root is the top of the repository, seen from this package's folder.
const root = "../../.."

// pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath, Dir, Name     string
	Standard                  bool
	Imports                   []string
	GoFiles, CgoFiles, SFiles []string
	TestImports, XTestImports []string
	Deps                      []string
	ForTest                   string
	DepsErrors                []*struct{ Err string }
	Error                     *struct{ Err string }
}

// list runs `go list -e -deps -json` for one system, without cgo unless asked.
func list(t *testing.T, goos string, cgo bool, patterns ...string) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-deps", "-json"}, patterns...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED="+map[bool]string{false: "0", true: "1"}[cgo])
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", patterns, err, stderr.String())
	}
	pkgs := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
	return pkgs
}

// ours gives the path below the module, and whether p is one of its packages.
func ours(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// under reports whether the package rel is dir or below it.
func under(rel, dir string) bool { return rel == dir || strings.HasPrefix(rel, dir+"/") }

// source is one parsed Go file of the repository.
type source struct {
	name string // relative to root, slashes
	test bool
	file *ast.File
}

var parsed = sync.OnceValues(func() (*files, error) {
	all := &files{fset: token.NewFileSet()}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		f, err := parser.ParseFile(all.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		all.list = append(all.list, source{name: filepath.ToSlash(rel), test: strings.HasSuffix(base, "_test.go"), file: f})
		return err
	})
	return all, err
})

type files struct {
	fset *token.FileSet
	list []source
}

func sources(t *testing.T) *files {
	t.Helper()
	all, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all.list) < 20 {
		t.Fatalf("only %d Go files found below %s", len(all.list), root)
	}
	return all
}

func (s source) dir() string { return path.Dir(s.name) }

// position names a place for a message.
func (f *files) position(n ast.Node) string {
	p := f.fset.Position(n.Pos())
	rel, err := filepath.Rel(root, p.Filename)
	if err != nil {
		rel = p.Filename
	}
	p.Filename = filepath.ToSlash(rel)
	return p.String()
}
