//go:build cgo

package yara

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// moduleRoot is the folder of go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above this test")
		}
		dir = filepath.Dir(dir)
	}
}

func starter(t testing.TB) (*Compiled, []FileReport) {
	t.Helper()
	c, reports, err := CompileFS(context.Background(), os.DirFS(filepath.Join(moduleRoot(t), "rules", "yara")), "rules/yara")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if len(r.Errors)+len(r.Warnings) > 0 {
			t.Fatalf("%s: %+v %+v", r.Name, r.Errors, r.Warnings)
		}
	}
	return c, reports
}

// TestStarterRulesOnThisMachine: an honest host has no findings. With
// HOZEN_FULL the whole of /usr, /etc and /var is read, else a part.
func TestStarterRulesOnThisMachine(t *testing.T) {
	limit := 800
	if os.Getenv("HOZEN_FULL") != "" {
		limit = 1 << 30
	}
	c, _ := starter(t)
	a, err := New(c.Marshal(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	files, bytes := 0, int64(0)
	for _, root := range []string{"/etc", "/var", "/usr"} {
		filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || files >= limit || strings.HasPrefix(p, "/var/tmp/") {
				return nil
			}
			b, err := os.ReadFile(p)
			if err != nil {
				return nil
			}
			files++
			bytes += int64(len(b))
			r := evidence.Record{Path: p}
			if err := a.Examine(context.Background(), memory(b, r), func(f analyze.Finding) {
				t.Errorf("%s: %s %+v", p, f.Rule, f.Matches[:min(len(f.Matches), 2)])
			}); err != nil {
				t.Errorf("%s: %v", p, err)
			}
			return nil
		})
	}
	t.Logf("%d files, %d MB", files, bytes>>20)
}

// TestBarrenPaths: a path without any rule is reported, once, and only where
// no error says so already.
func TestBarrenPaths(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"docs/readme.txt": good, "none.yar": "// nothing yet", "bad.yar": "rule", "good.yar": good} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.ToSlash(filepath.Join(dir, name)) }
	_, reports, err := Compile(t.Context(), []string{at("docs"), at("none.yar"), at("bad.yar"), at("good.yar"), at("good.yar")})
	if err != nil {
		t.Fatal(err)
	}
	errs := map[string]int{}
	for _, r := range reports {
		errs[r.Name] += len(r.Errors)
	}
	want := map[string]int{at("docs"): 1, at("docs/readme.txt"): 0, at("none.yar"): 1, at("bad.yar"): 1, at("good.yar"): 0}
	if d := cmp.Diff(want, errs); d != "" || len(reports) != 6 {
		t.Errorf("%d reports\n%s", len(reports), d)
	}
}
