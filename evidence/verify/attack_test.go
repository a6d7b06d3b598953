package verify_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// tampered copies a bundle and changes the copy.
func tampered(t *testing.T, dir string, change func(dir string)) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "b")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	change(to)
	return to
}

func flip(t *testing.T, file string, at int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, dir, pattern string) string {
	t.Helper()
	m, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(m) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return m[0]
}

// attacks are changes to a bundle of at least three segments that every check
// of the public side must refuse. Each names a part of the object at fault.
func attacks(t *testing.T, other string) map[string]func(dir string) {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	join := filepath.Join
	return map[string]func(dir string){
		"segments/000001 flipped": func(d string) { flip(t, glob(t, d, "segments/000001.*"), 1000) },
		"segments/000002 missing": func(d string) { must(os.Remove(glob(t, d, "segments/000002.*"))) },
		"segments/000002 cut": func(d string) {
			must(os.Truncate(glob(t, d, "segments/000002.*"), 500))
		},
		"segments/000001 swapped": func(d string) {
			a, b := glob(t, d, "segments/000001.*"), glob(t, d, "segments/000002.*")
			must(os.Rename(a, a+".x"))
			must(os.Rename(b, a))
			must(os.Rename(a+".x", b))
		},
		"segments/000099 added": func(d string) {
			must(os.WriteFile(join(d, "segments/000099.0000000000000000.zip.age"), []byte("x"), 0o600))
		},
		"seal/000002.json of another bundle": func(d string) {
			b, err := os.ReadFile(join(other, "seal/000002.json"))
			must(err)
			must(os.WriteFile(join(d, "seal/000002.json"), b, 0o600))
		},
		"seal/000001.json missing":       func(d string) { must(os.Remove(join(d, "seal/000001.json"))) },
		"seal/000001.checkpoint missing": func(d string) { must(os.Remove(join(d, "seal/000001.checkpoint"))) },
		"seal/000002.checkpoint older": func(d string) {
			b, err := os.ReadFile(join(d, "seal/000001.checkpoint"))
			must(err)
			must(os.WriteFile(join(d, "seal/000002.checkpoint"), b, 0o600))
		},
		"seal/000000.json flipped":       func(d string) { flip(t, join(d, "seal/000000.json"), 40) },
		"seal/000003.json flipped":       func(d string) { flip(t, join(d, "seal/000003.json"), -5) },
		"seal/000002.checkpoint flipped": func(d string) { flip(t, join(d, "seal/000002.checkpoint"), -10) },
		"README.txt altered":             func(d string) { flip(t, join(d, "README.txt"), 10) },
		"README.txt missing":             func(d string) { must(os.Remove(join(d, "README.txt"))) },
		"verify.sh altered":              func(d string) { flip(t, join(d, "verify.sh"), 100) },
		"notes.txt added":                func(d string) { must(os.WriteFile(join(d, "notes.txt"), []byte("x"), 0o600)) },
		"seal/000004.cosign flipped": func(d string) {
			flip(t, glob(t, d, "seal/000004.cosign/*[0-9a-f]"), 60)
		},
		"seal/000004.cosign key with a line more": func(d string) {
			f, err := os.OpenFile(glob(t, d, "seal/000004.cosign/*.vkey"), os.O_WRONLY|os.O_APPEND, 0)
			must(err)
			_, err = f.WriteString("\n")
			must(errors.Join(err, f.Close()))
		},
		"seal/000004.cosign key missing": func(d string) { must(os.Remove(glob(t, d, "seal/000004.cosign/*.vkey"))) },
	}
}

