package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/expand"
	"github.com/hozen-dfir/hozen/evidence"
)

// patience is how long the end of a run waits for a sink without headway.
const patience = time.Minute

// Run carries out a plan. When ctx ends, or the time of the budget, nothing
// more is taken, and what was taken is left whole in the sink: the ledger is
// written in every case. The error is that of a broken sink, and nothing else:
// trouble with evidence is in the summary. The sink is not closed.
func Run(ctx context.Context, p Plan) (Summary, error) {
	stop, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(errors.New("nothing more came of it, and the collection did not wait for it any longer")) // for what drain gave up
	unhook := context.AfterFunc(ctx, func() { end(errors.New(ReasonInterrupted)) })
	defer unhook()
	if t := p.Budget.Timeout; t > 0 {
		timer := time.AfterFunc(t, func() { end(fmt.Errorf("budget timeout: %s used up", t)) })
		defer timer.Stop()
	}
	if ctx.Err() != nil {
		end(errors.New(ReasonInterrupted))
	}
	b, err := openBook(ctx, p.Sink)
	if err != nil {
		return Summary{}, fmt.Errorf("opening the ledger: %w", err)
	}
	r := &runner{plan: p, stop: stop, tap: newTap(p.Sink, newGovernor(stop, p.Budget), b)}
	r.begin()
	r.found(ctx)
	unwatch := r.watch()
	r.all()
	r.tap.drain(patience) // the last items are still read, maybe for hours
	unwatch()
	return r.finish(ctx)
}

// task is one artifact on one source.
type task struct {
	artifact collect.Artifact
	source   collect.Source
}

// runner is one run under way.
type runner struct {
	plan Plan
	stop context.Context
	tap  *tap
	cols []*expand.Collector

	mu   sync.Mutex
	now  string
	done int
	of   int
}

func (r *runner) begin() {
	l := collect.Line{Format: collect.LedgerFormat, Kind: collect.LineBegin, Time: evidence.At(time.Now()), Profile: r.plan.Profile}
	for _, s := range r.plan.Sources {
		l.Sources = append(l.Sources, s.Info())
	}
	r.tap.book.put(l)
	for _, d := range r.plan.Idle {
		r.tap.view(collect.Own, d.Name).Report(collect.Line{Kind: collect.LineUnsupported, Artifact: d.Name, Reason: "it is for other systems than those collected"})
	}
}

// FoundName is the name of the artifact that Plan.Found is entered under.
const FoundName = "hozen.image"

// found adds the items that the plan brings with it.
func (r *runner) found(ctx context.Context) {
	if len(r.plan.Found) == 0 {
		return
	}
	v := r.tap.view(collect.Own, FoundName)
	for _, rec := range r.plan.Found {
		if v.Add(ctx, evidence.Item{Record: rec}) != nil {
			return // a broken sink is remembered by the tap
		}
	}
}

// tasks lists what is to be done, in order: built-in artifacts before
// definitions, and what was named by hand before other files, so that a budget
// cuts it last.
func (r *runner) tasks() []task {
	var out []task
	if src := r.home(); src != nil {
		for _, a := range r.plan.Builtins {
			out = append(out, task{a, src})
		}
	}
	builtins := len(out)
	for _, src := range r.plan.Sources {
		in := src.Info()
		o := expand.Options{AllowCommands: r.plan.Commands, MaxEntries: r.plan.MaxEntries, Own: ownIn(in, r.plan.Own), OwnIDs: ownIDs(in, r.plan.Own)}
		defs := r.plan.Definitions[:0:0]
		for _, d := range r.plan.Definitions {
			if d.Supports(in.OS) {
				defs = append(defs, d)
			}
		}
		c := expand.New(r.stop, src, defs, o)
		r.cols = append(r.cols, c)
		for _, a := range c.Artifacts() {
			out = append(out, task{a, src})
		}
		if len(defs) > 0 { // else nobody looks for home folders
			for _, n := range c.Notes() {
				r.tap.note(collect.Line{Source: in.Name, Reason: n})
			}
		}
	}
	out = slices.Insert(out, builtins, r.named()...)
	slices.SortStableFunc(out, func(a, b task) int { return int(a.artifact.Stage()) - int(b.artifact.Stage()) })
	return out
}

