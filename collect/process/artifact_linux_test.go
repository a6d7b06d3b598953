package process

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// liveSource says that it is the running host; the artifact takes nothing else
// from its source.
func liveSource() collect.Source {
	s := sourcetest.NewDir("/", collect.Linux)
	s.In.Name, s.In.Live = "live", true
	return s
}

// taken is the result of one run, decoded.
type taken struct {
	sink  *sinktest.Sink
	procs map[int]Process
	files []File
	seen  []collect.Observation
}

func take(t *testing.T) *taken {
	t.Helper()
	k := &taken{sink: &sinktest.Sink{}, procs: map[int]Process{}}
	if err := New().Collect(context.Background(), liveSource(), k.sink); err != nil {
		t.Fatal(err)
	}
	for _, p := range sinktest.Lines[Process](t, k.sink, "/processes/processes.jsonl") {
		k.procs[p.PID] = p
	}
	k.files = sinktest.Lines[File](t, k.sink, "/processes/files.jsonl")
	for _, g := range k.sink.Items() {
		if g.Record.Source == "hozen" {
			var o collect.Observation
			if err := json.Unmarshal(g.Bytes, &o); err != nil {
				t.Fatal(err)
			}
			k.seen = append(k.seen, o)
		}
	}
	return k
}

func (k *taken) observed(kind string, pid int) *collect.Observation {
	for i, o := range k.seen {
		if o.Kind == kind && o.Facts["pid"] == strconv.Itoa(pid) {
			return &k.seen[i]
		}
	}
	return nil
}

func (k *taken) bytes(t *testing.T, path string) []byte {
	t.Helper()
	got := k.sink.Find("live", path)
	if len(got) != 1 {
		t.Fatalf("%d items at %s, want 1", len(got), path)
	}
	return got[0].Bytes
}

// start runs a program until the test ends. It waits until the program has
// replaced the copy of this test.
func start(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func copyOf(t *testing.T, from, to string) []byte {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Skipf("no %s to copy: %v", from, err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func TestDeletedExecutableIsRecovered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "implant")
	want := copyOf(t, "/bin/sleep", path)
	one := start(t, exec.Command(path, "60"))
	two := start(t, exec.Command(path, "61"))
	alias := filepath.Join(filepath.Dir(path), "still here (deleted)")
	copyOf(t, "/bin/sleep", alias)
	three := start(t, exec.Command(alias, "62"))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	k := take(t)
	p := k.procs[one]
	if p.Exe == nil || !p.Exe.Deleted || p.Exe.SHA256 != hexSum(want) {
		t.Fatalf("executable of %d: %+v, want deleted with sha256 %s", one, p.Exe, hexSum(want))
	}
	if got := k.bytes(t, p.Exe.Item); !bytes.Equal(got, want) {
		t.Errorf("recovered %d bytes that differ from the %d of the file", len(got), len(want))
	}
	if k.procs[two].Exe.Item != p.Exe.Item {
		t.Errorf("two processes of one file point to %q and %q", p.Exe.Item, k.procs[two].Exe.Item)
	}
	if o := k.observed("deleted-executable", one); o == nil || o.Facts["exe_sha256"] != hexSum(want) {
		t.Errorf("observation of the deleted executable: %+v", o)
	}
	if e := k.procs[three].Exe; e == nil || e.Deleted || e.Item != "" || e.SHA256 != hexSum(want) {
		t.Errorf("a file that is only named so counts as deleted: %+v", e)
	}
}

func TestMemfdExecutableIsRecovered(t *testing.T) {
	want, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Skip(err)
	}
	fd, err := unix.MemfdCreate("kworker", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skipf("memfd: %v", err)
	}
	f := os.NewFile(uintptr(fd), "memfd")
	defer f.Close()
	if _, err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	ro, err := os.Open("/proc/self/fd/" + strconv.Itoa(fd)) // one open for writing can't be run
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	defer ro.Close()
	cmd := exec.Command("/proc/self/fd/3", "60")
	cmd.Args[0] = "[kworker/0:1]"
	cmd.ExtraFiles = []*os.File{ro}
	pid := start(t, cmd)
	k := take(t)
	p := k.procs[pid]
	if p.Exe == nil || !p.Exe.Memfd || p.Exe.SHA256 != hexSum(want) || !strings.HasPrefix(p.Exe.Path, "/memfd:kworker") {
		t.Fatalf("executable %+v", p.Exe)
	}
	if !bytes.Equal(k.bytes(t, p.Exe.Item), want) {
		t.Error("recovered bytes differ")
	}
	if k.observed("kernel-thread-name", pid) == nil || p.KernelThread {
		t.Error("a user process in brackets was not noticed")
	}
}

