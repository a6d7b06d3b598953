package analyze

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// Examiner examines items; worker.Pool does so in worker processes. An error
// ends the sweep: what is wrong with one item is a fault in its result.
type Examiner interface {
	Examine(ctx context.Context, in *Input) (Result, error)
	Slots() int   // Examine calls at a time that keep it busy
	Workers() int // for the summary
}

// Sinks take what a sweep finds, in the order of the items, one call at a
// time. Any of them may be nil. An error ends the sweep.
type Sinks struct {
	Finding   func(Finding) error
	Event     func(Event) error
	Unscanned func(Unscanned) error
	Progress  func(Progress) // a few times a second, from another goroutine
}

// Bounds of what a sweep holds until an item before it is done: results of at
// most window items; while they hold more than parkedBytes no item is begun.
// Each item already begun can add one answer (4 MiB, see analyze/worker).
const (
	window        = 8192
	parkedBytes   = 32 << 20
	progressEvery = 200 * time.Millisecond
)

// Sweep offers every item of the targets to the examiner and passes findings
// on in the order of targets and items, whatever the number of workers. It
// returns the summary of what was done together with the error that ended it.
func Sweep(ctx context.Context, targets []Target, x Examiner, sinks Sinks) (Summary, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &sweep{x: x, sinks: sinks, began: time.Now(), work: make(chan *slot), order: newOrder()}
	s.sum.begin(len(targets), x.Workers())
	for _, t := range targets {
		if z, ok := t.(Sizer); ok {
			items, bytes := z.Total()
			s.totalItems += items
			s.totalBytes += bytes
		}
	}
	stop := s.progress()
	var wg sync.WaitGroup
	wg.Go(func() { s.feed(ctx, targets) })
	for range max(1, x.Slots()) {
		wg.Go(func() { s.examine(ctx, cancel) })
	}
	err := s.emit(ctx)
	cancel(err)
	wg.Wait()
	stop()
	s.sum.end(time.Since(s.began))
	return s.sum.Summary, err
}

// sweep is one running Sweep.
type sweep struct {
	x     Examiner
	sinks Sinks
	began time.Time
	work  chan *slot // items to be examined
	order *order     // the same items, in order
	sum   adder

	totalItems, totalBytes            int64
	items, bytes, findings, unscanned atomic.Int64
}

// slot is one item's place in the order.
type slot struct {
	in     *Input // nil once examined
	name   string // of the target
	broken error  // a part of the target that can't be read: no item
	record evidence.Record
	bundle string
	size   int64
	result Result
	done   chan struct{}
}

