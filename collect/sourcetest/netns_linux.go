package sourcetest

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// OwnNamespace runs the calling test again, in a network namespace of its own,
// and returns true there and false here. It skips the test without root and
// where one of the tools is missing.
func OwnNamespace(t *testing.T, tools ...string) bool {
	t.Helper()
	const mark = "HOZEN_TEST_NETNS"
	if os.Getenv(mark) == t.Name() {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s command", tool)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("%s", out)
	case err != nil || !bytes.Contains(out, []byte("--- PASS")):
		t.Errorf("in a namespace: %v\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
	return false
}