func TestEnvironmentAndArguments(t *testing.T) {
	dir := t.TempDir()
	odd := "line\nfeed\xff\xfe"
	cmd := exec.Command("/bin/sleep", "60")
	cmd.Args = []string{"sl\xffeep", "60", "-v", "a b"}[:2]
	cmd.Dir = dir
	cmd.Env = []string{"ODD=" + odd, "LD_PRELOAD=/nowhere/\xffevil.so", "EMPTY="}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	pid := start(t, cmd)
	k := take(t)
	p := k.procs[pid]
	want := "ODD=" + odd + "\x00LD_PRELOAD=/nowhere/\xffevil.so\x00EMPTY=\x00"
	if got := k.bytes(t, p.Environ.Item); string(got) != want {
		t.Errorf("environment %q, want %q", got, want)
	}
	if p.Environ.Count != 3 || p.Cwd != dir || p.Root != "/" {
		t.Errorf("environ %+v cwd %q root %q", p.Environ, p.Cwd, p.Root)
	}
	line, err := base64.StdEncoding.DecodeString(p.ArgsB64)
	if err != nil || string(line) != "sl\xffeep\x0060\x00" || p.Args[0] != "sl\uFFFDeep" {
		t.Errorf("command line %q %q %v", p.Args, line, err)
	}
	o := k.observed("preload-environment", pid)
	if o == nil || o.Facts["value_b64"] != base64.StdEncoding.EncodeToString([]byte("/nowhere/\xffevil.so")) {
		t.Errorf("observation of LD_PRELOAD: %+v", o)
	}
	if k.observed("preload-environment", os.Getpid()) != nil {
		t.Error("a process without LD_PRELOAD was noticed")
	}
}

func TestLongEnvironmentIsCutAndSaysSo(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "60")
	for i := range 4 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("V%d=%s", i, strings.Repeat("x", 100<<10)))
	}
	pid := start(t, cmd)
	k := take(t)
	p := k.procs[pid]
	got := k.sink.Find("live", p.Environ.Item)
	if len(got) != 1 || got[0].Record.Outcome != evidence.Partial || len(got[0].Bytes) != procfs.MaxEnv || !p.Environ.Cut {
		t.Fatalf("long environment: %+v, %d items, outcome %v, %d bytes", p.Environ, len(got), got[0].Record.Outcome, len(got[0].Bytes))
	}
}

func TestOpenFilesAndSockets(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	name := filepath.Join(t.TempDir(), "log \xff.txt")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("12345"); err != nil {
		t.Fatal(err)
	}
	k := take(t)
	var file, sock *File
	for i, o := range k.files {
		switch {
		case o.PID != os.Getpid():
		case o.TargetB64 == base64.StdEncoding.EncodeToString([]byte(name)):
			file = &k.files[i]
		case strings.Contains(o.Socket, ln.Addr().String()):
			sock = &k.files[i]
		}
	}
	if file == nil || file.Access != "rw" || file.Pos != "5" || file.Kind != "file" {
		t.Errorf("open file: %+v", file)
	}
	if sock == nil || sock.Kind != "socket" || sock.Socket != "tcp "+ln.Addr().String()+" LISTEN" {
		t.Errorf("open socket: %+v", sock)
	}
}

