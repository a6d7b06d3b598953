package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/host"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func TestMaxFileAndTotal(t *testing.T) {
	src := tree(t, map[string]int{"a": 100, "b": 101, "c": 100, "d": 60, "e": 30, "f": 0})
	sink := &sinktest.Sink{}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/"}, Budget: Budget{MaxFile: 100, MaxTotal: 250}})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/a": "", "/b": "budget max-file: the file has 101 bytes", "/c": "", "/d": "budget max-total", "/e": "", "/f": ""} {
		r := sink.Find("test", path)[0].Record
		if (r.Outcome == evidence.Skipped) != (want != "") || !strings.HasPrefix(r.Reason, want) {
			t.Errorf("%s: %s %q, want %q", path, r.Outcome, r.Reason, want)
		}
	}
	if sum.Bytes != 230 || sum.Gaps != 2 {
		t.Errorf("%d bytes, %d gaps", sum.Bytes, sum.Gaps)
	}
}

// TestBulkIsCutFirst has a definition that comes first by its name and would use
// up the total, were it not marked as one of which there is much.
func TestBulkIsCutFirst(t *testing.T) {
	src := tree(t, map[string]int{"big/1": 500, "big/2": 500, "small/1": 10, "small/2": 10})
	for bulk, cut := range map[bool]string{true: "/big/2", false: "/small/2"} {
		defs := []*artifacts.Definition{define("A", "/big/*"), define("B", "/small/*")}
		defs[0].Bulk = bulk
		sink := &sinktest.Sink{}
		if _, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Definitions: defs, Budget: Budget{MaxTotal: 1015}}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/big/1", "/big/2", "/small/1", "/small/2"} {
			if r := sink.Find("test", path)[0].Record; (r.Outcome == evidence.Skipped) != (path == cut) {
				t.Errorf("bulk %v: %s %s", bulk, path, r.Outcome)
			}
		}
	}
}

// TestTotalEndsWhatKnowsNoEnd has a capture that would go on for ever: the total
// ends it, and leaves whole what other built-in artifacts write.
func TestTotalEndsWhatKnowsNoEnd(t *testing.T) {
	write := func(path string, most int) func(context.Context, collect.Source, evidence.Sink) error {
		return func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
			s, err := k.Stream(ctx, evidence.Record{Source: "live", Path: path, Stat: evidence.Stat{Type: evidence.TypeStream}})
			for i := 0; err == nil && i < most; i++ {
				_, err = s.Write(make([]byte, 100))
			}
			return errors.Join(s.Close(ctx, nil, err), err)
		}
	}
	packets := &fake{name: "hozen.packets", f: write("/packets/any.pcapng", 1<<20)}
	facts := &fake{name: "hozen.facts", stage: collect.Volatile, f: write("/facts", 20)}
	sink := &sinktest.Sink{}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: sink, Builtins: []collect.Artifact{packets, facts}, Budget: Budget{MaxTotal: 1050}})
	if err != nil {
		t.Fatal(err)
	}
	r := sink.Find("live", "/packets/any.pcapng")[0].Record
	if r.Outcome != evidence.Partial || r.Size > 1000 || !strings.HasPrefix(r.Reason, "budget max-total: ") || r.Error != "" {
		t.Errorf("capture: %s of %d bytes, %q %q", r.Outcome, r.Size, r.Reason, r.Error)
	}
	if r := sink.Find("live", "/facts")[0].Record; r.Outcome != evidence.Collected || r.Size != 2000 {
		t.Errorf("facts: %s of %d bytes", r.Outcome, r.Size)
	}
	if sum.Outcomes[evidence.Failed] != 0 || sum.Outcomes[evidence.Skipped] != 1 || sum.Gaps != 2 {
		t.Errorf("%+v", sum)
	}
}

// TestRecoveredExecutableIsAFile has an executable without a name, which the
// budgets bound as any file.
func TestRecoveredExecutableIsAFile(t *testing.T) {
	for _, b := range []Budget{{MaxFile: 100}, {MaxTotal: 100}} {
		recover := &fake{name: "hozen.processes", stage: collect.Volatile, f: func(ctx context.Context, _ collect.Source, k evidence.Sink) error {
			r := evidence.Record{Source: "live", Path: "/processes/7/exe", Stat: evidence.Stat{Type: evidence.TypeStream, StatLen: 101}}
			return k.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(make([]byte, 101))})
		}}
		sink := &sinktest.Sink{}
		sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: sink, Builtins: []collect.Artifact{recover}, Budget: b})
		if r := sink.Find("live", "/processes/7/exe")[0].Record; err != nil || r.Outcome != evidence.Skipped || !strings.HasPrefix(r.Reason, "budget max-") || sum.Gaps != 1 {
			t.Errorf("%+v: %v %s %q", b, err, r.Outcome, r.Reason)
		}
	}
}

