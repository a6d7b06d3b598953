package house

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// A script that does not know an option says so, and does nothing; it finds the
// repository from wherever it is called, whatever the shell's settings.
func TestScriptsRefuseUnknownOptions(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the scripts are for Linux")
	}
	for _, name := range []string{"setup", "build", "test", "demo", "bench", "fixtures", "vectors"} {
		c := exec.Command("bash", "scripts/"+name, "--no-such-option")
		c.Dir, c.Env = root, append(os.Environ(), "CDPATH=.:..")
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(string(out), "error: unknown option --no-such-option\n") {
			t.Errorf("scripts/%s: %v: %s", name, err, out)
		}
	}
}
