package run

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect"
)

func TestPreflightFindsTheOutput(t *testing.T) {
	real := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	src := tree(t, map[string]int{"a": 100, "b/c": 50, "big": 5000})
	f := Check(context.Background(), Plan{Sources: []collect.Source{src}, Paths: []string{"/"}, Budget: Budget{MaxFile: 1000}}, filepath.Join(link, "new", "bundle"))
	want := filepath.Join(real, "new", "bundle")
	if f.Output != want || !slices.Equal(f.Own, []string{want}) {
		t.Errorf("output %q, own %q, want %q", f.Output, f.Own, want)
	}
	if f.Estimate.Files != 2 || f.Estimate.Bytes != 150 || f.Estimate.Cut {
		t.Errorf("estimate %+v", f.Estimate)
	}
	if _, err := os.Stat(want); err == nil {
		t.Error("looking made the output")
	}
	out, err := exec.Command("df", "--output=avail", "-B1", real).Output()
	if err != nil {
		t.Skip("df: ", err)
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(strings.Split(string(out), "\n")[1]), 10, 64)
	if d := n - f.FreeBytes; d > 1<<30 || d < -1<<30 {
		t.Errorf("%d bytes free, df says %d", f.FreeBytes, n)
	}
}

func TestPreflightWarns(t *testing.T) {
	var f Preflight
	f.FreeBytes, f.FreeFiles = 1<<20, 5
	f.Estimate.Bytes = 1 << 30
	f.Missing = []Right{{"CAP_X", "nothing works"}}
	f.warn(Plan{})
	if len(f.Warnings) != 4 {
		t.Errorf("%q", f.Warnings)
	}
	f.Warnings = nil
	f.warn(Plan{Budget: Budget{MaxTotal: 1000}})
	if len(f.Warnings) != 3 {
		t.Errorf("with a budget that fits: %q", f.Warnings)
	}
}

// TestEstimateEnds has a source that never stops listing.
func TestEstimateEnds(t *testing.T) {
	began := time.Now()
	src := tree(t, map[string]int{"a": 1})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	e := estimate(ctx, Plan{Sources: []collect.Source{src}, Paths: []string{"/"}})
	if !e.Cut || time.Since(began) > time.Second {
		t.Errorf("%+v", e)
	}
	d := command("Touch", "/bin/touch", filepath.Join(t.TempDir(), "ran"))
	if e := estimate(context.Background(), Plan{Sources: []collect.Source{src}, Definitions: d, Commands: true}); e.Cut {
		t.Errorf("%+v", e)
	}
	if _, err := os.Stat(d[0].Sources[0].Args[0]); err == nil {
		t.Error("an estimate ran a command")
	}
}

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
	for _, r := range missingRights() {
		names = append(names, r.Name)
	}
	if os.Getenv("HOZEN_TEST_NOBODY") != "" {
		fmt.Println("missing:", names)
		return
	}
	if slices.Contains(names, "CAP_DAC_READ_SEARCH") {
		t.Errorf("root lacks %q", names)
	}
	if out := asNobody(t, "TestRights"); !strings.Contains(out, "CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_NET_RAW") {
		t.Errorf("nobody lacks: %s", out)
	}
}

func TestFootprint(t *testing.T) {
	before := Measure(1, 2)
	name := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	after := Measure(1, 2)
	if before.DiskWritten < 0 || after.PeakMemory < 1<<20 || after.PeakMemory > 8<<30 || after.CPU <= 0 {
		t.Errorf("%+v", after)
	}
	_, _, kind := free(filepath.Dir(name))
	if got := after.DiskWritten - before.DiskWritten; kind != "tmpfs" && got < 8<<20 {
		t.Errorf("%d bytes written on %s, want at least 8 MiB", got, kind)
	}
	m := after.Map()
	if m["files_created"] != "1" || m["processes_started"] != "2" || m["peak_memory_bytes"] == "" || m["not_known"] != "" {
		t.Errorf("%v", m)
	}
	if m := (Footprint{DiskWritten: -1, PeakMemory: -1, Files: 3}).Map(); m["not_known"] != "disk_written_bytes peak_memory_bytes" {
		t.Errorf("%v", m)
	}
}
