package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/host"
	"github.com/hozen-dfir/hozen/collect/network/sockets"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of one run.
const (
	readWait   = 10 * time.Second // for one process
	batchBytes = 16 << 20         // facts held before executables are hashed
	batchFiles = 96               // executables held open before they are hashed
	execTries  = 3                // for a process that begins one program after another
	maxSummary = 1 << 17          // sockets whose addresses are shown with open files
)

// errNoFolder says that /proc shows nothing of a process.
var errNoFolder = errors.New("the process is alive, but its folder in /proc shows nothing of it")

// run is one collection.
type run struct {
	*emit.Emitter
	fs     procfs.FS
	list   func() ([]int, error)
	reader *reader
	guard  procfs.Guard
	mounts []procfs.Mount
	exes   exes
	procs  *emit.Lines
	files  *emit.Lines

	batch  []*facts
	weight int
	count  map[string]int // totals for the record
}

// Collect implements collect.Artifact.
func (a *artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	r := &run{Emitter: emit.New(src, sink, Name), fs: a.fs, list: a.list, count: map[string]int{}}
	clock, err := procfs.ReadClock()
	if err != nil {
		return err
	}
	b, _, _ := a.fs.Read("self/mountinfo", procfs.MaxTable)
	r.mounts, _ = procfs.ParseMounts(b)
	clear, done := a.fs, func() {}
	if a.behind {
		clear, done = a.fs.Clear()
	}
	defer done()
	r.exes = newExes(clear, r.mounts)
	r.reader = &reader{
		fs: clear, at: clock.At, sockets: summaries(ctx, a.fs),
		users: procfs.ReadNames("/etc/passwd"), groups: procfs.ReadNames("/etc/group"),
	}
	if r.procs, err = r.Lines(ctx, "/processes/processes.jsonl", "procfs"); err != nil {
		return err
	}
	if r.files, err = r.Lines(ctx, "/processes/files.jsonl", "procfs"); err != nil {
		return errors.Join(err, r.procs.Close(ctx, nil, err))
	}
	cause := r.all(ctx)
	r.exes.release()
	details := map[string]string{}
	for k, n := range r.count {
		details[k] = strconv.Itoa(n)
	}
	return errors.Join(cause, r.procs.Close(ctx, details, cause), r.files.Close(ctx, nil, cause))
}

// summaries describes sockets by inode: those that the kernel lists, and those
// of the caller's namespace in /proc.
func summaries(ctx context.Context, f procfs.FS) map[string]string {
	out := map[string]string{}
	add := func(s sockets.Socket) {
		if _, dup := out[s.Inode]; !dup && len(out) < maxSummary {
			out[s.Inode] = s.Summary()
		}
	}
	sockets.Diag(ctx, add)
	sockets.FromProc(f, "self/net", add)
	return out
}

// all reads what the listing shows, then looks for what it does not.
func (r *run) all(ctx context.Context) error {
	pids, err := r.list()
	if err != nil {
		return fmt.Errorf("listing processes: %w", err)
	}
	if err := r.covered(ctx); err != nil {
		return err
	}
	for _, pid := range pids {
		if err := r.one(ctx, pid, false); err != nil {
			return err
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	hidden, err := r.search(ctx, pids)
	for _, pid := range hidden {
		if err := r.one(ctx, pid, true); err != nil {
			return err
		}
	}
	return errors.Join(err, r.flush(ctx))
}

// one reads a process and queues it.
func (r *run) one(ctx context.Context, pid int, hidden bool) error {
	f, err := procfs.Within(ctx, &r.guard, readWait, func() *facts {
		f := r.reader.read(pid)
		for again := execTries; !r.exes.open(f) && again > 0; again-- {
			f = r.reader.read(pid) // what was read is of two programs
		}
		return f
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		f = &facts{p: Process{Format: Format, PID: pid, Read: evidence.At(time.Now()), Errors: []string{err.Error()}}}
	}
	if f.p.Hidden = hidden; hidden {
		f.p.Ended = f.p.Ended && !alive(pid) // its folder may be hidden as well
	}
	if f.p.StartTicks == "" && len(f.p.Errors) == 0 && alive(pid) { // covered by a mount
		f.p.Ended = false
		f.note("stat", errNoFolder)
	}
	r.batch = append(r.batch, f)
	r.weight += f.weight()
	if r.weight < batchBytes && r.exes.held() < host.Handles(batchFiles) {
		return nil
	}
	return r.flush(ctx)
}

// flush hashes the executables of the batch and hands its processes over.
func (r *run) flush(ctx context.Context) error {
	batch := r.batch
	r.batch, r.weight = nil, 0
	for _, f := range batch {
		if err := r.put(ctx, f); err != nil {
			return err
		}
	}
	r.exes.release()
	return nil
}

// put hands over the items of one process, its line last.
func (r *run) put(ctx context.Context, f *facts) error {
	p := &f.p
	r.tally(p)
	if err := r.executable(ctx, f); err != nil {
		return err
	}
	for _, part := range []struct {
		raw  *Raw
		b    []byte
		most int64
	}{{p.Environ, f.environ, procfs.MaxEnv}, {p.Maps, f.maps, maxMaps}} {
		if part.raw == nil {
			continue
		}
		if err := r.rawItem(ctx, part.raw, part.b, part.most); err != nil {
			return err
		}
	}
	for _, o := range f.files {
		if err := r.files.Put(o); err != nil {
			return err
		}
	}
	if err := r.trouble(ctx, p); err != nil {
		return err
	}
	if err := r.notice(ctx, f); err != nil {
		return err
	}
	return r.procs.Put(p)
}

// rawItem adds raw bytes; a cut is seen by Copy as one byte more than it takes.
func (r *run) rawItem(ctx context.Context, raw *Raw, b []byte, most int64) error {
	if raw.Cut {
		b = append(bytes.Clone(b), 0)
	}
	return r.Copy(ctx, raw.Item, "procfs", bytes.NewReader(b), most)
}

func (r *run) tally(p *Process) {
	for k, on := range map[string]bool{
		"processes": true, "kernel_threads": p.KernelThread, "ended": p.Ended,
		"denied": len(p.Denied) > 0, "hidden": p.Hidden,
	} {
		if on {
			r.count[k]++
		}
	}
}

// trouble records what of a process could not be read. A process that ended
// meanwhile, or that has ended and waits for its parent, hides nothing.
func (r *run) trouble(ctx context.Context, p *Process) error {
	if p.Ended || p.State == "Z" && p.ReadThread == 0 {
		return nil
	}
	path := "/processes/" + strconv.Itoa(p.PID)
	if len(p.Denied) > 0 {
		what := strings.Join(p.Denied, ",")
		err := fmt.Errorf("reading %s of process %d: %w", what, p.PID, fs.ErrPermission)
		if err := r.Outcome(ctx, path, "procfs", err, map[string]string{"denied": what}); err != nil {
			return err
		}
	}
	if len(p.Errors) > 0 {
		return r.Outcome(ctx, path, "procfs", fmt.Errorf("reading process %d: %s", p.PID, strings.Join(p.Errors, "; ")), nil)
	}
	return nil
}
