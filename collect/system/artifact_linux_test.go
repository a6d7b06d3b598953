package system

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func take(t *testing.T, root string) *sinktest.Sink {
	t.Helper()
	src := sourcetest.NewDir(root, collect.Linux)
	src.In.Name, src.In.Live = "live", true
	sink := &sinktest.Sink{}
	if err := (&artifact{root: root}).Collect(context.Background(), src, sink); err != nil {
		t.Fatal(err)
	}
	return sink
}

func observations(t *testing.T, sink *sinktest.Sink) map[string]collect.Observation {
	t.Helper()
	out := map[string]collect.Observation{}
	for _, g := range sink.Items() {
		if g.Record.Source != collect.Own {
			continue
		}
		var o collect.Observation
		if err := json.Unmarshal(g.Bytes, &o); err != nil {
			t.Fatal(err)
		}
		out[o.Kind] = o
	}
	return out
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	b, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Skipf("%s: %v", name, err)
	}
	return strings.TrimSpace(string(b))
}

func TestHostAgainstTools(t *testing.T) {
	sink := take(t, "/")
	h := sinktest.Lines[Host](t, sink, "/system/host.json")[0]
	got := []string{h.Hostname, h.Kernel.Name, h.Kernel.Release, h.Kernel.Version, h.Kernel.Machine}
	want := []string{output(t, "uname", "-n"), output(t, "uname", "-s"), output(t, "uname", "-r"), output(t, "uname", "-v"), output(t, "uname", "-m")}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("uname differs (-uname +ours):\n%s", d)
	}
	up, err := time.ParseInLocation("2006-01-02 15:04:05", output(t, "uptime", "-s"), time.Local)
	if err != nil || up.Sub(h.Boot.Time).Abs() > 2*time.Second {
		t.Errorf("boot %v, uptime says %v %v", h.Boot, up, err)
	}
	if n, _ := strconv.Atoi(output(t, "nproc", "--all")); n < h.CPUs {
		t.Errorf("%d processors, nproc says %d", h.CPUs, n)
	}
	if z := output(t, "date", "+%Z %z"); z != h.Zone.Abbrev+" "+time.Now().In(time.FixedZone("", h.Zone.Offset)).Format("-0700") && os.Getenv("TZ") == "" {
		t.Errorf("zone %+v, date says %s", h.Zone, z)
	}
	id := output(t, "sh", "-c", ". /etc/os-release; echo $ID $VERSION_ID")
	if id != strings.TrimSpace(h.OSRelease["ID"]+" "+h.OSRelease["VERSION_ID"]) {
		t.Errorf("os-release %v, want %s", h.OSRelease, id)
	}
	if h.Clock.State == "" || time.Since(h.Clock.System.Time).Abs() > time.Minute || len(h.Errors) > 0 {
		t.Errorf("clock %+v, errors %v", h.Clock, h.Errors)
	}
	total := output(t, "sh", "-c", "free -b | awk '/^Mem:/{print $2}'")
	if h.Memory["MemTotal"] != total {
		t.Errorf("memory %v, free says %s", h.Memory, total)
	}
}

func TestMountsAgainstFindmnt(t *testing.T) {
	sink := take(t, "/")
	var got []string
	for _, m := range sinktest.Lines[Mount](t, sink, "/system/mounts.jsonl") {
		got = append(got, fmt.Sprint(m.ID, m.Parent, m.Dev, m.Point, m.Type))
	}
	var out struct {
		Filesystems []struct {
			ID, Parent             int
			Majmin                 string `json:"maj:min"`
			Target, Source, Fstype string
		}
	}
	if err := json.Unmarshal([]byte(output(t, "findmnt", "-l", "-J", "-o", "ID,PARENT,MAJ:MIN,TARGET,FSTYPE")), &out); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range out.Filesystems {
		want = append(want, fmt.Sprint(m.ID, m.Parent, strings.TrimSpace(m.Majmin), m.Target, m.Fstype))
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("mounts differ (-findmnt +ours):\n%s", d)
	}
}

