package procfs

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const tail = " 1 2 3 0 -1 4194560 1 2 3 4 500 600 7 8 20 0 7 0 99999 1048576 55 18446744073709551615 0 0\n"

func TestParseStat(t *testing.T) {
	for name, comm := range map[string]string{
		"plain": "sleep", "blanks": "tmux: server", "empty": "", "parens": ") R 1 2 (", "newline": "a\nb)", "many": "((((()))))", "bytes": "\xff\x00\xfe",
	} {
		got, err := ParseStat([]byte("77 (" + comm + ") S" + tail))
		want := Stat{PID: 77, Comm: comm, State: "S", PPID: 1, PGID: 2, Session: 3, Flags: 4194560, UTime: 500, STime: 600,
			Threads: 7, Start: 99999, VSize: 1048576, RSS: 55}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, bad := range []string{
		"", "77", "77 (", "77 )(", "(x) S", "77 (x) S 1 2 3", "x (x) S" + tail, "77 (x) S" + strings.Replace(tail, "99999", "-1", 1),
		"77 (x) S" + strings.Replace(tail, "99999", "99999999999999999999999", 1), strings.Repeat("(", 1<<16),
	} {
		if got, err := ParseStat([]byte(bad)); err == nil {
			t.Errorf("%.30q gives %+v", bad, got)
		}
	}
}

func TestKernelThread(t *testing.T) {
	if !(Stat{Flags: 0x00208040}).KernelThread() || (Stat{Flags: 0x00400140}).KernelThread() {
		t.Error("PF_KTHREAD is not told apart")
	}
}

// TestStatusCanNotBeForged: the kernel escapes newlines in names, and of two
// equal keys the first counts.
func TestStatusCanNotBeForged(t *testing.T) {
	s := ParseStatus([]byte("Name:\tx\\nUid:\t0\nUid:\t1000\t1001\t1002\t1003\nUid:\t0\t0\t0\t0\njunk\nSeccomp:\t2\nNSpid:\t5\t1\n"))
	if got := s.IDs("Uid"); !slices.Equal(got, []uint32{1000, 1001, 1002, 1003}) {
		t.Errorf("ids %v", got)
	}
	if v, ok := s.Int("Seccomp"); !ok || v != 2 {
		t.Errorf("seccomp %d %v", v, ok)
	}
	if _, ok := s.Int("Nothing"); ok {
		t.Error("a line that isn't there has a number")
	}
	if n := len(ParseStatus([]byte(manyKeys()))); n > maxStatusKeys {
		t.Errorf("%d keys kept", n)
	}
}

func manyKeys() string {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString("K" + strconv.Itoa(i) + ": 1\n")
	}
	return b.String()
}

func TestCapabilities(t *testing.T) {
	c, err := ParseCapabilities("8000000000202001")
	want := []string{"cap_chown", "cap_net_raw", "cap_sys_admin", "cap_63"}
	if err != nil || !slices.Equal(c.Names, want) {
		t.Errorf("%+v, %v, want %v", c, err, want)
	}
	if _, err := ParseCapabilities("xyz"); err == nil {
		t.Error("no number is taken for a mask")
	}
	if capNames[40] != "checkpoint_restore" || len(capNames) != 41 {
		t.Error("a name is missing from the list")
	}
}

func TestLimitsOfThisProcess(t *testing.T) {
	b, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		t.Skip(err)
	}
	var names []string
	for _, l := range ParseLimits(b) {
		names = append(names, l.Name)
	}
	for _, want := range []string{"Max cpu time", "Max open files", "Max realtime timeout"} {
		if !slices.Contains(names, want) {
			t.Errorf("no limit %q in %q", want, names)
		}
	}
}