// named lists what was named by hand. Of several volumes one may hold it: it is
// missing only where none does.
func (r *runner) named() []task {
	var out []task
	for _, p := range r.plan.Paths {
		any := false
		has := make([]bool, len(r.cols))
		if len(r.cols) > 1 {
			for i, c := range r.cols {
				has[i] = c.Has(r.stop, p)
				any = any || has[i]
			}
		}
		for i, c := range r.cols {
			if !any || has[i] {
				out = append(out, task{c.Path(p), r.plan.Sources[i]})
			}
		}
	}
	return out
}

// home is the source that built-in artifacts run on.
func (r *runner) home() collect.Source {
	for _, s := range r.plan.Sources {
		if s.Info().Live {
			return s
		}
	}
	if len(r.plan.Sources) > 0 {
		return r.plan.Sources[0]
	}
	return nil
}

// all runs every task. Those that run throughout begin first and end last.
func (r *runner) all() {
	through, cancel := context.WithCancel(r.stop)
	defer cancel()
	var wg sync.WaitGroup
	var enders []collect.Ender
	// Packets are captured before anything else is looked at, even before the
	// source's users are read for the definitions.
	var early []collect.Artifact
	for _, a := range r.plan.Builtins {
		if a.Stage() == collect.Throughout && r.home() != nil {
			early = append(early, a)
		}
	}
	for _, a := range early {
		ctx := through
		if e, ok := a.(collect.Ender); ok {
			enders, ctx = append(enders, e), r.stop
		}
		wg.Go(func() { r.one(ctx, task{a, r.home()}) })
	}
	tasks := slices.DeleteFunc(r.tasks(), func(t task) bool { return t.artifact.Stage() == collect.Throughout })
	r.mu.Lock()
	r.of = len(tasks) + len(early)
	r.mu.Unlock()
	for _, t := range tasks {
		if r.tap.failed() != nil {
			break
		}
		r.one(r.stop, t)
	}
	for _, e := range enders {
		e.End()
	}
	cancel()
	wg.Wait()
}

// one runs one artifact. What goes wrong with it as a whole is an item.
func (r *runner) one(ctx context.Context, t task) {
	name, src := t.artifact.Name(), t.source.Info()
	v := r.tap.view(src.Name, name)
	v.endless = t.artifact.Stage() == collect.Throughout
	r.mark(name)
	began := time.Now()
	outcome, reason, err := r.attempt(ctx, t, v)
	v.mu.Lock()
	v.tally.Took += time.Since(began)
	if err != nil {
		v.tally.Error = err.Error()
	}
	v.mu.Unlock()
	r.log(name, src.Name, outcome, reason, err)
	r.tap.flush()
	if outcome == "" || r.tap.failed() != nil {
		return
	}
	rec := evidence.Record{Source: collect.Own, Path: fmt.Sprintf("/artifacts/%s/%d", name, r.tap.Number("artifact "+name)),
		Method: collect.Own, Artifacts: []string{name}, Details: map[string]string{"source": src.Name}}
	_ = collect.Gone(r.stop, v, rec, outcome, reason, err) // a broken sink is remembered by the tap
}

func (r *runner) log(name, source string, o evidence.Outcome, reason string, err error) {
	if r.plan.Log == nil {
		return
	}
	switch {
	case o == "":
		r.plan.Log.Debug("artifact done", "artifact", name, "source", source)
	case err != nil:
		r.plan.Log.Warn("artifact failed", "artifact", name, "source", source, "error", err)
	default:
		r.plan.Log.Info("artifact not complete", "artifact", name, "source", source, "reason", reason)
	}
}

