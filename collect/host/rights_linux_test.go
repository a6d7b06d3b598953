package host

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody runs this test again as an ordinary user, and returns what it says.
func asNobody(t *testing.T, name string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	exe := filepath.Join(t.TempDir(), "test")
	for d := filepath.Dir(exe); d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exe, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+name+"$", "-test.v")
	cmd.Env = []string{"HOZEN_TEST_NOBODY=1", "TMPDIR=/tmp"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	return out.String()
}

func TestRights(t *testing.T) {
	var names []string
	for _, r := range MissingRights() {
		names = append(names, r.Name)
	}
	if os.Getenv("HOZEN_TEST_NOBODY") != "" {
		fmt.Println("missing:", names)
		return
	}
	if os.Geteuid() != 0 {
		if !slices.Contains(names, "CAP_DAC_READ_SEARCH") {
			t.Errorf("a user lacks %q alone", names)
		}
		t.Skip("needs root to see what root has")
	}
	if slices.Contains(names, "CAP_DAC_READ_SEARCH") {
		t.Errorf("root lacks %q", names)
	}
	if out := asNobody(t, "TestRights"); !strings.Contains(out, "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_NET_RAW") {
		t.Errorf("nobody lacks: %s", out)
	}
}

func TestIdentity(t *testing.T) {
	var st unix.Stat_t
	if err := unix.Lstat("/", &st); err != nil {
		t.Fatal(err)
	}
	dev, inode, ok := Identity("/")
	if want := fmt.Sprintf("%d:%d", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev))); !ok || dev != want || inode != fmt.Sprint(st.Ino) {
		t.Errorf("%s %s %v, want %s %d", dev, inode, ok, want, st.Ino)
	}
	if _, _, ok := Identity(filepath.Join(t.TempDir(), "none")); ok {
		t.Error("what is not there has an identity")
	}
}
