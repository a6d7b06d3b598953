package run

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// tree makes files of the sizes given below a new folder.
func tree(t *testing.T, files map[string]int) collect.Source {
	t.Helper()
	root := t.TempDir()
	for n, size := range files {
		p := filepath.Join(root, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, bytes.Repeat([]byte("x"), size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src := sourcetest.NewDir(root, collect.Linux)
	src.In.Live = true
	return src
}

func define(name string, paths ...string) *artifacts.Definition {
	return &artifacts.Definition{Name: name, Doc: "x", FollowLinks: true,
		Sources: []artifacts.Source{{Type: artifacts.TypeFile, Paths: paths, Separator: "/"}}}
}

// ledger reads the ledger of a sink.
func ledger(t *testing.T, s *sinktest.Sink) []collect.Line {
	t.Helper()
	got := s.Find(collect.Own, "/ledger.jsonl")
	if len(got) != 1 {
		t.Fatalf("%d ledgers", len(got))
	}
	var out []collect.Line
	sc := bufio.NewScanner(bytes.NewReader(got[0].Bytes))
	for sc.Scan() {
		var l collect.Line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatalf("%v: %s", err, sc.Bytes())
		}
		out = append(out, l)
	}
	if len(out) < 2 || out[0].Format != collect.LedgerFormat || out[len(out)-1].Kind != collect.LineTotal {
		t.Fatalf("the ledger has %d lines and no beginning or end", len(out))
	}
	return out
}

// fake is an artifact made of a function.
type fake struct {
	name  string
	needs collect.Needs
	stage collect.Stage
	f     func(context.Context, collect.Source, evidence.Sink) error
}

func (f *fake) Name() string         { return f.name }
func (f *fake) Needs() collect.Needs { return f.needs }
func (f *fake) Stage() collect.Stage { return f.stage }
func (f *fake) Collect(ctx context.Context, s collect.Source, k evidence.Sink) error {
	return f.f(ctx, s, k)
}

func (f *fake) item(ctx context.Context, k evidence.Sink, path string) error {
	r := evidence.Record{Source: "live", Path: path}
	r.Type = evidence.TypeStream
	return k.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes([]byte(path))})
}