// TestAgainstPS compares with an independent reader of the same facts.
func TestAgainstPS(t *testing.T) {
	if _, err := exec.LookPath("ps"); err != nil {
		t.Skip("no ps")
	}
	own := start(t, exec.Command("/bin/sleep", "60"))
	k := take(t)
	out, err := exec.Command("ps", "-eo", "pid=,ppid=,euid=,ruid=,egid=,nlwp=,sess=,pgid=,lstart=,comm=").Output()
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		pid, _ := strconv.Atoi(f[0])
		p, ok := k.procs[pid]
		if !ok || p.UID == nil {
			continue // started since
		}
		lstart, err := time.ParseInLocation("Mon Jan 2 15:04:05 2006", strings.Join(f[8:13], " "), time.Local)
		if err != nil {
			t.Fatal(err)
		}
		if d := lstart.Sub(p.Start.Time).Abs(); d > 2*time.Second {
			t.Errorf("process %d started %v, ps says %v", pid, p.Start, lstart)
		}
		got := []string{strconv.Itoa(p.PPID), fmt.Sprint(p.UID.Effective), fmt.Sprint(p.UID.Real), fmt.Sprint(p.GID.Effective)}
		if want := f[1:5]; !slices.Equal(got, want) {
			t.Errorf("process %d: %v, ps says %v", pid, got, want)
		}
		if got := []string{strconv.Itoa(p.Session), strconv.Itoa(p.PGID)}; !slices.Equal(got, f[6:8]) {
			t.Errorf("process %d: session and group %v, ps says %v", pid, got, f[6:8])
		}
		if comm := strings.Join(f[13:], " "); !p.KernelThread && comm != p.Comm {
			t.Errorf("process %d is named %q, ps says %q", pid, p.Comm, comm)
		}
		same++
	}
	if same < 3 || k.procs[own].Comm != "sleep" {
		t.Errorf("only %d processes compared", same)
	}
}

func TestSelf(t *testing.T) {
	k := take(t)
	p := k.procs[os.Getpid()]
	me, _ := user.Current()
	if p.UID == nil || fmt.Sprint(p.UID.Effective) != me.Uid || p.UID.Name != me.Username {
		t.Errorf("user %+v, want %s %s", p.UID, me.Uid, me.Username)
	}
	h, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	d := sha256.New()
	if _, err := io.Copy(d, h); err != nil {
		t.Fatal(err)
	}
	if p.Exe.SHA256 != hex.EncodeToString(d.Sum(nil)) {
		t.Errorf("own executable %+v", p.Exe)
	}
	ns, _ := os.Readlink("/proc/self/ns/net")
	if "net:["+p.Namespaces["net"]+"]" != ns || len(p.Limits) < 10 || p.Caps["bounding"].Raw == "" {
		t.Errorf("namespaces %v, %d limits, caps %v", p.Namespaces, len(p.Limits), p.Caps)
	}
	if k.procs[2].Comm == "kthreadd" && !k.procs[2].KernelThread {
		t.Error("kthreadd is not marked as a kernel thread")
	}
	for _, o := range k.seen {
		if o.Kind == "hidden-process" {
			t.Errorf("a hidden process on a clean host: %+v", o)
		}
	}
}

