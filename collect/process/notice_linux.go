package process

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
)

// lines is the item that observations of this artifact speak of.
const lines = "/processes/processes.jsonl"

// preloadVars are the variables by which the dynamic linker is told to load
// libraries into a program (ld.so(8)).
var preloadVars = []string{"LD_PRELOAD", "LD_AUDIT"}

// notice makes the observations about one process.
func (r *run) notice(ctx context.Context, f *facts) error {
	p := &f.p
	facts := func(more map[string]string) map[string]string {
		out := map[string]string{"pid": strconv.Itoa(p.PID), "comm": rawText(p.Comm, p.CommB64)}
		if p.Exe != nil {
			out["exe"], out["exe_sha256"] = p.Exe.rawPath(), p.Exe.SHA256
		}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	if p.Hidden {
		text := fmt.Sprintf("process %d answers the kernel but is not in the listing of /proc", p.PID)
		if err := r.Observe(ctx, "hidden-process", text, lines, facts(nil)); err != nil {
			return err
		}
	}
	if p.Exe != nil && p.Exe.gone() {
		text := fmt.Sprintf("process %d runs an executable that is no longer under its name", p.PID)
		if p.Exe.Memfd {
			text = fmt.Sprintf("process %d runs an executable that lies in memory only", p.PID)
		}
		if err := r.Observe(ctx, "deleted-executable", text, p.Exe.Item, facts(nil)); err != nil {
			return err
		}
	}
	if p.ReadThread != 0 && !p.Ended {
		text := fmt.Sprintf("process %d runs on although its first thread has ended, so that it looks like a zombie", p.PID)
		if err := r.Observe(ctx, "first-thread-ended", text, lines, facts(map[string]string{"thread": strconv.Itoa(p.ReadThread)})); err != nil {
			return err
		}
	}
	if !p.KernelThread && !p.Ended && len(p.Args) > 0 && strings.HasPrefix(p.Args[0], "[") && strings.HasSuffix(p.Args[0], "]") {
		text := fmt.Sprintf("process %d shows a name in brackets, as kernel threads have, but is none", p.PID)
		if err := r.Observe(ctx, "kernel-thread-name", text, lines, facts(map[string]string{"shown": p.Args[0]})); err != nil {
			return err
		}
	}
	return r.preloads(ctx, f, facts)
}

func (r *run) preloads(ctx context.Context, f *facts, facts func(map[string]string) map[string]string) error {
	for v := range strings.SplitSeq(string(f.environ), "\x00") {
		key, val, ok := strings.Cut(v, "=")
		if !ok || val == "" || (key != preloadVars[0] && key != preloadVars[1]) {
			continue
		}
		text := fmt.Sprintf("process %d was started with %s set", f.p.PID, key)
		err := r.Observe(ctx, "preload-environment", text, f.p.Environ.Item, facts(map[string]string{"variable": key, "value": val}))
		if err != nil {
			return err
		}
	}
	return nil
}

// rawText undoes evidence.Text.
func rawText(text, b64 string) string {
	s := evidence.Stat{Target: text, TgtB64: b64}
	return s.RawTarget()
}
