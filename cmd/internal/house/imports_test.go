package house

import (
	"slices"
	"strings"
	"testing"
)

// forbidden are the arrows that must not be, by folder: imports point
// downward only.
var forbidden = []struct {
	from string
	to   []string
}{
	{"evidence", []string{"collect", "analyze", "cmd", "rules"}},
	{"collect", []string{"analyze", "cmd"}},
	{"analyze", []string{"collect", "cmd"}},
	{"rules", []string{"evidence", "collect", "analyze", "cmd"}},
}

// broken returns the forbidden arrows among pkgs, with tests' imports left out.
func broken(pkgs map[string]pkg) []string {
	var bad []string
	for _, p := range pkgs {
		from, ok := ours(p.ImportPath)
		if !ok {
			continue
		}
		for _, imp := range p.Imports {
			to, ok := ours(imp)
			if !ok {
				continue
			}
			for _, rule := range forbidden {
				if under(from, rule.from) && slices.ContainsFunc(rule.to, func(dir string) bool { return under(to, dir) }) {
					bad = append(bad, from+" imports "+to)
				}
			}
		}
	}
	slices.Sort(bad)
	return bad
}

func TestImportsPointDownward(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		for _, cgo := range []bool{false, true} {
			if cgo && goos != "linux" {
				continue
			}
			pkgs := list(t, goos, cgo, "./...")
			for _, bad := range broken(pkgs) {
				t.Errorf("%s: %s", goos, bad)
			}
		}
	}
}

func TestForbiddenArrowsAreSeen(t *testing.T) {
	pkgs := map[string]pkg{}
	for from, to := range map[string]string{"evidence/seal": "collect", "collect/source": "analyze/ioc", "analyze": "cmd/hozen", "evidence": "io", "cmd/hozen": "analyze"} {
		pkgs[from] = pkg{ImportPath: module + "/" + from, Imports: []string{module + "/" + to}}
	}
	want := []string{"analyze imports cmd/hozen", "collect/source imports analyze/ioc", "evidence/seal imports collect"}
	if got := broken(pkgs); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The portable collector speaks HTTP only to put objects into S3 and to ask
// for a time stamp: of our packages these alone may import net/http, and it
// comes with the S3 client. Whatever makes or serves web pages, talks RPC or
// offers debugging over the network stays out.
var (
	mayUseHTTP   = []string{"evidence/store/s3", "evidence/tsa"}
	notInCollect = []string{
		"html/template", "html", "net/http/pprof", "net/http/httptest", "net/http/cgi", "net/http/fcgi", "net/rpc",
		"net/smtp", "expvar", "plugin", "runtime/cgo",
		"github.com/hillu/go-yara/v4", "google.golang.org/grpc", "golang.org/x/net/websocket",
	}
)

func TestTheCollectorIsLean(t *testing.T) {
	for _, goos := range []string{"linux", "windows", "darwin"} {
		pkgs := list(t, goos, false, "./cmd/hozen-collect")
		if p, ok := pkgs[module+"/cmd/hozen-collect"]; !ok || p.Error != nil || len(p.GoFiles) == 0 {
			t.Fatalf("%s: cmd/hozen-collect does not load: %+v", goos, p.Error)
		}
		for _, name := range notInCollect {
			if _, in := pkgs[name]; in {
				t.Errorf("%s: hozen-collect has %s, by %v", goos, name, importers(pkgs, name))
			}
		}
		for _, p := range pkgs {
			rel, our := ours(p.ImportPath)
			if our && under(rel, "analyze") {
				t.Errorf("%s: hozen-collect has %s, by %v", goos, rel, importers(pkgs, p.ImportPath))
			}
			if our && slices.Contains(p.Imports, "net/http") && !slices.Contains(mayUseHTTP, rel) {
				t.Errorf("%s: %s imports net/http", goos, rel)
			}
			// The standard library's own cgo parts have pure Go twins; nobody else's may be needed.
			if len(p.CgoFiles) > 0 {
				t.Errorf("%s: %s needs cgo", goos, p.ImportPath)
			}
		}
	}
}

func importers(pkgs map[string]pkg, name string) []string {
	var by []string
	for _, p := range pkgs {
		if slices.Contains(p.Imports, name) {
			by = append(by, strings.TrimPrefix(p.ImportPath, module+"/"))
		}
	}
	slices.Sort(by)
	return by
}