// threeSegments writes a countersigned bundle of three segments.
func threeSegments(t *testing.T, m *bundletest.Maker) string {
	t.Helper()
	dir, w := m.Begin(m.Options())
	for i := range 3 {
		if err := w.Add(context.Background(), bundletest.File("/f"+string(rune('0'+i)), bundletest.Random(2<<20))); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(context.Background(), seal.End{KeyFate: "destroyed"}); err != nil {
		t.Fatal(err)
	}
	examiner := bundletest.New(t)
	if err := bundle.Cosign(context.Background(), m.Open(dir), func(_ context.Context, name string, body []byte) error {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			return err
		}
		return os.WriteFile(p, body, 0o600)
	}, examiner.Signer, examiner.VKey); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAttacks(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	dir, other := threeSegments(t, m), threeSegments(t, m)
	for name, change := range attacks(t, other) {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			bad := tampered(t, dir, change)
			where, _, _ := strings.Cut(name, " ")
			for what, ids := range map[string][]age.Identity{"without a key": nil, "with a key": {m.ID}} {
				r := m.Verify(bad, verify.Options{}, ids...)
				if r.OK() || !strings.Contains(problems(r), where) {
					t.Errorf("hozen %s: problems %q do not name %s", what, problems(r), where)
				}
			}
			if out, err := bundletest.Run(t, bad, "bash", "verify.sh"); err == nil || strings.Contains(out, "OK:") {
				// A script that was altered itself can't be trusted to say so: use ours.
				if where != "verify.sh" {
					t.Errorf("verify.sh passes it: %s", out)
				}
			}
			script := filepath.Join(dir, "verify.sh")
			out, err := bundletest.Run(t, t.TempDir(), "bash", script, bad)
			if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 4 || !strings.Contains(out, "FAILED") {
				t.Errorf("verify.sh: %v\n%s", err, out)
			}
		})
	}
}

func problems(r *verify.Report) string {
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func TestVerifyScript(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	dir := threeSegments(t, m)
	r := m.Verify(dir, verify.Options{}, m.ID)
	if !r.OK() || len(r.Signatures) != 2 {
		t.Fatalf("%+v", r)
	}
	out := bundletest.MustRun(t, dir, "bash", "verify.sh", "--root", r.Root)
	for _, want := range []string{r.Root, r.Signatures[0].VKey, "OK: complete", "cosigned: " + r.Signatures[1].VKey, "signer unknown"} {
		if !strings.Contains(out, want) {
			t.Errorf("verify.sh does not say %q:\n%s", want, out)
		}
	}
	bundletest.MustRun(t, dir, "bash", "verify.sh", "--vkey", r.Signatures[1].VKey)
	stranger := bundletest.New(t)
	for _, args := range [][]string{{"--root", strings.Repeat("A", 43) + "="}, {"--vkey", stranger.VKey}} {
		if out, err := bundletest.Run(t, dir, "bash", append([]string{"verify.sh"}, args...)...); err == nil {
			t.Errorf("verify.sh %v passes:\n%s", args, out)
		}
	}
	cut := tampered(t, dir, func(d string) {
		for _, f := range []string{"seal/000004.json", "seal/000004.checkpoint"} {
			os.Remove(filepath.Join(d, f))
		}
		os.RemoveAll(filepath.Join(d, "seal/000004.cosign"))
	})
	out, err := bundletest.Run(t, cut, "bash", "verify.sh")
	if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 3 || !strings.Contains(out, "UNFINISHED") {
		t.Errorf("an unfinished bundle: %v\n%s", err, out)
	}
	if r := m.Verify(cut, verify.Options{}); !r.OK() || r.State != seal.Unfinished {
		t.Errorf("an unfinished bundle: %+v", r)
	}
}

// A key that only looks like the known one does not count as known.
func TestKnownSigner(t *testing.T) {
	m, stranger := bundletest.New(t), bundletest.New(t)
	dir, _ := m.Write(m.Options(), bundletest.Sample()...)
	if r := m.Verify(dir, verify.Options{Known: func(k string) bool { return k == stranger.VKey }}); r.KnownSigner || !r.OK() {
		t.Errorf("a stranger's key counts: %+v", r)
	}
	if r := m.Verify(dir, verify.Options{Known: func(k string) bool { return k == m.VKey }}); !r.KnownSigner {
		t.Errorf("the known key does not count: %+v", r)
	}
}
