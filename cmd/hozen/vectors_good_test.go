package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// goodVectors are the names of the good vectors, without their ending.
func goodVectors(t *testing.T) (names []string) {
	t.Helper()
	for _, e := range readExpected(t) {
		if name, ok := strings.CutPrefix(e.name, "good/"); ok {
			names = append(names, strings.TrimSuffix(name, ".zip"))
		}
	}
	return names
}

// unpack makes a folder of a vector's objects, as far as its ZIP goes.
func unpack(t *testing.T, name, dir string) {
	t.Helper()
	ctx := context.Background()
	o, err := bundle.ZipObjects(filepath.Join(vectorDir, "good", name+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	names, err := o.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for n, size := range names {
		obj, err := o.Open(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, size)
		if n, err := obj.ReadAt(body, 0); n < len(body) {
			t.Fatal(err)
		}
		file := filepath.Join(dir, filepath.FromSlash(n))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// script runs a shell script and returns its exit code and what it says.
func script(t *testing.T, args ...string) (int, string) {
	t.Helper()
	for _, tool := range []string{"bash", "openssl", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	out, err := exec.Command("bash", args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// As a folder a good vector says what it says as a ZIP, to every command.
func TestGoodVectorsAsFolders(t *testing.T) {
	byName := map[string]expected{}
	for _, e := range readExpected(t) {
		byName[e.name] = e
	}
	for _, name := range goodVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := byName["good/"+name+".zip"]
			b := newVectorBox(t, e)
			b.in = b.file("box/folder")
			unpack(t, name, b.in)
			b.before = b.tree()
			for _, c := range vectorCommands {
				code, out, errs, own := b.run(c.name, c.args)
				if code != e.code[c.name] {
					t.Errorf("%s: exit code %d, want %d: %s%s", c.name, code, e.code[c.name], out, errs)
				}
				if c.name == "json" {
					b.asFolder(name, out)
				} else {
					b.good(e.name, c.name, out, own)
				}
			}
		})
	}
}

// asFolder compares a folder's report with that of the ZIP, which speaks of the
// ZIP as well.
func (b *vectorBox) asFolder(name, out string) {
	b.Helper()
	var got, want verify.Report
	golden, err := os.ReadFile(filepath.Join(vectorDir, "good", name+".verify.jsonl"))
	if err == nil {
		err = errors.Join(json.Unmarshal(golden, &want), json.Unmarshal([]byte(out), &got))
	}
	want.Checks = slices.DeleteFunc(want.Checks, func(c verify.Check) bool { return c.Name == "container" })
	want.Tail = slices.DeleteFunc(want.Tail, func(s string) bool { return strings.HasPrefix(s, "(") })
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
		b.Errorf("%v: %s", err, d)
	}
}

// Each good vector brings a script that finds it good, and finds a change.
func TestGoodVectorsByTheirScripts(t *testing.T) {
	for _, name := range goodVectors(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			unpack(t, name, dir)
			want := 0
			if name == "unfinished" {
				want = 3
			}
			for _, from := range []string{dir + "/verify.sh", "../../evidence/sink/text/verify.sh"} { // frozen, and today's
				if code, out := script(t, from, dir); code != want && from == dir+"/verify.sh" || code != want && !strings.Contains(out, "verify.sh is not the one") {
					t.Errorf("%s: exit code %d, want %d: %s", from, code, want, out)
				}
			}
			leaf := filepath.Join(dir, "seal/000001.json")
			body, err := os.ReadFile(leaf)
			if err != nil {
				t.Fatal(err)
			}
			body[len(body)/2] ^= 1
			if err := os.WriteFile(leaf, body, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out := script(t, dir+"/verify.sh", dir); code != 4 {
				t.Errorf("after a flipped bit: exit code %d: %s", code, out)
			}
		})
	}
}

// openssl agrees about the frozen time stamp: it is over the last checkpoint.
func TestStampedVectorByOpenssl(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	unpack(t, "stamped", dir)
	check := func(checkpoint string) (string, error) {
		out, err := exec.Command("openssl", "ts", "-verify", "-data", filepath.Join(dir, checkpoint), "-token_in", "-in", filepath.Join(dir, "seal/000003.tsr"),
			"-CAfile", vectorDir+"/good/stamped.pem", "-attime", "1768642260").CombinedOutput() // 2026-01-17T09:31:00Z
		return string(out), err
	}
	if out, err := check("seal/000003.checkpoint"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := check("seal/000002.checkpoint"); err == nil {
		t.Errorf("good for an older checkpoint too: %s", out)
	}
	b := newVectorBox(t, expected{name: "good/stamped.zip"})
	code, out, errs, _ := b.run("verify", "verify IN --tsa-root "+vectorDir+"/good/stamped.pem")
	if code != 0 || !strings.Contains(b.plain(out), "passed time stamp: 2026-01-17T09:31:00Z by CN=Test authority\\, not to be trusted") {
		t.Errorf("with its certificate: exit code %d: %s%s", code, out, errs)
	}
}

// The custody log's script says of each log what the command says.
func TestCustodyVectorsByScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verify.sh")
	if err := os.WriteFile(file, custody.VerifyScript(), 0o600); err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadDir(vectorDir + "/custody/cases")
	if err != nil || len(cases) < 7 {
		t.Fatalf("%d cases (%v)", len(cases), err)
	}
	for _, c := range cases {
		code, out, _ := call("custody", "verify", "--store", vectorDir+"/custody", "--case", c.Name())
		if got, said := script(t, file, filepath.Join(vectorDir, "custody/cases", c.Name(), "custody")); got != code {
			t.Errorf("%s: the script ends with %d, the command with %d: %s%s", c.Name(), got, code, said, out)
		}
	}
}

// A YARA rule finds what is in the good vectors.
func TestGoodVectorsByYARA(t *testing.T) {
	if facts().Libyara == "" {
		t.Skip("built without libyara")
	}
	for name, want := range map[string]struct {
		rule, path string
		code       int
	}{
		"plain":     {`rule found { strings: $a = "root:x:0:0" condition: $a at 0 and filesize == 30 }`, "/etc/passwd", 3},
		"encrypted": {`rule found { strings: $a = "who has the key" condition: $a and filename == "secret" }`, "/etc/secret", 0},
		"parts":     {`rule found { strings: $a = "line 93\n" condition: $a and filesize == 9437189 }`, "/three", 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := expected{name: "good/" + name + ".zip"}
			if name == "encrypted" {
				e.identity = "keys/examiner"
			}
			b := newVectorBox(t, e)
			rule := b.file("box/out-rule/found.yar") // where a command may have put it
			if err := os.MkdirAll(filepath.Dir(rule), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(rule, []byte(want.rule), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, errs, _ := b.run("analyze", "analyze IN --json --workers 1 --rules "+rule)
			var f struct{ Path, Rule string }
			if err := json.Unmarshal([]byte(out), &f); err != nil || code != want.code || f.Path != want.path || f.Rule != "found" {
				t.Errorf("exit code %d, %+v (%v): %s%s", code, f, err, out, errs)
			}
		})
	}
}
