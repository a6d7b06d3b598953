package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const inside = "HOZEN_GUARD_TEST"

// TestMain runs the probe where the test started this binary again.
func TestMain(m *testing.M) {
	if dir := os.Getenv(inside); dir != "" {
		probe(dir)
		return
	}
	os.Exit(m.Run())
}

// findings of the probe; every string is an error text, "" for success.
type probed struct {
	Report                         Report
	Read, Write, TCP, UDP, Unix    string
	Run, Fork, Kill, Thread, Limit string
}

func probe(dir string) {
	parent := os.Getppid()
	p := probed{Report: Enter(256 << 20)}
	_, err := os.ReadFile("/etc/passwd")
	p.Read = text(err)
	p.Write = text(os.WriteFile(dir+"/made", []byte("x"), 0o600))
	_, err = net.DialTimeout("tcp", os.Getenv("HOZEN_GUARD_ADDR"), time.Second)
	p.TCP = text(err)
	_, err = net.Dial("udp", "127.0.0.1:9")
	p.UDP = text(err)
	_, err = net.Dial("unix", dir+"/socket")
	p.Unix = text(err)
	p.Run = text(exec.Command("/bin/true").Run())
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0)
	p.Fork = text(errno)
	p.Kill = text(syscall.Kill(parent, 0))
	p.Thread = threads()
	var lim syscall.Rlimit
	p.Limit = text(errors.Join(syscall.Getrlimit(syscall.RLIMIT_CORE, &lim), equal(lim.Max, 0)))
	json.NewEncoder(os.Stdout).Encode(p)
	os.Exit(0)
}

func text(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission"
	case err == nil || errors.As(err, &errno) && errno == 0:
		return ""
	}
	return err.Error()
}

func equal(got, want uint64) error {
	if got != want {
		return fmt.Errorf("%d, want %d", got, want)
	}
	return nil
}

// threads makes the runtime start threads under the filter.
func threads() string {
	done := make(chan error)
	for range 20 {
		go func() {
			syscall.Select(0, nil, nil, nil, &syscall.Timeval{Usec: 20000})
			done <- nil
		}()
	}
	for range 20 {
		<-done
	}
	return ""
}

func TestEnter(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	u, err := net.Listen("unix", dir+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{inside + "=" + dir, "HOZEN_GUARD_ADDR=" + ln.Addr().String()}
	out, err := cmd.Output()
	if err != nil && !raceDetector {
		t.Fatalf("probe: %v\n%s", err, out)
	}
	var p probed
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("active %v, missing %v", p.Report.Active, p.Report.Missing)
	if strings.Contains(strings.Join(p.Report.Missing, " "), "landlock") {
		t.Skip("this kernel has no Landlock")
	}
	for name, got := range map[string]string{"read": p.Read, "write": p.Write, "tcp": p.TCP, "udp": p.UDP,
		"unix": p.Unix, "run": p.Run, "fork": p.Fork} {
		if got != "permission" {
			t.Errorf("%s: %q, want to be refused", name, got)
		}
	}
	if p.Thread != "" || p.Limit != "" {
		t.Errorf("threads %q, core limit %q", p.Thread, p.Limit)
	}
	if !slices.Contains(p.Report.Active, "seccomp") {
		t.Errorf("no seccomp: %v", p.Report.Missing)
	}
}