func TestWholeRun(t *testing.T) {
	src := tree(t, map[string]int{"etc/passwd": 10, "etc/conf.d/a": 5, "etc/conf.d/b": 0, "srv/x/y": 7})
	sink := &sinktest.Sink{}
	var order []string
	note := func(name string, stage collect.Stage) *fake {
		f := &fake{name: name, stage: stage}
		f.f = func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
			order = append(order, name)
			return f.item(ctx, k, "/"+name)
		}
		return f
	}
	var watched atomic.Int64
	sum, err := Run(context.Background(), Plan{
		Sources: []collect.Source{src}, Sink: sink, Profile: "triage",
		Builtins:    []collect.Artifact{note("hozen.late", collect.Settled), note("hozen.first", collect.Volatile)},
		Definitions: []*artifacts.Definition{define("Accounts", "/etc/passwd", "/etc/shadow"), define("Conf", "/etc/conf.d/*", "/none/*")},
		Paths:       []string{"/srv"},
		Watch:       func(p Progress) { watched.Store(p.Items) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := collect.Counts{evidence.Collected: 7, evidence.Empty: 1, evidence.Missing: 1}
	if d := cmp.Diff(want, sum.Outcomes); d != "" || sum.Gaps != 0 || sum.Bytes != 10+5+7+12+11 {
		t.Errorf("%s, %d gaps, %d bytes", d, sum.Gaps, sum.Bytes)
	}
	if watched.Load() != sum.Items {
		t.Errorf("progress ended at %d of %d", watched.Load(), sum.Items)
	}
	if !slices.Equal(order, []string{"hozen.first", "hozen.late"}) {
		t.Errorf("order %q", order)
	}
	var paths []string
	for _, g := range sink.Items() {
		paths = append(paths, g.Record.Path)
	}
	if p, w := slices.Index(paths, "/srv/x/y"), slices.Index(paths, "/etc/passwd"); p > w {
		t.Errorf("what was named by hand comes after a definition: %q", paths)
	}
	checkLedger(t, ledger(t, sink), sum)
}

// checkLedger compares the ledger with the summary and with what was asked.
func checkLedger(t *testing.T, lines []collect.Line, sum Summary) {
	t.Helper()
	counts := collect.Counts{}
	patterns := map[string]int64{}
	for _, l := range lines {
		switch l.Kind {
		case collect.LinePath:
			if !l.Again {
				counts[l.Outcome]++
			}
			if l.Outcome == evidence.Collected && l.Seq == 0 {
				t.Errorf("line without the item's number: %+v", l)
			}
		case collect.LinePattern:
			patterns[l.Artifact+" "+l.Pattern] = *l.Matches
		}
	}
	if d := cmp.Diff(sum.Outcomes, counts); d != "" {
		t.Errorf("path lines: %s", d)
	}
	want := map[string]int64{"Accounts /etc/passwd": 1, "Accounts /etc/shadow": 0, "Conf /etc/conf.d/*": 2, "Conf /none/*": 0, "hozen.path /srv": 3}
	if d := cmp.Diff(want, patterns); d != "" {
		t.Error(d)
	}
	if last := lines[len(lines)-1]; cmp.Diff(last.Outcomes, sum.Outcomes) != "" {
		t.Errorf("total %+v", last)
	}
}

func TestGaps(t *testing.T) {
	src := tree(t, map[string]int{"a": 1, "big": 100})
	for _, c := range []struct {
		name string
		plan Plan
		gaps int64
	}{
		{"optional and missing", Plan{Definitions: []*artifacts.Definition{define("D", "/nope")}}, 0},
		{"named and missing", Plan{Paths: []string{"/nope"}}, 1},
		{"named and there", Plan{Paths: []string{"/a"}}, 0},
		{"named relative", Plan{Paths: []string{"a"}}, 1},
		{"too large", Plan{Paths: []string{"/"}, Budget: Budget{MaxFile: 99}}, 1},
		{"own output", Plan{Paths: []string{"/"}, Own: []string{"/big"}}, 0},
		{"panic", Plan{Builtins: []collect.Artifact{&fake{name: "hozen.bad", f: func(context.Context, collect.Source, evidence.Sink) error { panic("boom") }}}}, 1},
		{"error", Plan{Builtins: []collect.Artifact{&fake{name: "hozen.bad", f: func(context.Context, collect.Source, evidence.Sink) error { return errors.New("no") }}}}, 1},
		{"not for this system", Plan{Builtins: []collect.Artifact{&fake{name: "hozen.w", needs: collect.Needs{OS: []collect.OS{collect.Windows}}}}}, 0},
	} {
		sink := &sinktest.Sink{}
		c.plan.Sources, c.plan.Sink = []collect.Source{src}, sink
		sum, err := Run(context.Background(), c.plan)
		if err != nil || sum.Gaps != c.gaps || int64(len(sum.FirstGaps)) != c.gaps {
			t.Errorf("%s: %v, %d gaps %+v, want %d", c.name, err, sum.Gaps, sum.FirstGaps, c.gaps)
		}
		ledger(t, sink)
	}
}

func TestFailedArtifactIsAnItem(t *testing.T) {
	sink := &sinktest.Sink{}
	bad := &fake{name: "hozen.bad", f: func(context.Context, collect.Source, evidence.Sink) error { panic("boom") }}
	off := &fake{name: "hozen.off", needs: collect.Needs{Live: true}}
	src := tree(t, nil).(*sourcetest.Dir)
	src.In.Live = false
	if _, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Builtins: []collect.Artifact{bad, off}}); err != nil {
		t.Fatal(err)
	}
	got := sink.Find(collect.Own, "/artifacts/hozen.bad/1")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Failed || !strings.Contains(got[0].Record.Error, "boom") {
		t.Errorf("%+v", got)
	}
	got = sink.Find(collect.Own, "/artifacts/hozen.off/1")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Skipped || got[0].Record.Reason != "it needs the live host" {
		t.Errorf("%+v", got)
	}
}

