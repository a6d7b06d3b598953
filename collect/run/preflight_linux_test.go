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

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/host"
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

func TestOwnOutputInAMountedTree(t *testing.T) {
	in := collect.SourceInfo{Details: map[string]string{"directory": "/mnt/x"}}
	if got := ownIn(in, []string{"/mnt/x/out", "/mnt/xy", "/mnt", "/tmp"}); !slices.Equal(got, []string{"/out"}) {
		t.Errorf("%q", got)
	}
	if got := ownIn(collect.SourceInfo{}, []string{"/out"}); got != nil {
		t.Errorf("in an image: %q", got)
	}
}
