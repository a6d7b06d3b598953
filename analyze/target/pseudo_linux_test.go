package target

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

func TestPseudo(t *testing.T) {
	root, err := os.OpenRoot("/")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for path, want := range map[string]bool{"proc": true, "sys": true, "etc": false, "etc/passwd": false} {
		st, err := root.Lstat(path)
		if err != nil {
			t.Skip(err)
		}
		if got := pseudo(root, path, st); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

// process starts one that waits, with a needle in its environment.
func process(t *testing.T) string {
	t.Helper()
	c := exec.Command("sleep", "60")
	c.Env = []string{"NEEDLE=in-the-hay"}
	if err := c.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return "/proc/" + strconv.Itoa(c.Process.Pid)
}

func content(t *testing.T, in analyze.Input) string {
	t.Helper()
	if err := in.Check(); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for i := range in.Blocks {
		part, err := in.Fetch(context.Background(), i)
		if err != nil || int64(len(part)) != in.Blocks[i].Size {
			t.Errorf("%s: %d bytes, %v", in.Record.Path, len(part), err)
		}
		b.Write(part)
	}
	return b.String()
}

// Files of proc state a size of 0 and have content: a sweep that goes by the
// size scans nothing, and says that all is well.
func TestProc(t *testing.T) {
	dir := process(t)
	f, err := NewFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]evidence.Outcome{}
	for in, err := range f.Inputs(t.Context()) {
		if err != nil {
			t.Error(err)
			continue
		}
		name := strings.TrimPrefix(in.Record.Path, dir)
		seen[name] = in.Record.Outcome
		body := content(t, in)
		switch name {
		case "/environ":
			if body != "NEEDLE=in-the-hay\x00" || in.Record.Size != int64(len(body)) {
				t.Errorf("environ: %q", body)
			}
		case "/status":
			if !strings.Contains(body, "State:") {
				t.Errorf("status: %q", body)
			}
		case "/mem": // nothing is mapped at 0
			if in.Record.Outcome != evidence.Failed || in.Record.Error == "" {
				t.Errorf("mem: %s", in.Record.Outcome)
			}
		case "/pagemap": // larger than is held, or cut off by the kernel
			if in.Size > maxUnsized || in.Record.Outcome == evidence.Partial && (in.Size == 0 || in.Record.Error == "") {
				t.Errorf("pagemap: %d bytes, %q", in.Size, in.Record.Error)
			}
		}
	}
	for name, want := range map[string]evidence.Outcome{"/environ": evidence.Collected, "/status": evidence.Collected, "/mem": evidence.Failed} {
		if seen[name] != want {
			t.Errorf("%s: %q, want %q", name, seen[name], want)
		}
	}
}

func TestOneFileOfProc(t *testing.T) {
	f, err := NewFiles(process(t) + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for in, err := range f.Inputs(t.Context()) {
		if n++; err != nil || content(t, in) != "NEEDLE=in-the-hay\x00" {
			t.Errorf("%v, %+v", err, in.Record)
		}
	}
	if n != 1 {
		t.Errorf("%d items", n)
	}
}

// Files of sysfs state a page, and have less.
func TestSysfs(t *testing.T) {
	const name = "/sys/kernel/mm/transparent_hugepage/enabled"
	want, err := os.ReadFile(name)
	if err != nil {
		t.Skip(err)
	}
	f, err := NewFiles(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for in, err := range f.Inputs(t.Context()) {
		if err != nil {
			t.Error(err)
		} else if in.Record.Path == name && content(t, in) != string(want) {
			t.Errorf("%+v", in.Record)
		}
	}
}

// What is gone once read is left to those who are to read it.
func TestTakesAway(t *testing.T) {
	if _, err := os.Lstat("/proc/kmsg"); err != nil {
		t.Skip(err)
	}
	f, err := NewFiles("/proc/kmsg")
	if err != nil {
		t.Fatal(err)
	}
	for in, err := range f.Inputs(t.Context()) {
		if err != nil || in.Record.Outcome != evidence.Skipped || len(in.Blocks) > 0 {
			t.Errorf("%v, %+v", err, in.Record)
		}
	}
}