// TestDeniedIsRecorded runs this test again as a user without rights.
func TestDeniedIsRecorded(t *testing.T) {
	if os.Getenv("HOZEN_TEST_DENIED") != "" {
		k := take(t)
		got := k.sink.Find("live", "/processes/1")
		if len(got) != 1 || got[0].Record.Outcome != evidence.Denied {
			t.Fatalf("process 1: %+v", got)
		}
		for _, what := range []string{"exe", "environ", "fd", "cwd"} {
			if !slices.Contains(k.procs[1].Denied, what) {
				t.Errorf("%s of process 1 is not listed as denied: %v", what, k.procs[1].Denied)
			}
		}
		if k.procs[1].PID != 1 || k.procs[1].Comm == "" {
			t.Error("what everybody may read of process 1 is missing")
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give its rights away")
	}
	dir, err := os.MkdirTemp("/tmp", "hozen-process-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, _ := os.Executable()
	copyOf(t, self, filepath.Join(dir, "process.test"))
	cmd := exec.Command(filepath.Join(dir, "process.test"), "-test.run=^TestDeniedIsRecorded$", "-test.v")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOZEN_TEST_DENIED=1", "HOME="+dir, "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func TestCancelledRunKeepsWhatItHas(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	sink := &sinktest.Sink{}
	if err := New().Collect(ctx, liveSource(), sink); err == nil {
		t.Error("a cancelled run reports no error")
	}
	if got := sink.Find("live", "/processes/processes.jsonl"); len(got) != 1 || got[0].Record.Outcome != evidence.Partial {
		t.Errorf("its list is not there as partial: %+v", got)
	}
}

func TestBrokenSinkEndsTheRun(t *testing.T) {
	sink := &sinktest.Sink{Break: func(r evidence.Record) error {
		if strings.HasSuffix(r.Path, "/maps") {
			return syscall.ENOSPC
		}
		return nil
	}}
	err := New().Collect(context.Background(), liveSource(), sink)
	if err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Errorf("error %v, want that of the sink", err)
	}
}

// TestLongArgumentsAreCutAndSaySo has a command line of more than is kept.
func TestLongArgumentsAreCutAndSaySo(t *testing.T) {
	args := []string{"60"}
	for range 5 { // one argument may have 128 KiB (MAX_ARG_STRLEN)
		args = append(args, strings.Repeat("x", 100_000))
	}
	cmd := exec.Command("/bin/sh", append([]string{"-c", "sleep 60; true"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pid := start(t, cmd)
	t.Cleanup(func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
	k := take(t)
	got := k.sink.Find("live", "/processes/"+strconv.Itoa(pid))
	if p := k.procs[pid]; !p.ArgsCut || len(got) != 1 || got[0].Record.Outcome != evidence.Failed || !strings.Contains(got[0].Record.Error, "cmdline: cut at its bound") {
		t.Errorf("truncated %v, %+v", p.ArgsCut, got)
	}
}

// slowly is a sink whose budget lets a run read so many bytes and no more.
type slowly struct {
	*sinktest.Sink
	left *int
}

func (s slowly) Pace(n int) error {
	if *s.left -= n; *s.left < 0 {
		return fmt.Errorf("%w: no byte more", evidence.ErrBudget)
	}
	return nil
}

// TestHashingKeepsToTheBudget has an executable of more bytes than may be read.
func TestHashingKeepsToTheBudget(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "long")
	b := copyOf(t, "/bin/sleep", exe)
	if err := os.Truncate(exe, 32<<20); err != nil {
		t.Fatal(err)
	}
	pid := start(t, exec.Command(exe, "60"))
	left := 8 << 20
	sink := slowly{&sinktest.Sink{}, &left}
	a := &artifact{fs: procfs.Live(), list: func() ([]int, error) { return []int{pid}, nil }}
	if err := a.Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	for _, p := range sinktest.Lines[Process](t, sink.Sink, lines) {
		if p.PID == pid && (p.Exe == nil || p.Exe.SHA256 != "" || !strings.Contains(p.Exe.Error, "no byte more")) {
			t.Errorf("%+v", p.Exe)
		}
	}
	if got := sink.Find("live", "/processes/"+strconv.Itoa(pid)); len(got) != 1 || len(b) == 0 {
		t.Errorf("%+v", got)
	}
}

// TestSocketsOfNoList has sockets that no list of the kernel shows.
func TestSocketsOfNoList(t *testing.T) {
	want := map[int]string{}
	for _, s := range []struct {
		family, kind int
		name         string
	}{{unix.AF_INET, unix.SOCK_STREAM, "TCP"}, {unix.AF_INET6, unix.SOCK_DGRAM, "UDPv6"}, {unix.AF_VSOCK, unix.SOCK_STREAM, "AF_VSOCK"}} {
		fd, err := unix.Socket(s.family, s.kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Log(s.name, err)
			continue
		}
		defer unix.Close(fd)
		want[fd] = s.name
	}
	for _, o := range take(t).files {
		if name, ok := want[o.FD]; ok && o.PID == os.Getpid() {
			if o.Socket != "" || o.Protocol != name {
				t.Errorf("%+v, want protocol %s", o, name)
			}
			delete(want, o.FD)
		}
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
}