// growing is a source whose files have more bytes than they state.
type growing struct {
	*sourcetest.Dir
	bytes int64
	slow  time.Duration
}

func (g growing) Open(ctx context.Context, p string) (evidence.Content, evidence.Stat, error) {
	c, st, err := g.Dir.Open(ctx, p)
	if err != nil {
		return nil, st, err
	}
	return &grown{c, io.LimitReader(zeros{}, g.bytes), g}, st, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type grown struct {
	evidence.Content
	r io.Reader
	g growing
}

func (g *grown) Read(p []byte) (int, error) {
	time.Sleep(g.g.slow)
	return g.r.Read(p)
}

func (g *grown) Finish() evidence.Finish {
	f := g.Content.Finish()
	f.After.StatLen = g.g.bytes
	return f
}

func TestFileThatGrows(t *testing.T) {
	for _, c := range []struct {
		budget  Budget
		bytes   int64
		outcome evidence.Outcome
		size    int64
		lost    []evidence.Range
	}{
		{Budget{MaxFile: 1000}, 1000, evidence.Changed, 1000, nil},
		{Budget{MaxFile: 1000}, 1500, evidence.Partial, 1000, []evidence.Range{{Offset: 1000, Length: 500}}},
		{Budget{MaxTotal: 100_000}, 1 << 30, evidence.Partial, 0, nil},
	} {
		src := growing{Dir: tree(t, map[string]int{"log": 10}).(*sourcetest.Dir), bytes: c.bytes}
		sink := &sinktest.Sink{}
		if _, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/log"}, Budget: c.budget}); err != nil {
			t.Fatal(err)
		}
		r := sink.Find("test", "/log")[0].Record
		if r.Outcome != c.outcome || c.size > 0 && r.Size != c.size || c.budget.MaxTotal > 0 && r.Size > c.budget.MaxTotal {
			t.Errorf("%+v: %s, %d bytes, %q", c.budget, r.Outcome, r.Size, r.Reason)
		}
		if c.outcome == evidence.Partial && !strings.HasPrefix(r.Reason, "budget ") {
			t.Errorf("reason %q", r.Reason)
		}
		for i, l := range c.lost {
			if i >= len(r.Lost) || r.Lost[i].Offset != l.Offset || r.Lost[i].Length != l.Length {
				t.Errorf("lost %+v, want %+v", r.Lost, c.lost)
			}
		}
	}
}

func TestTimeoutInTheMiddleOfAFile(t *testing.T) {
	src := growing{Dir: tree(t, map[string]int{"log": 100 << 10}).(*sourcetest.Dir), bytes: 1 << 40, slow: time.Millisecond}
	sink := &sinktest.Sink{}
	began := time.Now()
	if _, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/log"}, Budget: Budget{Timeout: 100 * time.Millisecond}}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %s", took)
	}
	r := sink.Find("test", "/log")[0].Record
	if r.Outcome != evidence.Partial || !strings.HasPrefix(r.Reason, "budget timeout") || len(r.Lost) == 0 || r.Size == 0 {
		t.Errorf("%s %q lost %v", r.Outcome, r.Reason, r.Lost)
	}
}

// untilSeen gives files that go on until someone has seen enough of them.
type untilSeen struct {
	*sourcetest.Dir
	enough chan struct{}
}

func (e untilSeen) Open(ctx context.Context, p string) (evidence.Content, evidence.Stat, error) {
	c, st, err := e.Dir.Open(ctx, p)
	return &unending{c, e.enough}, st, err
}

type unending struct {
	evidence.Content
	enough chan struct{}
}

func (u *unending) Read(p []byte) (int, error) {
	select {
	case <-u.enough:
		return 0, io.EOF
	case <-time.After(time.Millisecond):
		return copy(p, "x"), nil
	}
}

// TestProgressWithinAFile looks at progress while one file is read: it does not
// end before bytes of it were seen.
func TestProgressWithinAFile(t *testing.T) {
	src := untilSeen{tree(t, map[string]int{"log": 1}).(*sourcetest.Dir), make(chan struct{})}
	see := sync.OnceFunc(func() { close(src.enough) })
	plan := Plan{Sources: []collect.Source{src}, Sink: &sinktest.Sink{}, Paths: []string{"/log"}, Budget: Budget{Timeout: 30 * time.Second},
		Watch: func(p Progress) {
			if p.Items == 0 && p.Bytes > 0 {
				see()
			}
		}}
	sum, err := Run(context.Background(), plan)
	if err != nil || sum.Stopped != "" {
		t.Fatalf("no bytes were seen before the item's end: %s, %v", sum.Stopped, err)
	}
}

