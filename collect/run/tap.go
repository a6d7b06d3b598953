package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// tap stands before the sink: everything that is taken passes it, so budgets,
// totals and the ledger are in one place and no artifact can forget them.
type tap struct {
	sink evidence.Sink
	gov  *governor
	book *book

	mu      sync.Mutex
	sum     Summary
	tallies map[tallyKey]*Tally
	order   []*Tally
	numbers map[string]int
	flying  int64 // items handed over and not yet settled
	settled int64
	broken  error
}

type tallyKey struct{ source, artifact string }

func newTap(sink evidence.Sink, gov *governor, b *book) *tap {
	return &tap{sink: sink, gov: gov, book: b, tallies: map[tallyKey]*Tally{}, numbers: map[string]int{},
		sum: Summary{Outcomes: collect.Counts{}}}
}

// view is the tap as one artifact sees it.
type view struct {
	*tap
	tally   *Tally
	pattern string
	named   bool
	endless bool // its streams know no end, so the budget ends them
}

func (t *tap) view(source, artifact string) *view {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := tallyKey{source, artifact}
	if t.tallies[k] == nil {
		t.tallies[k] = &Tally{Source: source, Artifact: artifact, Outcomes: collect.Counts{}}
		t.order = append(t.order, t.tallies[k])
	}
	return &view{tap: t, tally: t.tallies[k]}
}

// For implements collect.Ledger.
func (v *view) For(pattern string, named bool) collect.Ledger {
	return &view{v.tap, v.tally, pattern, named, v.endless}
}

// Report implements collect.Ledger.
func (v *view) Report(l collect.Line) {
	if l.Kind == collect.LineUnsupported {
		v.mu.Lock()
		v.sum.Unsupported++
		v.mu.Unlock()
	}
	v.book.wait()
	if l.Kind == collect.LineNote {
		v.note(l)
		return
	}
	v.book.put(l)
}

// note adds a note to the ledger and to the summary. It does not block.
func (t *tap) note(l collect.Line) {
	l.Kind = collect.LineNote
	t.mu.Lock()
	if len(t.sum.Notes) < maxNotes {
		t.sum.Notes = append(t.sum.Notes, l.Reason)
	}
	t.mu.Unlock()
	t.book.put(l)
}

// Pace implements collect.Pacer.
func (t *tap) Pace(n int) error { return t.gov.pace(n) }

// Number implements collect.Ledger.
func (t *tap) Number(kind string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.numbers[kind]++
	return t.numbers[kind]
}

// Add implements evidence.Sink. The sink's own context is not that of the
// artifact: what was taken before an interruption is to be sealed.
func (v *view) Add(ctx context.Context, it evidence.Item) error {
	if err := v.failed(); err != nil {
		return err
	}
	v.book.wait()
	reserved := v.gov.admit(&it)
	done := it.Done
	it.Done = func(r evidence.Record) {
		v.gov.settle(reserved, size(r))
		v.settle(r)
		if done != nil {
			done(r)
		}
		v.land()
	}
	v.mu.Lock()
	v.flying++
	v.mu.Unlock()
	if err := v.sink.Add(context.WithoutCancel(ctx), it); err != nil {
		v.land()
		return v.fail(err)
	}
	return nil
}

// flush asks for what was taken to be sealed.
func (t *tap) flush() {
	f, ok := t.sink.(evidence.Flusher)
	if !ok || t.failed() != nil {
		return
	}
	if err := f.Flush(context.WithoutCancel(t.gov.stop)); err != nil {
		_ = t.fail(err)
	}
}

func (t *tap) land() {
	t.mu.Lock()
	t.flying--
	t.settled++
	t.mu.Unlock()
}

func (t *tap) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// fail remembers that the sink is broken: nothing more can be taken.
func (t *tap) fail(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken == nil {
		t.broken = err
	}
	return err
}

// size is the content of a whole item, from its last record.
func size(r evidence.Record) int64 {
	if r.Part != nil && r.Part.Last {
		return r.Part.WholeSize
	}
	return r.Size
}

