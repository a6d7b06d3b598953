package clitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BuildCollector builds the portable collector as it is shipped, and returns
// its path. Tests that kill it or measure it need the real process.
func BuildCollector(t *testing.T) string {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool is not installed")
	}
	out := filepath.Join(t.TempDir(), "hozen-collect")
	cmd := exec.Command(tool, "build", "-trimpath", "-o", out, "./cmd/hozen-collect")
	cmd.Dir = repository()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building hozen-collect: %v\n%s", err, text)
	}
	return out
}
