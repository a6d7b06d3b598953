package analyze_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// fake examines in this process, in no particular time.
type fake struct {
	slots   int
	examine func(*analyze.Input) (analyze.Result, error)
	running atomic.Int64
	most    atomic.Int64
}

func (f *fake) Slots() int   { return f.slots }
func (f *fake) Workers() int { return f.slots }
func (f *fake) Examine(_ context.Context, in *analyze.Input) (analyze.Result, error) {
	n := f.running.Add(1)
	defer f.running.Add(-1)
	for m := f.most.Load(); n > m && !f.most.CompareAndSwap(m, n); m = f.most.Load() {
	}
	return f.examine(in)
}

// numbers is a target of n items; at every hundredth an error comes between.
type numbers struct {
	n     int
	begun atomic.Int64
}

func (t *numbers) Name() string           { return "numbers" }
func (t *numbers) Parent() analyze.Parent { return analyze.Parent{} }
func (t *numbers) Total() (int64, int64)  { return int64(t.n), int64(t.n) * 10 }
func (t *numbers) Inputs(ctx context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		for i := range t.n {
			t.begun.Add(1)
			if i%100 == 99 && !yield(analyze.Input{}, fmt.Errorf("segment %d is damaged", i)) {
				return
			}
			r := evidence.Record{Seq: uint64(i + 1), Source: "s", Outcome: evidence.Collected, Size: 10, SHA256: "abc"}
			r.SetPath(fmt.Sprintf("/n/%06d", i))
			if i%50 == 0 {
				r.Outcome, r.Error = evidence.Denied, "no rights"
			}
			if !yield(analyze.Input{Bundle: "B", Record: r}, nil) {
				return
			}
		}
	}
}

func result(in *analyze.Input) analyze.Result {
	var r analyze.Result
	for i := range int(in.Record.Seq % 4) {
		// A worker may claim anything about the item.
		r.Findings = append(r.Findings, analyze.Finding{Bundle: "forged", Seq: 1 << 60, Path: "/forged", SHA256: "forged",
			Analyzer: "a", Rule: fmt.Sprintf("r%d", 9-i), Severity: analyze.Low})
	}
	if in.Record.Seq%7 == 0 {
		r.Faults = []analyze.Fault{{Kind: analyze.FaultWorker, Reason: "died"}}
	}
	return r
}

type seen struct {
	findings  []analyze.Finding
	unscanned []analyze.Unscanned
	sum       analyze.Summary
	progress  atomic.Int64
}

