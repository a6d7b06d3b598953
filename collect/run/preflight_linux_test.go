package run

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/host"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/source/live"
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
	f.Missing = []host.Right{{Name: "CAP_X", Why: "nothing works"}}
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
	if !e.Cut || time.Since(began) > time.Minute {
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

func TestOwnOutputInAMountedTree(t *testing.T) {
	in := collect.SourceInfo{Details: map[string]string{"directory": "/mnt/x"}}
	if got := ownIn(in, []string{"/mnt/x/out", "/mnt/xy", "/mnt", "/tmp"}); !slices.Equal(got, []string{"/out"}) {
		t.Errorf("%q", got)
	}
	if got := ownIn(collect.SourceInfo{}, []string{"/out"}); got != nil {
		t.Errorf("in an image: %q", got)
	}
}

// TestOwnOutputIsNeverTaken has the output inside a tree that is named by a
// relative path, and behind a bind mount that leads to it.
func TestOwnOutputIsNeverTaken(t *testing.T) {
	dir := t.TempDir()
	out, mirror := filepath.Join(dir, "out"), filepath.Join(dir, "tree", "mirror")
	for _, d := range []string{out, mirror, filepath.Join(dir, "tree", "own")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"out/segment", "tree/own/segment", "tree/file"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount(out, mirror, "", unix.MS_BIND, ""); err != nil {
		t.Log("without a bind mount:", err)
	} else {
		defer unix.Unmount(mirror, unix.MNT_DETACH)
	}
	t.Chdir(dir)
	src, err := live.OpenTree("tree", "tree", collect.Linux)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	sink := &sinktest.Sink{}
	_, err = Run(context.Background(), Plan{Sources: []collect.Source{src}, Paths: []string{"/", "/mirror"}, Sink: sink,
		Own: []string{out, filepath.Join(dir, "tree", "own")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range sink.Items() {
		if strings.HasSuffix(it.Record.Path, "segment") {
			t.Errorf("took %s", it.Record.Path)
		}
	}
	if len(sink.Find("tree", "/file")) != 1 {
		t.Error("the file beside was not taken")
	}
}