func TestCleanHostHasNoModuleObservations(t *testing.T) {
	for kind := range observations(t, take(t, "/")) {
		if kind != "preload-file" {
			t.Errorf("observation %s", kind)
		}
	}
}

// tree writes files below a new root.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestHiddenAndUnlistedModules(t *testing.T) {
	root := tree(t, map[string]string{
		"proc/modules": "good 16384 2 other,more, Live 0xffffffffc0000000\n" +
			"ghost 4096 - - Live 0x0 (OE)\n" + "damaged line\n",
		"sys/module/good/initstate":       "live\n",
		"sys/module/good/srcversion":      "ABC\n",
		"sys/module/rootkit/initstate":    "live\n",
		"sys/module/rootkit/refcnt":       "0\n",
		"sys/module/builtin/parameters/x": "1\n",
	})
	sink := take(t, root)
	mods := map[string]Module{}
	for _, m := range sinktest.Lines[Module](t, sink, "/system/modules.jsonl") {
		mods[m.Name] = m
	}
	good := mods["good"]
	if good.Size != 16384 || good.Refs != 2 || !slices.Equal(good.UsedBy, []string{"other", "more"}) || good.SrcVersion != "ABC" || len(good.Views) != 2 {
		t.Errorf("module %+v", good)
	}
	if g := mods["ghost"]; g.Refs != -1 || g.Taints != "OE" || !slices.Equal(g.Views, []string{"proc"}) {
		t.Errorf("module %+v", g)
	}
	if _, ok := mods["builtin"]; ok || !slices.Equal(mods["rootkit"].Views, []string{"sysfs"}) {
		t.Errorf("modules %+v", mods)
	}
	if r := sink.Find("live", "/system/modules.jsonl")[0].Record; r.Outcome != evidence.Partial {
		t.Errorf("a damaged list has outcome %s", r.Outcome)
	}
	if err := os.WriteFile(root+"/proc/modules", []byte("good 16384 2 - Live 0x0\nghost 4096 0 - Live 0x0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := observations(t, take(t, root))
	if seen["hidden-module"].Facts["module"] != "rootkit" || seen["unlisted-module"].Facts["module"] != "ghost" {
		t.Errorf("observations %+v", seen)
	}
}

// TestModulesWithoutTheList: where /proc is not mounted, or with subset=pid, no
// module is hidden by anybody.
func TestModulesWithoutTheList(t *testing.T) {
	sink := take(t, tree(t, map[string]string{"sys/module/good/initstate": "live\n"}))
	if seen := observations(t, sink); len(seen) > 0 {
		t.Errorf("observations %+v", seen)
	}
	got := sink.Find("live", "/system/modules.jsonl")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Partial || !strings.Contains(string(got[0].Bytes), `"good"`) {
		t.Errorf("%+v", got)
	}
}

func TestPreloadFile(t *testing.T) {
	for content, want := range map[string]string{
		"":                                    "",
		"# nothing\n\n":                       "",
		"/lib/evil.so\n":                      "/lib/evil.so",
		"# x\n/a.so:/b.so /c.so #d\n\t/e.so ": "/a.so\n/b.so\n/c.so\n/e.so",
	} {
		seen := observations(t, take(t, tree(t, map[string]string{"etc/ld.so.preload": content})))
		if got := seen["preload-file"].Facts["libraries"]; got != want {
			t.Errorf("%q gives %q, want %q", content, got, want)
		}
	}
}

func TestHostileHost(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/os-release":               "ID=\"x\xff\"\nNOEQUALS\nA='b'\n#C=d\n" + strings.Repeat("K=v\n", 100000),
		"etc/localtime":                strings.Repeat("TZif2junk", 1000),
		"proc/self/mountinfo":          "1 2 3\n36 35 98:0 /a\\040b /mnt\\012\xff rw,noatime master:1 - ext3 /dev/\\134root rw\n",
		"proc/meminfo":                 "MemTotal: 99999999999999999999 kB\nMemFree: 1 kB\n",
		"proc/modules":                 strings.Repeat("(", 1<<20),
		"run/utmp":                     strings.Repeat("\x07", 384*3+5),
		"run/systemd/sessions/7":       "USER=al\xffice\nTTY=pts/3\nREMOTE_HOST=10.0.0.9\nREALTIME=1700000000000001\nLEADER=77\nTYPE=tty\nSERVICE=sshd\n",
		"run/systemd/sessions/7.ref":   "",
		"proc/sys/kernel/core_pattern": "|/tmp/\xffx %p\n",
	})
	if err := os.Remove(root + "/etc/os-release"); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("mkfifo", root+"/etc/os-release").Run(); err != nil { // must not be waited for
		t.Skipf("mkfifo: %v", err)
	}
	sink := take(t, root)
	m := sinktest.Lines[Mount](t, sink, "/system/mounts.jsonl")
	if len(m) != 1 || m[0].Root != "/a b" || m[0].Device != `/dev/\root` || m[0].PointB64 == "" {
		t.Errorf("mounts %+v", m)
	}
	users := sinktest.Lines[Login](t, sink, "/system/users.jsonl")
	last := users[len(users)-1]
	if last.View != "logind" || last.Line != "pts/3" || last.PID != 77 || last.Time.UnixMicro() != 1700000000000001 || last.Host != "10.0.0.9" {
		t.Errorf("session %+v", last)
	}
	if r := sink.Find("live", "/system/users.jsonl")[0].Record; r.Outcome != evidence.Partial {
		t.Errorf("a utmp cut short has outcome %s", r.Outcome)
	}
	if s := sinktest.Lines[Setting](t, sink, "/system/settings.jsonl"); len(s) != 1 || s[0].ValueB64 == "" {
		t.Errorf("settings %+v", s)
	}
}