// isGap says whether an item counts for exit code 3 (DESIGN.md).
func isGap(r evidence.Record, named bool) bool {
	switch r.Outcome {
	case evidence.Denied, evidence.Failed, evidence.Partial:
		return true
	case evidence.Skipped:
		return strings.HasPrefix(r.Reason, "budget ") || strings.HasPrefix(r.Reason, ReasonInterrupted)
	case evidence.Missing:
		return named
	}
	return false
}

// lostText says what an item lacks that was read to its end and lost ranges on
// the way: its record has no other reason.
func lostText(r evidence.Record) string {
	if r.Error != "" || len(r.Lost) == 0 {
		return ""
	}
	var lost int64
	for _, l := range r.Lost {
		lost += l.Length
	}
	most := ""
	if r.LostMore { // the last range covers what was read in between, too
		most = "at most "
	}
	return fmt.Sprintf("%s%d bytes could not be read, the first at %d: %s", most, lost, r.Lost[0].Offset, r.Lost[0].Error)
}

// settle counts one item and writes its line.
func (v *view) settle(r evidence.Record) {
	gap := isGap(r, v.named)
	if r.Reason == "" {
		r.Reason = lostText(r)
	}
	v.mu.Lock()
	v.sum.Items++
	v.sum.Bytes += size(r)
	v.sum.Outcomes[r.Outcome]++
	v.tally.Outcomes[r.Outcome]++
	if gap {
		v.tally.Gaps++
		v.sum.gap(Gap{r.Source, r.Path, v.tally.Artifact, r.Outcome, strings.TrimSpace(r.Reason + " " + r.Error)})
	}
	v.mu.Unlock()
	v.book.put(collect.Line{
		Kind: collect.LinePath, Source: r.Source, Artifact: v.tally.Artifact, Pattern: v.pattern, Path: r.Path, PathB64: r.PathB64,
		Outcome: r.Outcome, Seq: r.Seq, Size: size(r), Reason: r.Reason, Error: r.Error, Gap: gap,
	})
}

// Stream implements evidence.Sink.
func (v *view) Stream(ctx context.Context, r evidence.Record) (evidence.Stream, error) {
	if err := v.failed(); err != nil {
		return nil, err
	}
	s, err := v.sink.Stream(context.WithoutCancel(ctx), r)
	if err != nil {
		return nil, v.fail(err)
	}
	return &tapped{Stream: s, view: v, rec: r}, nil
}

// tapped counts a stream.
type tapped struct {
	evidence.Stream
	view *view
	rec  evidence.Record
}

func (s *tapped) Write(p []byte) (int, error) {
	promised := int64(len(p))
	if !s.view.endless {
		promised = 0
	} else if !s.view.gov.spend(promised) {
		return 0, cut{s.view.gov.overTotal(promised)}
	}
	n, err := s.Stream.Write(p)
	s.rec.Size += int64(n)
	s.view.gov.settle(promised, int64(n))
	s.view.gov.underWay.Add(int64(n))
	if err != nil {
		err = s.view.fail(err)
	}
	return n, err
}

func (s *tapped) Close(ctx context.Context, details map[string]string, cause error) error {
	if err := s.Stream.Close(context.WithoutCancel(ctx), details, cause); err != nil {
		return s.view.fail(err)
	}
	switch {
	case errors.Is(cause, evidence.ErrBudget):
		s.rec.Outcome, s.rec.Reason = evidence.Partial, cause.Error()
	case cause != nil:
		s.rec.Outcome, s.rec.Error = evidence.Partial, cause.Error()
	case s.rec.Size == 0:
		s.rec.Outcome = evidence.Empty
	default:
		s.rec.Outcome = evidence.Collected
	}
	s.view.gov.underWay.Add(-s.rec.Size)
	s.view.settle(s.rec)
	return nil
}

// drain waits until every item is settled. A sink that makes no headway for a
// while is not waited for: the ledger says how many items are open.
func (t *tap) drain(patience time.Duration) {
	last, since := [2]int64{-1}, time.Now()
	for {
		t.mu.Lock()
		flying, settled, broken := t.flying, t.settled, t.broken
		t.mu.Unlock()
		if flying == 0 || broken != nil {
			return
		}
		if now := [2]int64{settled, t.gov.underWay.Load()}; now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > patience {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
