package process

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestNothingIsHiddenWithoutProc: in a chroot, or where somebody has taken /proc
// away, every process answers and none is listed. That is one gap, and says
// nothing of any of them.
func TestNothingIsHiddenWithoutProc(t *testing.T) {
	sink := &sinktest.Sink{}
	a := &artifact{fs: procfs.FS{Dir: t.TempDir()}, list: func() ([]int, error) { return nil, nil }}
	if err := a.Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	if n := observed(sink, "hidden-process"); n != 0 {
		t.Errorf("%d processes count as hidden", n)
	}
	gap := sink.Find("live", "/processes")
	if len(gap) != 1 || gap[0].Record.Outcome != evidence.Failed || gap[0].Record.Details["not_shown"] == "" {
		t.Errorf("%+v", gap)
	}
}

// TestHidepidAndRoot: the option hides nothing from the host's root. It does
// from who has no such right, and from root in a user namespace.
func TestHidepidAndRoot(t *testing.T) {
	const all, none = "000001ffffffffff", "0000000000000000"
	for _, c := range []struct {
		space, caps, option string
		hides               bool
	}{
		{hostUsers, all, "hidepid=invisible", false},
		{hostUsers, none, "hidepid=invisible", true},
		{"4026532000", all, "hidepid=2", true},
		{"4026532000", all, "hidepid=off", false},
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "self/ns"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("user:["+c.space+"]", filepath.Join(dir, "self/ns/user")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "self/status"), []byte("CapEff:\t"+c.caps+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &run{fs: procfs.FS{Dir: dir}, mounts: []procfs.Mount{{Point: dir, FSType: "proc", SuperOpts: "rw," + c.option}}}
		if why := r.hides([]int{os.Getpid()}); errors.Is(why, fs.ErrPermission) != c.hides {
			t.Errorf("%+v: %v", c, why)
		}
	}
}
