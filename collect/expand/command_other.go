//go:build !unix

package expand

import (
	"os"
	"os/exec"
	"path/filepath"
)

// group does nothing here: the process itself ends when its time is up, and
// its pipes are closed soon after.
func group(*exec.Cmd) {}

// endGroup knows of nothing that a command left.
func endGroup(*exec.Cmd) bool { return false }

func systemPath() []string {
	root := os.Getenv("SystemRoot")
	return []string{filepath.Join(root, "System32"), filepath.Join(root, "System32", "wbem"), filepath.Join(root, "System32", "WindowsPowerShell", "v1.0")}
}

// systemEnv keeps what Windows programs can't start without.
func systemEnv() []string { return []string{"SystemRoot=" + os.Getenv("SystemRoot")} }