// TestUtmpAgainstWho lets another reader of the format say who is logged in.
func TestUtmpAgainstWho(t *testing.T) {
	l := layoutOf("amd64")
	rec := func(typ uint16, pid uint32, line, user, host string, sec int64, ip [4]byte) []byte {
		b := make([]byte, l.size)
		put(b, 0, 2, uint64(typ))
		put(b, 4, 4, uint64(pid))
		copy(b[8:40], line)
		copy(b[40:44], "ts/1")
		copy(b[44:76], user)
		copy(b[76:332], host)
		put(b, l.sec, l.word, uint64(sec))
		copy(b[l.addr:], ip[:])
		return b
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	file := slices.Concat(
		rec(2, 0, "~", "reboot", "6.1.0", at.Unix()-100, [4]byte{}),
		rec(7, uint32(os.Getpid()), "pts/1", "alice", "203.0.113.5", at.Unix(), [4]byte{203, 0, 113, 5}),
		make([]byte, l.size))
	got, bad := parseUtmp(file, l)
	if bad != 0 || len(got) != 2 {
		t.Fatalf("records %+v, bad %d", got, bad)
	}
	u := got[1]
	if u.Type != "user" || u.User != "alice" || u.Line != "pts/1" || u.Host != "203.0.113.5" || u.Address != "203.0.113.5" || !u.Time.Equal(at) || u.PID != os.Getpid() {
		t.Errorf("record %+v", u)
	}
	name := filepath.Join(t.TempDir(), "utmp")
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("who", name)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("who: %v", err)
	}
	f := strings.Fields(string(out))
	if want := []string{u.User, u.Line}; len(f) < 2 || !slices.Equal(f[:2], want) || !strings.Contains(string(out), "("+u.Host+")") || !strings.Contains(string(out), "5:06") {
		t.Errorf("who says %s, we %+v", out, u)
	}
}

func put(b []byte, at, n int, v uint64) {
	for i := range n {
		b[at+i] = byte(v >> (8 * i))
	}
}

func FuzzUtmp(f *testing.F) {
	f.Add(bytes.Repeat([]byte{7, 0, 1, 2}, 200))
	f.Add(make([]byte, 400))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range []layout{layout32, layout64} {
			for _, o := range func() []Login { v, _ := parseUtmp(b, l); return v }() {
				if _, err := json.Marshal(o); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := json.Marshal(parseSession("x", b)); err != nil {
			t.Fatal(err)
		}
	})
}