// attempt runs one artifact if it can run here. An outcome of "" says that it
// ended well.
func (r *runner) attempt(ctx context.Context, t task, v *view) (o evidence.Outcome, reason string, err error) {
	if why := r.tap.gov.stopped(); why != "" {
		return evidence.Skipped, why + "; it was not begun", nil
	}
	if why := unfit(t.artifact.Needs(), t.source.Info()); why != "" {
		r.tap.note(collect.Line{Source: t.source.Info().Name, Artifact: v.tally.Artifact, Reason: "nothing was taken of " + v.tally.Artifact + ": " + why})
		return evidence.Skipped, why, nil
	}
	err = guarded(ctx, t, v)
	if why := r.tap.gov.stopped(); why != "" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return evidence.Skipped, why + "; what it had taken by then stands", nil
	}
	if over := (cut{}); errors.As(err, &over) {
		return evidence.Skipped, over.reason + "; what it had taken by then stands", nil
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // it ran throughout, and the others are done
	}
	if err != nil {
		return evidence.Failed, "", err
	}
	return "", "", nil
}

// guarded turns a panic into an error.
func guarded(ctx context.Context, t task, v *view) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%.2000s", p, debug.Stack())
		}
	}()
	return t.artifact.Collect(ctx, t.source, v)
}

// unfit says why an artifact can't run on a source.
func unfit(n collect.Needs, in collect.SourceInfo) string {
	if n.Live && !in.Live {
		return "it needs the live host"
	}
	if len(n.OS) > 0 && !slices.Contains(n.OS, in.OS) {
		return fmt.Sprintf("it is not for %s", in.OS)
	}
	return ""
}

func (r *runner) mark(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = name
	r.done++
}

// watch reports progress until the function it returns is called.
func (r *runner) watch() func() {
	if r.plan.Watch == nil {
		return func() {}
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.plan.Watch(r.progress())
			case <-quit:
				r.plan.Watch(r.progress())
				return
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}

func (r *runner) progress() Progress {
	r.tap.mu.Lock()
	p := Progress{Items: r.tap.sum.Items, Bytes: r.tap.sum.Bytes + r.tap.gov.underWay.Load(), Gaps: r.tap.sum.Gaps}
	r.tap.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Artifact, p.Done, p.Of = r.now, max(r.done-1, 0), r.of
	return p
}

// finish writes the totals and ends the ledger.
func (r *runner) finish(ctx context.Context) (Summary, error) {
	t := r.tap
	flying := r.lastNotes()
	t.mu.Lock()
	s := t.sum
	s.Unsettled = flying
	if s.Unsettled > 0 { // whoever is not waited for is cut off when this returns
		s.gap(Gap{collect.Own, "/ledger.jsonl", collect.Own, evidence.Partial, unsettled(s.Unsettled)})
	}
	for _, a := range t.order {
		s.Artifacts = append(s.Artifacts, *a)
	}
	err := t.broken
	t.mu.Unlock()
	s.Stopped = t.gov.stopped()
	s.Interrupted = s.Stopped == ReasonInterrupted
	for _, c := range r.cols {
		s.Processes += c.Started()
	}
	s.Overflowed = r.overflowed()
	r.totals(s)
	if cerr := t.book.close(ctx); err == nil {
		err = cerr
	}
	return s, err
}

func (r *runner) overflowed() bool {
	return slices.ContainsFunc(r.cols, (*expand.Collector).Overflowed)
}

// lastNotes says what is only known at the end, and returns how many items are
// not settled.
func (r *runner) lastNotes() (flying int64) {
	r.tap.mu.Lock()
	flying = r.tap.flying
	r.tap.mu.Unlock()
	if r.overflowed() {
		r.tap.note(collect.Line{Reason: "more paths were taken than can be remembered; some items may be there more than once"})
	}
	if flying > 0 {
		r.tap.note(collect.Line{Reason: unsettled(flying), Gap: true})
	}
	return flying
}

// unsettled says that the sink was not waited for any longer.
func unsettled(n int64) string {
	return fmt.Sprintf("the outcome of %d items was not known when the ledger ended; their records say it", n)
}

func (r *runner) totals(s Summary) {
	b := r.tap.book
	for _, a := range s.Artifacts {
		b.put(collect.Line{Kind: collect.LineArtifact, Source: a.Source, Artifact: a.Artifact, Outcomes: a.Outcomes, Gaps: a.Gaps, Error: a.Error})
	}
	b.put(collect.Line{Kind: collect.LineTotal, Time: evidence.At(time.Now()), Reason: s.Stopped, Outcomes: s.Outcomes, Gaps: s.Gaps, Size: s.Bytes})
}
