//go:build unix

package expand

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/evidence"
)

func command(cmd string, args ...string) *artifacts.Definition {
	return &artifacts.Definition{Name: "C", Sources: []artifacts.Source{{Type: artifacts.TypeCommand, Cmd: cmd, Args: args}}}
}

func TestCommands(t *testing.T) {
	src := linux(tree(t))
	src.In.Live = true
	t.Setenv("SECRET", "leak")
	t.Setenv("PATH", t.TempDir())
	for _, c := range []struct {
		def      *artifacts.Definition
		out, err string
		outcome  evidence.Outcome
		status   string
	}{
		{command("/bin/echo", "a b", "$HOME", ";", "`id`"), "a b $HOME ; `id`\n", "", evidence.Collected, "0"},
		{command("echo", "found"), "found\n", "", evidence.Collected, "0"},
		{command("/bin/sh", "-c", "echo no >&2; exit 3"), "", "no\n", evidence.Empty, "3"},
		{command("env"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n", "", evidence.Collected, "0"},
		{command("pwd"), "/\n", "", evidence.Collected, "0"},
		{command("cat"), "", "", evidence.Empty, "0"}, // no input
		{command("/none/such"), "", "", evidence.Missing, ""},
		{command("no-such-command-here"), "", "", evidence.Missing, ""},
		{command("../bin/sh"), "", "", evidence.Failed, ""},
		{command("./sh"), "", "", evidence.Failed, ""},
		{command("head", "-c", "20000000", "/dev/zero"), strings.Repeat("\x00", commandOutput), "", evidence.Partial, "0"},
	} {
		b := gather(t, src, Options{AllowCommands: true}, c.def)
		got := b.Find("test", "/commands/C/1.stdout")
		if len(got) != 1 {
			t.Errorf("%q: %d items", c.def.Sources[0].Cmd, len(got))
			continue
		}
		r := got[0].Record
		if r.Outcome != c.outcome || string(got[0].Bytes) != c.out || r.Details["exit_status"] != c.status || r.Details["argv"] == "" {
			t.Errorf("%q: %s %q %v %.80q", c.def.Sources[0].Cmd, r.Outcome, r.Error, r.Details, got[0].Bytes)
		}
		if e := b.Find("test", "/commands/C/1.stderr"); len(e) > 0 != (c.err != "") || len(e) > 0 && string(e[0].Bytes) != c.err {
			t.Errorf("%q: stderr %+v", c.def.Sources[0].Cmd, e)
		}
	}
}

// TestCommandsDoNotRun has each reason not to; a file tells if one did.
func TestCommandsDoNotRun(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	live, dead := linux(tree(t)), linux(tree(t))
	live.In.Live = true
	for name, b := range map[string]book{
		"not allowed": gather(t, live, Options{}, command("/bin/touch", mark)),
		"not live":    gather(t, dead, Options{AllowCommands: true}, command("/bin/touch", mark)),
		"estimate":    gather(t, live, Options{AllowCommands: true, Dry: true}, command("/bin/touch", mark)),
	} {
		if _, err := os.Stat(mark); err == nil {
			t.Errorf("%s: the command ran", name)
		}
		if len(b.Items()) > 0 || name != "estimate" && (len(*b.lines) != 1 || (*b.lines)[0].Kind != collect.LineUnsupported) {
			t.Errorf("%s: %+v", name, *b.lines)
		}
	}
}

// TestCommandIsStopped interrupts one that has a child that holds its output.
func TestCommandIsStopped(t *testing.T) {
	src := linux(tree(t))
	src.In.Live = true
	b := newBook()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	a := New(context.Background(), src, []*artifacts.Definition{command("/bin/sh", "-c", "echo begun; sleep 30 & sleep 30")}, Options{AllowCommands: true}).Artifacts()[0]
	_ = a.Collect(ctx, src, b)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %s", took)
	}
	got := b.Find("test", "/commands/C/1.stdout")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Partial || string(got[0].Bytes) != "begun\n" {
		t.Errorf("%+v", got)
	}
}

// TestCommandLeavesNothingRunning: a child in the background would run on when
// the collector has long left the host.
func TestCommandLeavesNothingRunning(t *testing.T) {
	src := linux(tree(t))
	src.In.Live = true
	b := gather(t, src, Options{AllowCommands: true}, command("/bin/sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!"))
	got := b.Find("test", "/commands/C/1.stdout")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Collected || got[0].Record.Details["left_running"] == "" {
		t.Fatalf("%+v", got)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(got[0].Bytes)))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 { // until it is reaped, by whoever took it over
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if !strings.Contains(string(stat), "(sleep) S") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

// TestCommandThatWritesForEver is ended when it has written what is kept.
func TestCommandThatWritesForEver(t *testing.T) {
	src := linux(tree(t))
	src.In.Live = true
	began := time.Now()
	b := gather(t, src, Options{AllowCommands: true}, command("yes"))
	got := b.Find("test", "/commands/C/1.stdout")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Partial || len(got[0].Bytes) != commandOutput || time.Since(began) > commandTime/2 {
		t.Errorf("after %s: %+v", time.Since(began), got[0].Record)
	}
}

func TestUnsupportedSourcesAreSaid(t *testing.T) {
	d := &artifacts.Definition{Name: "R", Sources: []artifacts.Source{
		{Type: artifacts.TypeRegistryKey, Keys: []string{`HKEY_USERS\a`, `HKEY_USERS\b`}},
		{Type: artifacts.TypeRegistryValue, Pairs: []artifacts.Pair{{Key: `HKEY_USERS\a`, Value: "v"}}},
		{Type: artifacts.TypeWMI, Query: "SELECT *"},
		{Type: artifacts.TypeWMI, Query: "other", OS: []collect.OS{collect.Darwin}},
	}}
	b := gather(t, windows(tree(t)), Options{}, d)
	n := 0
	for _, l := range *b.lines {
		if l.Kind == collect.LineUnsupported && l.Reason != "" && l.Pattern != "" && l.Artifact == "R" {
			n++
		}
	}
	if n != 4 || len(b.Items()) != 0 {
		t.Errorf("%d lines: %+v", n, *b.lines)
	}
}