func run(t *testing.T, slots int, n int) *seen {
	t.Helper()
	x := &fake{slots: slots, examine: func(in *analyze.Input) (analyze.Result, error) {
		if rand.IntN(10) == 0 {
			time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		}
		return result(in), nil
	}}
	var s seen
	var err error
	s.sum, err = analyze.Sweep(t.Context(), []analyze.Target{&numbers{n: n}, &numbers{n: 3}}, x, analyze.Sinks{
		Finding:   func(f analyze.Finding) error { s.findings = append(s.findings, f); return nil },
		Unscanned: func(u analyze.Unscanned) error { s.unscanned = append(s.unscanned, u); return nil },
		Progress:  func(p analyze.Progress) { s.progress.Store(p.Items) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestSweepOrder(t *testing.T) {
	const n = 3000
	one, many := run(t, 1, n), run(t, 24, n)
	if d := cmp.Diff(one.findings, many.findings); d != "" {
		t.Error("findings differ with the number of slots")
	}
	if d := cmp.Diff(one.unscanned, many.unscanned); d != "" {
		t.Error("unscanned differ with the number of slots")
	}
	sorted := slices.IsSortedFunc(one.findings[:len(one.findings)-6], func(a, b analyze.Finding) int {
		return strings.Compare(a.Path+a.Rule, b.Path+b.Rule)
	})
	if !sorted {
		t.Error("findings are not in the order of items and rules")
	}
	for _, f := range one.findings {
		if f.Bundle != "B" || f.SHA256 != "abc" || f.Format != analyze.FindingFormat || f.Seq == 1<<60 || !strings.HasPrefix(f.Path, "/n/") {
			t.Fatalf("a worker's claim stands: %+v", f)
		}
	}
	s := one.sum
	want := map[analyze.FaultKind]int64{analyze.FaultWorker: n / 7, analyze.FaultRead: n / 100, analyze.FaultSource: n/50 + 1}
	if d := cmp.Diff(want, s.Faults); d != "" {
		t.Error(d)
	}
	if s.Items != n+3 || s.Bytes != 10*(n+3) || s.Findings != int64(len(one.findings)) || !s.Complete || s.Targets != 2 {
		t.Errorf("summary: %+v", s)
	}
	if one.progress.Load() != n+3 {
		t.Errorf("progress ended at %d", one.progress.Load())
	}
}

// TestSweepEnds: a sink that fails, an examiner that breaks and a context that
// ends all end the sweep soon, with their reason and no goroutine left.
func TestSweepEnds(t *testing.T) {
	broken := errors.New("broken on purpose")
	before := runtime.NumGoroutine()
	for name, c := range map[string]struct {
		finding func(analyze.Finding) error
		examine func(*analyze.Input) (analyze.Result, error)
		cancel  bool
	}{
		"sink":     {finding: func(analyze.Finding) error { return broken }},
		"examiner": {examine: func(in *analyze.Input) (analyze.Result, error) { return analyze.Result{}, broken }},
		"context":  {cancel: true},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		x := &fake{slots: 4, examine: func(in *analyze.Input) (analyze.Result, error) {
			if c.examine != nil && in.Record.Seq > 500 {
				return c.examine(in)
			}
			return result(in), nil
		}}
		n := 0
		sum, err := analyze.Sweep(ctx, []analyze.Target{&numbers{n: 1 << 30}}, x, analyze.Sinks{Finding: func(f analyze.Finding) error {
			if n++; n == 100 && c.cancel {
				cancel(broken)
			}
			if c.finding != nil && n > 100 {
				return c.finding(f)
			}
			return nil
		}})
		cancel(nil)
		if !errors.Is(err, broken) || sum.Complete || sum.Items == 0 {
			t.Errorf("%s: %v, %+v", name, err, sum)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// TestSweepBounded: while the first item takes its time, others are examined
// up to a bound, in items and in bytes of what they found.
func TestSweepBounded(t *testing.T) {
	for name, c := range map[string]struct{ findings, atMost int }{"items": {0, 9000}, "bytes": {2000, 200}} {
		hold := make(chan struct{})
		x := &fake{slots: 8, examine: func(in *analyze.Input) (analyze.Result, error) {
			if in.Record.Seq == 1 {
				<-hold
			}
			return analyze.Result{Findings: make([]analyze.Finding, c.findings)}, nil
		}}
		tg := &numbers{n: 20000}
		go func() {
			for last := int64(-1); last != tg.begun.Load(); time.Sleep(200 * time.Millisecond) {
				last = tg.begun.Load()
			}
			if n := tg.begun.Load(); n > int64(c.atMost) || n < 8 {
				t.Errorf("%s: %d items begun while the first was not done; at most %d", name, n, c.atMost)
			}
			close(hold)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		done := 0
		_, err := analyze.Sweep(ctx, []analyze.Target{tg}, x, analyze.Sinks{Finding: func(analyze.Finding) error {
			if done++; done > 100_000 {
				cancel()
			}
			return nil
		}})
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	fetch := func(context.Context, int) ([]byte, error) { return nil, nil }
	for name, in := range map[string]analyze.Input{
		"gap":       {Size: 3, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 1}, {Offset: 2, Size: 1}}},
		"overlap":   {Size: 3, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 2}, {Offset: 1, Size: 2}}},
		"short":     {Size: 3, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 2}}},
		"long":      {Size: 1, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 2}}},
		"empty":     {Size: 1, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 0}, {Offset: 0, Size: 1}}},
		"large":     {Size: 2 << 20, Fetch: fetch, Blocks: []analyze.Block{{Offset: 0, Size: 2 << 20}}},
		"no fetch":  {Size: 1, Blocks: analyze.Blocks(1)},
		"negative":  {Size: -1},
		"too large": {Size: analyze.MaxSize + 1, Fetch: fetch},
	} {
		if in.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
	for _, size := range []int64{0, 1, analyze.BlockSize, analyze.BlockSize + 1, 5 << 30} {
		in := analyze.Input{Size: size, Blocks: analyze.Blocks(size), Fetch: fetch}
		if err := in.Check(); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestSortFindings(t *testing.T) {
	base := []analyze.Finding{
		{Analyzer: "a", Rule: "r"}, {Analyzer: "a", Rule: "r", Matches: []analyze.Match{{Offset: 3}}},
		{Analyzer: "a", Rule: "r", Matches: []analyze.Match{{Offset: 20}}}, {Analyzer: "a", Rule: "r", Where: &analyze.Where{Packet: 2}},
		{Analyzer: "a", Rule: "r", Where: &analyze.Where{Packet: 10}}, {Analyzer: "a", Rule: "s", Meta: map[string]string{"k": "1"}},
		{Analyzer: "a", Rule: "s", Meta: map[string]string{"k": "2"}}, {Analyzer: "b", Rule: "a"},
	}
	want := slices.Clone(base)
	analyze.SortFindings(want)
	for range 50 {
		got := slices.Clone(base)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		analyze.SortFindings(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
	if d := cmp.Diff(base, want); d != "" {
		t.Errorf("order: %s", d)
	}
}