func TestIOLimit(t *testing.T) {
	src := tree(t, map[string]int{"a": 200_000, "b": 200_000})
	sink := &sinktest.Sink{}
	began := time.Now()
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/"}, Budget: Budget{IO: 400_000}})
	took := time.Since(began)
	if err != nil || sum.Bytes != 400_000 || sum.Gaps != 0 {
		t.Errorf("%v %+v", err, sum)
	}
	if took < 700*time.Millisecond || took > time.Minute {
		t.Errorf("400 kB at 400 kB/s took %s", took)
	}
}

// TestCPULimit burns CPU in the sink's place and looks at the share used.
func TestCPULimit(t *testing.T) {
	files := map[string]int{}
	for i := range 400 {
		files[fmt.Sprintf("%d", i)] = 1
	}
	src := tree(t, files)
	sink := &sinktest.Sink{Break: func(evidence.Record) error {
		for end := host.CPUTime() + 2*time.Millisecond; host.CPUTime() < end; {
			bytes.Repeat([]byte("x"), 1000)
		}
		return nil
	}}
	cpu, began := host.CPUTime(), time.Now()
	if cpu == 0 {
		t.Skip("this system does not tell the CPU time")
	}
	if _, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/"}, Budget: Budget{CPU: 25}}); err != nil {
		t.Fatal(err)
	}
	p := newPacer(context.Background(), 25)
	share := (host.CPUTime() - cpu).Seconds() / time.Since(began).Seconds()
	if share > p.share*1.3 {
		t.Errorf("used %.2f CPU seconds a second, %.2f are allowed", share, p.share)
	}
}

func TestInterruptedPacerAndLimiterWake(t *testing.T) {
	src := tree(t, map[string]int{"a": 1 << 20})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(100*time.Millisecond, cancel)
	sink := &sinktest.Sink{}
	began := time.Now()
	sum, err := Run(ctx, Plan{Sources: []collect.Source{src}, Sink: sink, Paths: []string{"/a"}, Budget: Budget{IO: 10_000}})
	if err != nil || !sum.Interrupted || time.Since(began) > 10*time.Second {
		t.Errorf("%v %+v after %s", err, sum, time.Since(began))
	}
	if r := sink.Find("test", "/a")[0].Record; r.Outcome != evidence.Partial || r.Reason != ReasonInterrupted {
		t.Errorf("%s %q", r.Outcome, r.Reason)
	}
}

func TestCommandsAreCounted(t *testing.T) {
	if _, err := os.Stat(filepath.FromSlash("/bin/true")); err != nil {
		t.Skip(err)
	}
	d := command("Cmd", "/bin/true")
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: &sinktest.Sink{}, Definitions: d, Commands: true})
	if err != nil || sum.Processes != 1 || sum.Unsupported != 0 {
		t.Errorf("%v %+v", err, sum)
	}
	sum, err = Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: &sinktest.Sink{}, Definitions: d})
	if err != nil || sum.Processes != 0 || sum.Unsupported != 1 || sum.Gaps != 0 {
		t.Errorf("not allowed: %v %+v", err, sum)
	}
}

// TestPace has an artifact that reads files of its own, as processes do with
// executables: it keeps to the rate, and learns when reading must end.
func TestPace(t *testing.T) {
	reads := &fake{name: "hozen.processes", stage: collect.Volatile, f: func(_ context.Context, _ collect.Source, k evidence.Sink) error {
		for range 4 {
			if err := collect.Pace(k, 100_000); err != nil {
				return err
			}
		}
		return nil
	}}
	began := time.Now()
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: &sinktest.Sink{}, Builtins: []collect.Artifact{reads}, Budget: Budget{IO: 400_000}})
	if took := time.Since(began); err != nil || sum.Gaps != 0 || took < 700*time.Millisecond || took > time.Minute {
		t.Errorf("%v %+v after %s", err, sum, took)
	}
	sink := &sinktest.Sink{}
	sum, err = Run(context.Background(), Plan{Sources: []collect.Source{tree(t, nil)}, Sink: sink, Builtins: []collect.Artifact{reads}, Budget: Budget{IO: 400_000, Timeout: 200 * time.Millisecond}})
	if err != nil || sum.Gaps != 1 || sum.Outcomes[evidence.Skipped] != 1 || time.Since(began) > time.Minute {
		t.Errorf("%v %+v", err, sum)
	}
	if err := collect.Pace(&sinktest.Sink{}, 1<<40); err != nil {
		t.Errorf("a sink without budgets: %v", err)
	}
}
