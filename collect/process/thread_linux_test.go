package process

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect/sourcetest"
)

// TestFirstThreadEnded has a process whose first thread has ended: the kernel
// shows it as a zombie, with no memory and no files, and it runs on.
func TestFirstThreadEnded(t *testing.T) {
	if os.Getenv("HOZEN_TEST_LEADERLESS") != "" {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		sourcetest.EndFirstThread()
		os.Stdout.WriteString(ln.Addr().String() + "\n")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	exe := t.TempDir() + "/gone"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sum := hexSum(copyOf(t, self, exe))
	cmd := exec.Command(exe, "-test.run=^TestFirstThreadEnded$")
	cmd.Env = []string{"HOZEN_TEST_LEADERLESS=1", "LD_PRELOAD=/nowhere.so"}
	in, _ := cmd.StdinPipe()
	defer in.Close()
	out, _ := cmd.StdoutPipe()
	pid := start(t, cmd)
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	k := take(t)
	p := k.procs[pid]
	if p.State != "Z" || p.Ended || p.ReadThread == 0 || len(p.Args) != 2 || p.Cwd == "" || p.Root != "/" || len(p.Namespaces) == 0 {
		t.Errorf("process %+v", p)
	}
	if p.Exe == nil || !p.Exe.Deleted || p.Exe.SHA256 != sum || hexSum(k.bytes(t, p.Exe.Item)) != sum {
		t.Errorf("executable %+v", p.Exe)
	}
	if p.Environ == nil || !strings.Contains(string(k.bytes(t, p.Environ.Item)), "HOZEN_TEST_LEADERLESS=1") || p.Maps == nil {
		t.Errorf("environment %+v, maps %+v", p.Environ, p.Maps)
	}
	listens := false
	for _, f := range k.files {
		listens = listens || f.PID == pid && strings.HasPrefix(f.Socket, "tcp "+strings.TrimSpace(addr)+" LISTEN")
	}
	if !listens || p.Files == 0 {
		t.Errorf("%d open files, none of them %s", p.Files, addr)
	}
	for _, kind := range []string{"first-thread-ended", "deleted-executable", "preload-environment"} {
		if k.observed(kind, pid) == nil {
			t.Errorf("no observation %s of process %s", kind, strconv.Itoa(pid))
		}
	}
}

// TestZombieIsNoGap has a process that has ended and waits for its parent.
func TestZombieIsNoGap(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = cmd.Wait() }()
	pid := cmd.Process.Pid
	for state := ""; state != "Z"; {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		state = string(b[strings.LastIndex(string(b), ")")+2])
	}
	k := take(t)
	if p := k.procs[pid]; p.State != "Z" || p.ReadThread != 0 || p.Ended || len(p.Errors) > 0 {
		t.Errorf("%+v", p)
	}
	if got := k.sink.Find("live", "/processes/"+strconv.Itoa(pid)); len(got) > 0 || k.observed("first-thread-ended", pid) != nil {
		t.Errorf("a zombie is noted: %+v", got)
	}
}