func TestMounts(t *testing.T) {
	in := "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/ro\\134ot rw,errors=continue\n" +
		"40 36 0:5 net:[4026531840] /run/netns/x rw - nsfs nsfs rw\nbad line\n1 2 3 4 5 6 -\n"
	got, bad := ParseMounts([]byte(in))
	want := []Mount{
		{ID: 36, Parent: 35, Dev: "98:0", Root: "/mnt1", Point: "/mnt 2", Options: "rw,noatime", Propagation: "master:1 shared:7",
			FSType: "ext3", Device: `/dev/ro\ot`, SuperOpts: "rw,errors=continue"},
		{ID: 40, Parent: 36, Dev: "0:5", Root: "net:[4026531840]", Point: "/run/netns/x", Options: "rw", FSType: "nsfs", Device: "nsfs", SuperOpts: "rw"},
	}
	if d := cmp.Diff(want, got); d != "" || bad != 2 {
		t.Errorf("bad %d:\n%s", bad, d)
	}
	for in, want := range map[string]string{`\`: `\`, `\04`: `\04`, `a\040`: "a ", `\999`: `\999`, `\377`: "\xff", `\134040`: `\040`} {
		if got := Unescape(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestFDs(t *testing.T) {
	for target, want := range map[string]string{
		"socket:[123]": "socket 123", "pipe:[9]": "pipe 9", "anon_inode:[eventfd]": "anon 0", "/tmp/socket:[1]": "file 0",
		"socket:[x]": "file 0", "socket:[1": "file 0", "": "file 0", "socket:[99999999999999999999999]": "file 0",
	} {
		k, ino := FDKind(target)
		if got := k + " " + strconv.FormatUint(ino, 10); got != want {
			t.Errorf("%q: %s, want %s", target, got, want)
		}
	}
	d := ParseFDInfo([]byte("pos:\t5\nflags:\t0100002\nmnt_id:\t24\nino:\t9\ninotify wd:1 ino:5\neventfd-count: 3\n"))
	want := FDInfo{Pos: "5", Flags: "0100002", MntID: "24", More: map[string]string{"inotify wd": "1 ino:5", "eventfd-count": "3"}}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[string]string{"net:[4026531840]": "4026531840", "net:[]": "", "net:[1": "", "x": "", "net:[-1]": ""} {
		if got := NSInode(in); got != want {
			t.Errorf("%q gives %q", in, got)
		}
	}
}

func TestNames(t *testing.T) {
	n := ParseNames([]byte("root:x:0:0\nfake:x:0:0\nbad\nx:y:-1:\nbig:x:4294967296:\nn\xff:x:7:1:::\n"))
	if d := cmp.Diff(Names{0: "root", 7: "n\xff"}, n); d != "" {
		t.Error(d)
	}
}

func TestReadsAreBounded(t *testing.T) {
	f := FS{Dir: t.TempDir()}
	if err := os.WriteFile(f.Path("x"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int64]bool{9: true, 10: false, 11: false} {
		b, more, err := f.Read("x", limit)
		if err != nil || more != want || int64(len(b)) != min(limit, 10) {
			t.Errorf("limit %d: %d bytes, more %v, %v", limit, len(b), more, err)
		}
	}
	for _, n := range []string{"7", "12", "3", "-1", "x1", "99999999999999999999"} {
		if err := os.Mkdir(f.Path(n), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := f.PIDs(); err != nil || !slices.Equal(ids, []int{3, 7, 12}) {
		t.Errorf("ids %v, %v", ids, err)
	}
	if ids, more, err := f.Numbers(".", 2); err != nil || !more || len(ids) != 2 {
		t.Errorf("ids %v, more %v, %v", ids, more, err)
	}
	if _, _, err := ReadRegular(f.Path("7"), 10); err == nil {
		t.Error("a folder is read as a file")
	}
	if _, _, err := ReadRegular(filepath.Join(f.Dir, "none"), 10); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestWithinGivesUp(t *testing.T) {
	var g Guard
	block := make(chan struct{})
	defer close(block)
	stuck := func() int { <-block; return 1 }
	if _, err := Within(context.Background(), &g, 10*time.Millisecond, stuck); !errors.Is(err, ErrBlocked) {
		t.Errorf("error %v", err)
	}
	for range 2 * maxBlocked {
		_, _ = Within(context.Background(), &g, time.Nanosecond, stuck)
	}
	if n := g.left.Load(); n != maxBlocked {
		t.Errorf("%d readers were left behind, want %d", n, maxBlocked)
	}
	if v, err := Within(context.Background(), new(Guard), time.Second, func() int { return 7 }); v != 7 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Within(ctx, new(Guard), time.Minute, stuck); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTaints(t *testing.T) {
	if got := Taints(1<<0 | 1<<12 | 1<<40); !slices.Equal(got, []string{"proprietary module", "out-of-tree module", "bit 40"}) {
		t.Errorf("%q", got)
	}
}

// FuzzParsers runs all decoders; none may panic, keep more than its bound, or
// give what JSON can't hold.
func FuzzParsers(f *testing.F) {
	f.Add([]byte("77 () R 1 2 () S" + tail))
	f.Add([]byte("Name:\tx\nUid:\t0 0 0 0\n"))
	f.Add([]byte("36 35 98:0 /a /b\\040 rw - ext3 x rw\n"))
	f.Add([]byte("good 1 2 a,b, Live 0x0 (OE)\n"))
	f.Add([]byte("pos:\t0\nflags:\t02\n"))
	f.Add([]byte("Limit\nMax cpu time              unlimited            unlimited            seconds\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = ParseStat(b)
		s := ParseStatus(b)
		for k := range s {
			s.Int(k)
			s.IDs(k)
		}
		ParseLimits(b)
		mounts, bad := ParseMounts(b)
		mods, badMods := ParseModules(b)
		if most := strings.Count(string(b), "\n") + 1; len(mounts)+bad > most || len(mods)+badMods > most {
			t.Fatalf("more results than lines")
		}
		ParseNames(b)
		FDKind(string(b))
		NSInode(string(b))
		_ = Remote(string(b))
		if c, err := ParseCapabilities(string(b)); err == nil && len(c.Names) > 64 {
			t.Fatal("more than 64 bits")
		}
		for _, v := range []any{mods, ParseFDInfo(b)} {
			if _, err := json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
	})
}
