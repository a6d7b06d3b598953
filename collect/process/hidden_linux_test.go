package process

import (
	"context"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestHiddenProcessIsFound leaves a live process out of every listing, as a
// rootkit does that filters directory entries.
func TestHiddenProcessIsFound(t *testing.T) {
	pid := start(t, exec.Command("/bin/sleep", "60"))
	a := &artifact{fs: procfs.Live(), list: func() ([]int, error) {
		pids, err := procfs.Live().PIDs()
		return slices.DeleteFunc(pids, func(p int) bool { return p == pid }), err
	}}
	k := &taken{sink: &sinktest.Sink{}}
	if err := a.Collect(context.Background(), liveSource(), k.sink); err != nil {
		t.Fatal(err)
	}
	var got *Process
	for _, p := range sinktest.Lines[Process](t, k.sink, lines) {
		if p.Hidden && p.PID != pid {
			t.Errorf("process %d counts as hidden", p.PID)
		}
		if p.PID == pid {
			got = &p
		}
	}
	if got == nil || !got.Hidden || got.Ended || got.Comm != "sleep" || got.Exe == nil || got.Exe.SHA256 == "" {
		t.Fatalf("hidden process: %+v", got)
	}
	if n := observed(k.sink, "hidden-process"); n != 1 {
		t.Errorf("%d observations, want 1", n)
	}
}

// observed counts the observations of a kind.
func observed(sink *sinktest.Sink, kind string) (n int) {
	for _, g := range sink.Items() {
		if g.Record.Source == collect.Own && strings.HasPrefix(g.Record.Path, "/observations/"+kind+"/") {
			n++
		}
	}
	return n
}

// TestLateProcessIsNotHidden: what starts after the first listing is in the
// second one.
func TestLateProcessIsNotHidden(t *testing.T) {
	pid := start(t, exec.Command("/bin/sleep", "60"))
	calls := 0
	a := &artifact{fs: procfs.Live(), list: func() ([]int, error) {
		pids, err := procfs.Live().PIDs()
		if calls++; calls == 1 {
			pids = slices.DeleteFunc(pids, func(p int) bool { return p == pid })
		}
		return pids, err
	}}
	sink := &sinktest.Sink{}
	if err := a.Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	if n := observed(sink, "hidden-process"); n != 0 {
		t.Errorf("%d observations", n)
	}
}

func TestMountOverAProcessIsNoticed(t *testing.T) {
	sink := &sinktest.Sink{}
	mounts, _ := procfs.ParseMounts([]byte("50 22 0:40 / /proc/77 rw - tmpfs none rw\n51 22 0:41 / /proc/sys/fs/binfmt_misc rw - binfmt_misc none rw\n"))
	r := &run{Emitter: emit.New(liveSource(), sink, Name), fs: procfs.Live(), mounts: mounts}
	if err := r.covered(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := sink.Items(); len(got) != 1 || observed(sink, "covered-process") != 1 {
		t.Errorf("observations %+v", got)
	}
}

// TestCoveredProcessIsRead mounts an empty folder over that of a live process,
// as attackers do who can't load a kernel module.
func TestCoveredProcessIsRead(t *testing.T) {
	pid := start(t, exec.Command("/bin/sleep", "60"))
	k := cover(t, pid, New())
	for _, p := range sinktest.Lines[Process](t, k.sink, lines) {
		if p.PID == pid && (p.Ended || len(p.Errors) > 0 || p.Comm != "sleep" || len(p.Args) != 2 || p.Exe == nil || p.Exe.SHA256 == "" || p.Environ == nil) {
			t.Errorf("%+v", p)
		}
	}
	if failed := k.sink.Find("live", "/processes/"+strconv.Itoa(pid)); len(failed) != 0 {
		t.Errorf("%+v", failed)
	}
}

// TestCoveredProcessIsNoEndedOne is the same where nobody can look behind the
// mount.
func TestCoveredProcessIsNoEndedOne(t *testing.T) {
	pid := start(t, exec.Command("/bin/sleep", "60"))
	k := cover(t, pid, &artifact{fs: procfs.Live(), list: procfs.Live().PIDs})
	for _, p := range sinktest.Lines[Process](t, k.sink, lines) {
		if p.PID == pid && (p.Ended || len(p.Errors) == 0) {
			t.Errorf("%+v", p)
		}
	}
	failed := k.sink.Find("live", "/processes/"+strconv.Itoa(pid))
	if len(failed) != 1 || failed[0].Record.Outcome != evidence.Failed {
		t.Errorf("%+v", failed)
	}
}

// cover runs an artifact while a mount lies over the folder of a process.
func cover(t *testing.T, pid int, a collect.Artifact) *taken {
	t.Helper()
	point := "/proc/" + strconv.Itoa(pid)
	if err := unix.Mount(t.TempDir(), point, "", unix.MS_BIND, ""); err != nil {
		t.Skip("no right to mount:", err)
	}
	k := &taken{sink: &sinktest.Sink{}}
	err := a.Collect(context.Background(), liveSource(), k.sink)
	if e := unix.Unmount(point, unix.MNT_DETACH); e != nil || err != nil {
		t.Fatal(e, err)
	}
	if n := observed(k.sink, "covered-process"); n != 1 {
		t.Errorf("%d observations, want 1", n)
	}
	return k
}