func TestNamedOnOneOfTwoVolumes(t *testing.T) {
	a, b := tree(t, map[string]int{"only/here": 1}), tree(t, map[string]int{"other": 1})
	b.(*sourcetest.Dir).In.Name = "p2"
	for path, items := range map[string]int64{"/only": 2, "/on*": 2, "/**/h?re": 1} {
		sum, err := Run(context.Background(), Plan{Sources: []collect.Source{b, a}, Sink: &sinktest.Sink{}, Paths: []string{path}})
		if err != nil || sum.Gaps != 0 || sum.Outcomes[evidence.Collected] != items {
			t.Errorf("%s: %v %+v", path, err, sum)
		}
	}
	sum, _ := Run(context.Background(), Plan{Sources: []collect.Source{b, a}, Sink: &sinktest.Sink{}, Paths: []string{"/nowhere"}})
	if sum.Gaps != 2 {
		t.Errorf("%d gaps", sum.Gaps)
	}
}

// TestNamedAfterOthersMissedIt: what is named by hand and missing is a gap, also
// where a definition has looked for it before, and missed nothing.
func TestNamedAfterOthersMissedIt(t *testing.T) {
	early := define("Early", "/nothing", "/no*")
	early.Profiles = []string{collect.ProfileVolatile}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: &sinktest.Sink{},
		Definitions: []*artifacts.Definition{early}, Paths: []string{"/nothing", "/no*"}})
	if err != nil || sum.Gaps != 2 || sum.Outcomes[evidence.Missing] != 3 {
		t.Errorf("%v %+v", err, sum)
	}
}

// until is an artifact that runs throughout and notes when it was told to end.
type until struct {
	fake
	ended chan struct{}
}

func (u *until) End() { close(u.ended) }

func TestThroughout(t *testing.T) {
	var log []string
	began := make(chan struct{}, 2)
	u := &until{ended: make(chan struct{})}
	u.fake = fake{name: "hozen.packets", f: func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
		s, err := k.Stream(ctx, evidence.Record{Source: "live", Path: "/packets/eth0.pcapng"})
		if err != nil {
			return err
		}
		began <- struct{}{}
		<-u.ended
		if ctx.Err() != nil {
			t.Error("the context of an Ender was cancelled")
		}
		_, err = s.Write([]byte("packets"))
		return errors.Join(err, s.Close(ctx, map[string]string{"dropped": "0"}, nil))
	}}
	plain := &fake{name: "hozen.watch", f: func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	mid := &fake{name: "hozen.mid", stage: collect.Volatile, f: func(context.Context, collect.Source, evidence.Sink) error {
		<-began
		<-began
		log = append(log, "mid")
		return nil
	}}
	sink := &sinktest.Sink{}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: sink, Builtins: []collect.Artifact{u, plain, mid}})
	if err != nil || sum.Gaps != 0 || len(log) != 1 || sum.Outcomes[evidence.Collected] != 1 {
		t.Errorf("%v %+v", err, sum)
	}
	if got := sink.Find("live", "/packets/eth0.pcapng"); len(got) != 1 || got[0].Record.Details["dropped"] != "0" {
		t.Errorf("%+v", got)
	}
}

func TestInterrupt(t *testing.T) {
	files := map[string]int{}
	for i := range 200 {
		files[fmt.Sprintf("d/%03d", i)] = 10
	}
	ctx, cancel := context.WithCancel(context.Background())
	sink := &sinktest.Sink{}
	n := 0
	sink.Break = func(evidence.Record) error { // no error: only a place to count
		if n++; n == 50 {
			cancel()
			time.Sleep(50 * time.Millisecond) // it is passed on by another goroutine
		}
		return nil
	}
	sum, err := Run(ctx, Plan{Sources: []collect.Source{tree(t, files)}, Sink: sink, Paths: []string{"/d"}, Definitions: []*artifacts.Definition{define("Later", "/d/*")}})
	if err != nil || !sum.Interrupted || sum.Stopped != ReasonInterrupted {
		t.Fatalf("%v %+v", err, sum)
	}
	if c := sum.Outcomes[evidence.Collected]; c < 40 || c > 60 {
		t.Errorf("%d items were taken", c)
	}
	for _, p := range []string{"/artifacts/hozen.path/1", "/artifacts/Later/1"} {
		got := sink.Find(collect.Own, p)
		if len(got) != 1 || got[0].Record.Outcome != evidence.Skipped || !strings.HasPrefix(got[0].Record.Reason, ReasonInterrupted) {
			t.Errorf("%s: %+v", p, got)
		}
	}
	if sum.Gaps < 2 {
		t.Errorf("%d gaps", sum.Gaps)
	}
	if last := ledger(t, sink); last[len(last)-1].Reason != ReasonInterrupted {
		t.Errorf("%+v", last[len(last)-1])
	}
}

