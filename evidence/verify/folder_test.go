package verify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// inFolder verifies a folder with hozen and with the script, and returns what
// both say of it.
func inFolder(t *testing.T, m *bundletest.Maker, dir string) (state string, script int) {
	t.Helper()
	script, _ = scripted(t, dir)
	o, err := bundle.DirObjects(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := bundle.Open(context.Background(), o)
	switch {
	case errors.Is(err, bundle.ErrNotBundle):
		return "no bundle", script
	case errors.Is(err, bundle.ErrVerify):
		return found, script
	case err != nil:
		t.Fatal(err)
	}
	r, err := verify.Bundle(context.Background(), b, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		return found, script
	}
	return r.State, script
}

// Where the file system has no files without names (a stick, a share, Windows),
// a collector that dies leaves a temporary file beside whatever it was about to
// write. That is no sign of a change, at any step.
func TestTemporaryFilesOfTheDead(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	dir := lie(t, m, ended(2, 6, 2), []told{record(1, "abc")}, []told{record(2, "def")})
	segment := func(n string) string {
		name, err := filepath.Rel(dir, glob(t, dir, "segments/"+n+".*"))
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	order := []string{"README.txt", "verify.sh", "seal/000000.json", "seal/000000.checkpoint", segment("000001"), "seal/000001.json", "seal/000001.checkpoint",
		segment("000002"), "seal/000002.json", "seal/000002.checkpoint", "seal/000003.json", "seal/000003.checkpoint"}
	for i, dying := range order {
		d := filepath.Join(t.TempDir(), "b")
		for _, name := range append(order[:i:i], filepath.Join(filepath.Dir(dying), ".hozen-tmp-0011223344556677")) {
			body, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				body = []byte("torn")
			}
			p := filepath.Join(d, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, body, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		want, code := "unfinished", 3
		switch {
		case i <= 2:
			want, code = "no bundle", 4
		case i == 3: // nothing is under a seal yet: the caller calls it no bundle
			want, code = found, 4
		}
		if got, script := inFolder(t, m, d); got != want || script != code {
			t.Errorf("dead over %s: %s and %d, want %s and %d", dying, got, script, want, code)
		}
	}
}

// A link or a pipe is no object, wherever it stands and wherever it leads: what
// is read through it may be another tomorrow.
func TestObjectsThatAreNoFiles(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	dir := lie(t, m, ended(2, 6, 2), []told{record(1, "abc")}, []told{record(2, "def")})
	objects, err := filepath.Glob(filepath.Join(dir, "*/*"))
	if err != nil || len(objects) != 10 {
		t.Fatal(objects, err)
	}
	link := func(d, name, to string) {
		t.Helper()
		os.Remove(filepath.Join(d, name))
		if err := os.Symlink(to, filepath.Join(d, name)); err != nil {
			t.Skip(err)
		}
	}
	for _, object := range append(objects, filepath.Join(dir, "README.txt"), filepath.Join(dir, "verify.sh")) {
		name, err := filepath.Rel(dir, object)
		if err != nil {
			t.Fatal(err)
		}
		d := tampered(t, dir, func(d string) { link(d, name, object) })
		if got, script := inFolder(t, m, d); got != found || script != 4 {
			t.Errorf("a link in place of %s: %s and %d", name, got, script)
		}
	}
	unfinished := tampered(t, dir, func(d string) {
		for _, name := range []string{"seal/000003.json", "seal/000003.checkpoint"} {
			if err := os.Remove(filepath.Join(d, name)); err != nil {
				t.Fatal(err)
			}
		}
	})
	for name, whole := range map[string]bool{
		"seal/000003.json": false, "segments/000003.0011223344556677.zip": false, "segments/.hozen-tmp-00": false, "seal/.hozen-tmp-00": false, "x": false,
		"seal/000003.tsr": true, "seal/.hozen-tmp-01": true,
	} {
		from := unfinished
		if whole {
			from = dir
		}
		d := tampered(t, from, func(d string) { link(d, name, filepath.Join(dir, "README.txt")) })
		if got, script := inFolder(t, m, d); got != found || script != 4 {
			t.Errorf("a link at %s, of a whole bundle %v: %s and %d", name, whole, got, script)
		}
	}
	d := tampered(t, dir, func(d string) { link(d, "README.txt", filepath.Join(dir, "README.txt")) })
	if r := m.Verify(d, verify.Options{}); len(r.Problems) != 1 || !strings.HasSuffix(problems(r), "README.txt: is not a regular file\n") {
		t.Errorf("%q", problems(r))
	}
}
