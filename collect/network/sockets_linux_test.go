package network

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/network/sockets"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestSocketsAgainstSS makes sockets of every kind and compares what is listed
// with what ss lists.
func TestSocketsAgainstSS(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip", "ss") {
		return
	}
	ipRun(t, "link set lo up")
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 123)); err != nil { // waits in the receive queue
		t.Fatal(err)
	}
	ln6, err := net.Listen("tcp6", "[::]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln6.Close()
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	path := filepath.Join(t.TempDir(), "s ock")
	ul, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ul.Close()
	abs, err := net.Listen("unix", "@ab\x00c")
	if err != nil {
		t.Fatal(err)
	}
	defer abs.Close()
	raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(raw)
	sink := take(t)
	all := sinktest.Lines[sockets.Socket](t, sink, "/network/sockets.jsonl")
	ns, _ := os.Readlink("/proc/self/ns/net")
	all = slices.DeleteFunc(all, func(s sockets.Socket) bool { return "net:["+s.NetNS+"]" != ns })
	compareSS(t, all)
	find := func(name, local string) sockets.Socket {
		for _, s := range all {
			if (s.Local == local || s.Name == local) && s.State != "ESTABLISHED" {
				if len(s.Owners) != 1 || s.Owners[0].PID != os.Getpid() {
					t.Errorf("%s %s is owned by %+v, want %d", name, local, s.Owners, os.Getpid())
				}
				return s
			}
		}
		t.Errorf("no %s socket at %s", name, local)
		return sockets.Socket{}
	}
	for _, s := range []sockets.Socket{
		find("tcp", ln.Addr().String()), find("tcp6", ln6.Addr().String()), find("udp", u.LocalAddr().String()), find("unix", path), find("abstract", "@ab@c"),
	} {
		if !slices.Equal(s.Views, []string{sockets.ViewDiag, sockets.ViewProc}) {
			t.Errorf("%s was seen in %v, want both views", s.Summary(), s.Views)
		}
	}
	if got := observations(t, sink, "hidden-socket"); len(got) != 0 {
		t.Errorf("hidden sockets on a clean host: %+v", got)
	}
	queued := false
	for _, s := range all {
		queued = queued || s.State == "ESTABLISHED" && s.RxQueue == 123 && s.Remote == c.LocalAddr().String()
	}
	if !queued {
		t.Error("no socket with 123 bytes in its receive queue")
	}
}

func compareSS(t *testing.T, all []sockets.Socket) {
	out, err := exec.Command("ss", "-tuanOH").Output() // no -p: it needs /proc of the same names
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		want = append(want, strings.Join([]string{f[0], f[1], star(f[4]), star(f[5])}, " "))
	}
	states := map[string]string{"ESTABLISHED": "ESTAB", "UNCONNECTED": "UNCONN"}
	for _, s := range all {
		if s.Protocol != "tcp" && s.Protocol != "udp" {
			continue
		}
		st := s.State
		if states[st] != "" {
			st = states[st]
		}
		remote := s.Remote
		if remote == "" {
			remote = "*"
		}
		got = append(got, strings.Join([]string{s.Protocol, st, star(s.Local), remote}, " "))
	}
	same(t, "sockets", got, want)
}

// star writes an address as ss does without its differences between families.
func star(a string) string {
	if a == "0.0.0.0:*" || a == "[::]:*" || a == "*:*" {
		return "*"
	}
	a = strings.Replace(a, "[::]:", "*:", 1)
	return a
}

func TestPacketSocketIsNoticed(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip", "ss") {
		return
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_ALL)))
	if err != nil {
		t.Fatal(err)
	}
	// Another process must hold it, for the collector's own are left out.
	cmd := exec.Command("/bin/sleep", "60")
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(fd), "packet")}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	cmd.ExtraFiles[0].Close()
	got := observations(t, take(t), "packet-socket")
	want := fmt.Sprintf("pid %d fd 3 sleep", cmd.Process.Pid)
	if len(got) != 1 || got[0].Facts["owner_1"] != want || got[0].Facts["socket"] != "packet raw number 3" {
		t.Errorf("observations %+v, want one of %q", got, want)
	}
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// TestOtherNamespace reads the sockets of a namespace that the collector is
// not in, of a process that is whole and of one whose first thread has ended.
func TestOtherNamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace")
	}
	for name, leaderless := range map[string]string{"whole": "", "leaderless": "1"} {
		t.Run(name, func(t *testing.T) { otherNamespace(t, leaderless) })
	}
}

func otherNamespace(t *testing.T, leaderless string) {
	if os.Getenv("HOZEN_TEST_LISTEN") != "" {
		ln, err := net.Listen("tcp4", "0.0.0.0:4711")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		if os.Getenv("HOZEN_TEST_LEADERLESS") != "" {
			sourcetest.EndFirstThread()
		}
		fmt.Println("listening")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	self, _ := os.Executable()
	cmd := exec.Command(self, "-test.run=^TestOtherNamespace$/^whole$")
	cmd.Env = append(os.Environ(), "HOZEN_TEST_LISTEN=1", "HOZEN_TEST_LEADERLESS="+leaderless)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	defer func() { _ = in.Close(); _ = cmd.Wait() }()
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	sink := take(t)
	dir, thread := procfs.Live().Folder(cmd.Process.Pid)
	if (thread != 0) != (leaderless != "") {
		t.Fatalf("the process is shown by %s", dir)
	}
	link, err := os.Readlink("/proc/" + dir + "/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, s := range sinktest.Lines[sockets.Socket](t, sink, "/network/sockets.jsonl") {
		if "net:["+s.NetNS+"]" == link && s.Local == "0.0.0.0:4711" {
			found = true
			if s.State != "LISTEN" || len(s.Owners) != 1 || s.Owners[0].PID != cmd.Process.Pid {
				t.Errorf("socket %+v", s)
			}
		}
	}
	id := strings.TrimSuffix(strings.TrimPrefix(link, "net:["), "]")
	if !found || len(sink.Find("live", "/network/raw/"+id+"/tcp")) != 1 {
		t.Errorf("the socket in namespace %s was not found", id)
	}
	for _, n := range sinktest.Lines[Namespace](t, sink, "/network/namespaces.jsonl") {
		if n.Inode == id && (n.FirstPID != cmd.Process.Pid || n.Own || n.Sockets == 0) {
			t.Errorf("namespace %+v", n)
		}
	}
}

func TestCancelledRunKeepsWhatItHas(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	sink := &sinktest.Sink{}
	err := New().Collect(ctx, liveSource(), sink)
	if err == nil {
		t.Error("a cancelled run reports no error")
	}
	for _, g := range sink.Items() {
		// Tracked connections are root's to read.
		if g.Record.Outcome == evidence.Denied && (os.Geteuid() == 0 || !strings.HasSuffix(g.Record.Path, "/nf_conntrack")) {
			t.Errorf("%s is %s", g.Record.Path, g.Record.Outcome)
		}
	}
}

// TestBoundSocketIsNotHidden has a TCP socket with an address that neither
// listens nor is connected: /proc never shows such, sock_diag of some kernels
// does.
func TestBoundSocketIsNotHidden(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	for _, o := range observations(t, take(t), "hidden-socket") {
		if o.Facts["inode"] == strconv.FormatUint(st.Ino, 10) {
			t.Errorf("%+v", o)
		}
	}
}