// feed reads the targets and gives each item its place.
func (s *sweep) feed(ctx context.Context, targets []Target) {
	defer close(s.work)
	defer s.order.end()
	for _, t := range targets {
		for in, err := range t.Inputs(ctx) {
			sl := &slot{name: t.Name(), broken: err, bundle: bundleOf(t), done: make(chan struct{})}
			if err == nil {
				sl.in, sl.record, sl.bundle, sl.size = &in, in.Record, in.Bundle, max(0, in.Record.Size)
			}
			if !s.order.push(ctx, sl) {
				return
			}
			if err != nil {
				close(sl.done)
				continue
			}
			select {
			case s.work <- sl:
			case <-ctx.Done():
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// bundleOf is the id of the bundle that a target is, where it is known.
func bundleOf(t Target) string {
	if p := t.Parent(); p.Proved() {
		return p.Name
	}
	return ""
}

func (s *sweep) examine(ctx context.Context, cancel context.CancelCauseFunc) {
	for sl := range s.work {
		r, err := s.x.Examine(ctx, sl.in)
		if err != nil {
			cancel(fmt.Errorf("sweep: %w", err))
			return
		}
		sl.in, sl.result = nil, r
		s.order.parked.Add(weight(r))
		close(sl.done)
	}
}

// weight estimates the memory that a result holds until it is passed on.
func weight(r Result) int64 {
	n := int64(0)
	for _, f := range r.Findings {
		n += 1024 + int64(len(f.Path)) + int64(len(f.Matches))*(96+3*MatchBytes)
		for k, v := range f.Meta {
			n += int64(len(k) + len(v) + 64)
		}
	}
	return n
}

// emit passes results on in order.
func (s *sweep) emit(ctx context.Context) error {
	for {
		sl, ok := s.order.pop(ctx)
		if !ok {
			break
		}
		select {
		case <-sl.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		err := s.pass(sl)
		s.order.passed(weight(sl.result))
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.sum.Complete = true
	return nil
}

// pass hands one item's result to the sinks.
func (s *sweep) pass(sl *slot) error {
	if sl.broken != nil {
		return s.fault(sl, Fault{Kind: FaultRead, Reason: sl.broken.Error()})
	}
	fillFindings(sl)
	faults := append(sourceFaults(&sl.record), sl.result.Faults...)
	s.sum.item(sl, len(faults) > 0)
	s.items.Add(1)
	s.bytes.Add(sl.size)
	for _, f := range sl.result.Findings {
		s.sum.finding(f)
		s.findings.Add(1)
		if s.sinks.Finding == nil {
			continue
		}
		if err := s.sinks.Finding(f); err != nil {
			return err
		}
	}
	if err := s.events(sl); err != nil {
		return err
	}
	for _, f := range faults {
		if err := s.fault(sl, f); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		s.unscanned.Add(1)
	}
	return nil
}

// events passes on what was read out of one item.
func (s *sweep) events(sl *slot) error {
	if sl.result.Events == nil || s.sinks.Event == nil {
		return nil
	}
	r := &sl.record
	for e, err := range sl.result.Events {
		if err != nil {
			return err
		}
		s.sum.Events++
		e.Format, e.Bundle, e.Seq, e.Source, e.Path, e.PathB64 = EventFormat, sl.bundle, r.Seq, r.Source, r.Path, r.PathB64
		if err := s.sinks.Event(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) fault(sl *slot, f Fault) error {
	s.sum.fault(f, sl.broken != nil)
	if s.sinks.Unscanned == nil {
		return nil
	}
	r := &sl.record
	u := Unscanned{Format: UnscannedFormat, Bundle: sl.bundle, Seq: r.Seq, Source: r.Source, Path: r.Path,
		PathB64: r.PathB64, SHA256: r.SHA256, Size: sl.size, Kind: f.Kind, Analyzer: f.Analyzer, Reason: f.Reason}
	if sl.broken != nil {
		u.Path, u.PathB64 = evidence.Text(sl.name)
	}
	return s.sinks.Unscanned(u)
}

// sourceFaults are gaps that the record itself states: what was not collected
// was not examined either. What a rule left out (the collector's own output, a
// pseudo filesystem) is no gap; what a budget or an interruption cut is.
func sourceFaults(r *evidence.Record) []Fault {
	switch r.Outcome {
	case evidence.Skipped:
		if !strings.HasPrefix(r.Reason, "budget ") && !strings.HasPrefix(r.Reason, "interrupted") {
			return nil
		}
		return []Fault{{Kind: FaultSource, Reason: "skipped: " + r.Reason}}
	case evidence.Denied, evidence.Failed:
		why := cmp.Or(r.Error, r.Reason, "no reason given")
		return []Fault{{Kind: FaultSource, Reason: string(r.Outcome) + ": " + why}}
	case evidence.Partial:
		why := r.Error
		if why == "" {
			why = fmt.Sprintf("%d ranges could not be read when it was collected", len(r.Lost))
		}
		return []Fault{{Kind: FaultSource, Reason: "partial: " + why}}
	}
	return nil
}

// fillFindings says which item the findings are about. A worker that evidence
// took over can't blame another item.
func fillFindings(sl *slot) {
	r := &sl.record
	for i := range sl.result.Findings {
		f := &sl.result.Findings[i]
		f.Format, f.Bundle, f.Seq, f.Source = FindingFormat, sl.bundle, r.Seq, r.Source
		f.Path, f.PathB64, f.SHA256, f.Size = r.Path, r.PathB64, r.SHA256, sl.size
	}
	SortFindings(sl.result.Findings)
}

// progress reports until the returned function is called.
func (s *sweep) progress() (stop func()) {
	if s.sinks.Progress == nil {
		return func() {}
	}
	say := func() {
		s.sinks.Progress(Progress{Items: s.items.Load(), TotalItems: s.totalItems, Bytes: s.bytes.Load(),
			TotalBytes: s.totalBytes, Findings: s.findings.Load(), Unscanned: s.unscanned.Load(),
			Elapsed: time.Since(s.began)})
	}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				say()
			case <-quit:
				say()
				return
			}
		}
	})
	return func() { close(quit); wg.Wait() }
}