func TestTimeout(t *testing.T) {
	slow := &fake{name: "hozen.slow", f: func(ctx context.Context, _ collect.Source, _ evidence.Sink) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	sink := &sinktest.Sink{}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, map[string]int{"a": 1})}, Sink: sink,
		Builtins: []collect.Artifact{&fake{name: "hozen.slow", stage: collect.Volatile, f: slow.f}}, Paths: []string{"/a"}, Budget: Budget{Timeout: 50 * time.Millisecond}})
	if err != nil || sum.Interrupted || !strings.HasPrefix(sum.Stopped, "budget timeout: 50ms") || sum.Gaps != 2 {
		t.Errorf("%v %+v", err, sum)
	}
}

func TestBrokenSink(t *testing.T) {
	full := errors.New("disk full")
	sink := &sinktest.Sink{Break: func(r evidence.Record) error {
		if r.Path == "/b" {
			return full
		}
		return nil
	}}
	ran := false
	last := &fake{name: "hozen.last", stage: collect.Settled, f: func(context.Context, collect.Source, evidence.Sink) error { ran = true; return nil }}
	_, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, map[string]int{"a": 1, "b": 1, "c": 1})}, Sink: sink,
		Definitions: []*artifacts.Definition{define("D", "/*"), define("E", "/c")}, Builtins: []collect.Artifact{last}})
	if !errors.Is(err, full) || !ran || len(sink.Find("test", "/c")) > 0 {
		t.Errorf("%v", err)
	}
	sink = &sinktest.Sink{Break: func(evidence.Record) error { return full }}
	if _, err := Run(context.Background(), Plan{Sink: sink}); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// TestUnsettled has a sink that never says what became of its items.
func TestUnsettled(t *testing.T) {
	sink := &sinktest.Sink{Hold: true}
	b, err := openBook(context.Background(), sink)
	if err != nil {
		t.Fatal(err)
	}
	tp := newTap(sink, newGovernor(context.Background(), Budget{}), b)
	f := &fake{}
	if err := f.item(context.Background(), tp.view("s", "a"), "/x"); err != nil {
		t.Fatal(err)
	}
	tp.drain(20 * time.Millisecond)
	if tp.flying != 1 {
		t.Errorf("%d under way", tp.flying)
	}
	sink.Flush()
	tp.drain(time.Second)
	if tp.flying != 0 || tp.sum.Items != 1 {
		t.Errorf("%d under way, %d items", tp.flying, tp.sum.Items)
	}
}

func TestObservationsAreNumbered(t *testing.T) {
	sink := &sinktest.Sink{}
	watch := &fake{name: "hozen.p", f: func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
		about := evidence.Record{Source: "live", Path: "/proc/1/exe", Artifacts: []string{"hozen.p"}}
		return errors.Join(collect.Observe(ctx, k, "deleted-executable", "One.", about, map[string]string{"pid": "1"}),
			collect.Observe(ctx, k, "deleted-executable", "Two.", about, nil))
	}}
	if _, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: sink, Builtins: []collect.Artifact{watch}}); err != nil {
		t.Fatal(err)
	}
	got := sink.Find(collect.Own, "/observations/deleted-executable/2.json")
	var o collect.Observation
	if len(got) != 1 || json.Unmarshal(got[0].Bytes, &o) != nil || o.Text != "Two." || o.About.Path != "/proc/1/exe" || o.Format != collect.ObservationFormat {
		t.Errorf("%+v %+v", got, o)
	}
	if err := collect.Observe(context.Background(), sink, "../x", "", evidence.Record{}, nil); err == nil {
		t.Error("a hostile kind was taken")
	}
	if err := collect.Observe(context.Background(), sink, "x", "Plain sink.", evidence.Record{}, nil); err != nil {
		t.Error(err)
	}
}

func command(name, cmd string, args ...string) []*artifacts.Definition {
	return []*artifacts.Definition{{Name: name, Sources: []artifacts.Source{{Type: artifacts.TypeCommand, Cmd: cmd, Args: args}}}}
}
