package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// readmeBlocks returns the commands in the README's sh blocks, in order,
// without what follows a #.
func readmeBlocks(t *testing.T, root string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, b := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		for line := range strings.Lines(string(b[1])) {
			line, _, _ = strings.Cut(line, " #")
			if line = strings.TrimSpace(line); line != "" {
				out = append(out, line)
			}
		}
	}
	return out
}

// bounded are commands that a test runs with less to take than a user would:
// through the environment, so that their words stay those of the README.
var bounded = []string{"HOZEN_MAX_FILE=4MiB", "HOZEN_MAX_TOTAL=300MiB", "HOZEN_TIMEOUT=60s"}

// Every command of the README runs, word for word and in order, with the
// programs on the PATH. The two scripts that set up, build and test can't run
// inside a test; that they are there and sound is checked.
func TestReadme(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the walk-throughs are for Linux")
	}
	if facts().Libyara == "" {
		t.Skip("this build has no YARA, which the walk-throughs use")
	}
	for _, tool := range []string{"bash", "openssl", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "rules"), filepath.Join(work, "rules")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+work, "XDG_CONFIG_HOME="+work, "PATH="+programs(t, root)+":"+os.Getenv("PATH"))
	seen := 0
	for _, line := range readmeBlocks(t, root) {
		if strings.HasPrefix(line, "scripts/") {
			if out, err := exec.Command("bash", "-n", filepath.Join(root, line)).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			continue
		}
		seen++
		c := exec.Command("bash", "-c", line)
		c.Dir, c.Env = work, append(env, bounded...)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		err := c.Run()
		if !readmeAllows(line, c.ProcessState.ExitCode()) {
			t.Fatalf("$ %s\n%v\n%s", line, err, out.String())
		}
	}
	if seen < 15 {
		t.Errorf("only %d commands were found in the README", seen)
	}
}

// readmeAllows tells which exit codes a command may have here: gaps are to be
// expected of a live host under bounds, and of a sweep of what was taken.
func readmeAllows(line string, code int) bool {
	return code == 0 || code == 3 && (strings.HasPrefix(line, "hozen-collect ") || strings.HasPrefix(line, "hozen analyze ") ||
		strings.HasPrefix(line, "hozen recover "))
}

// programs builds hozen-collect, and takes this test's own binary for hozen.
func programs(t *testing.T, root string) string {
	t.Helper()
	bin := t.TempDir()
	c := exec.Command("go", "build", "-o", filepath.Join(bin, "hozen-collect"), "./cmd/hozen-collect")
	c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building hozen-collect: %v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "hozen")); err != nil {
		t.Fatal(err)
	}
	return bin
}
