package bundletest

import (
	"os/exec"
	"strings"
	"testing"
)

// Tools skips the test where a program that it compares with is missing.
func Tools(t testing.TB, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			t.Skipf("%s is not installed", n)
		}
	}
}

// Run runs a program in dir and returns all that it says.
func Run(t testing.TB, dir, name string, args ...string) (string, error) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

// MustRun is Run, and ends the test where the program fails.
func MustRun(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	out, err := Run(t, dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}
