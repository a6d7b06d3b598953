package worker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/analyzetest"
	"github.com/hozen-dfir/hozen/analyze/worker"
)

// TestMain lets this test binary be the worker that its pools start.
func TestMain(m *testing.M) {
	if worker.Asked(os.Args) {
		os.Exit(worker.Main(build, os.Stdin, os.Stdout))
	}
	if os.Getenv(inParent) != "" {
		parent()
		return
	}
	os.Exit(m.Run())
}

// build makes the analyzers of these tests. The configuration's part "words"
// lists words, one a line; "builder" tells the builder itself to misbehave.
func build(cfg analyze.Config, d analyze.Deriver) ([]analyze.Analyzer, error) {
	how, _ := cfg.Get("builder")
	switch string(how) {
	case "error":
		return nil, errors.New("told to fail")
	case "panic":
		panic("told to, while building")
	case "spy":
		return []analyze.Analyzer{&analyzetest.Spy{}}, nil
	case "teller":
		return []analyze.Analyzer{teller{}}, nil
	case "none":
		return []analyze.Analyzer{&analyzetest.Reader{}}, nil
	}
	list, ok := cfg.Get("words")
	if !ok {
		return nil, errors.New("no words")
	}
	words := strings.Split(string(list), "\n")
	return []analyze.Analyzer{
		&analyzetest.Words{ID: "before", List: words}, &analyzetest.Hostile{},
		&analyzetest.Carver{Derive: d}, &analyzetest.Words{ID: "words", List: words},
	}, nil
}

func config(parts ...string) analyze.Config {
	cfg := analyze.Config{Parts: []analyze.Part{{Name: "words", Data: []byte("needle\nthread")}}}
	for i := 0; i+1 < len(parts); i += 2 {
		cfg.Parts = append(cfg.Parts, analyze.Part{Name: parts[i], Data: []byte(parts[i+1])})
	}
	return cfg
}

func start(t testing.TB, opt worker.Options) *worker.Pool {
	t.Helper()
	if opt.Config.Parts == nil {
		opt.Config = config()
	}
	opt.Log = func(line string) { t.Log(line) }
	p, err := worker.Start(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// list is a target of items in memory.
type list struct{ items []analyze.Input }

func (l *list) Name() string           { return "list" }
func (l *list) Parent() analyze.Parent { return analyze.Parent{Kind: "list", Name: "list"} }
func (l *list) Inputs(context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		for _, in := range l.items {
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (l *list) add(path string, data []byte) { l.items = append(l.items, input(path, data, false)) }

// input cuts data into blocks, compressed on request.
func input(path string, data []byte, compress bool) analyze.Input {
	in := analyze.Input{Record: analyzetest.Record(path, data), Size: int64(len(data)), Blocks: analyze.Blocks(int64(len(data)))}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	for i := range in.Blocks {
		in.Blocks[i].Zstd = compress
	}
	in.Fetch = func(_ context.Context, i int) ([]byte, error) {
		b := in.Blocks[i]
		run := data[b.Offset : b.Offset+b.Size]
		if compress {
			return enc.EncodeAll(run, nil), nil
		}
		return bytes.Clone(run), nil
	}
	return in
}

// swept is what a sweep said, as text.
type swept struct {
	Findings  []string
	Unscanned []analyze.Unscanned
	Summary   analyze.Summary
}

func sweep(t testing.TB, p *worker.Pool, targets ...analyze.Target) swept {
	t.Helper()
	var out swept
	var err error
	out.Summary, err = analyze.Sweep(context.Background(), targets, p, analyze.Sinks{
		Finding: func(f analyze.Finding) error {
			b, err := json.Marshal(f)
			out.Findings = append(out.Findings, string(b))
			return err
		},
		Unscanned: func(u analyze.Unscanned) error { out.Unscanned = append(out.Unscanned, u); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// crowd is a set of honest items, with order given to one in the middle.
func crowd(order string) *list {
	l := &list{}
	for i := range 60 {
		data := fmt.Sprintf("item %d\n%s", i, strings.Repeat("hay ", i*7))
		if i%3 == 0 {
			data += "a needle"
		}
		if i == 30 && order != "" {
			data = analyzetest.Order + order + "\n needle"
		}
		l.add(fmt.Sprintf("/crowd/%02d", i), []byte(data))
	}
	return l
}

// without leaves out the lines about one item.
func without(lines []string, path string) (out []string) {
	for _, l := range lines {
		if !strings.Contains(l, `"path":"`+path+`"`) {
			out = append(out, l)
		}
	}
	return out
}

// TestHostile tells one item after the other to do its worst: each time that
// item and no other is not scanned, and all other findings are the same.
func TestHostile(t *testing.T) {
	opt := worker.Options{Workers: 2, Timeout: time.Minute, Memory: 256 << 20}
	want := without(sweep(t, start(t, opt), crowd("")).Findings, "/crowd/30")
	reasons := map[string]string{
		"panic": "panic: told to", "nil": "nil pointer", "index": "index out of range",
		"goroutine-panic": "panic: told to, elsewhere", "exit0": "exit status 0", "exit3": "exit status 3",
		"recursion": "stack overflow", "fault": "fatal error: fault", "abort": "SIGABRT", "kill": "killed",
		"spin": "not done within 1s; worker killed", "block": "not done within 1s; worker killed",
		"sleep-soft": "not done within 1s", "eat-fast": "needs more than 256 MiB", "eat-slow": "needs more than 256 MiB",
		"junk-stdout": "", "junk-frame": "protocol", "huge-frame": "protocol", "close": "worker died", "forged": "protocol",
		"flood": "beyond the limits", "error": "told to", "late": "",
	}
	for _, order := range analyzetest.Orders() {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			reason, listed := reasons[order]
			if !listed {
				t.Fatal("no reason is expected of this order: list it")
			}
			opt := opt
			if strings.Contains(reason, "1s") {
				opt.Timeout, opt.Grace = time.Second, 300*time.Millisecond
			}
			got := sweep(t, start(t, opt), crowd(order))
			if d := cmp.Diff(want, without(got.Findings, "/crowd/30")); d != "" {
				t.Errorf("other items' findings differ (-want +got):\n%s", d)
			}
			if raceDetector && (strings.HasPrefix(order, "eat") || order == "recursion") {
				// The detector's runtime dies first, with words of its own.
				if got.Summary.Unscanned != 1 {
					t.Errorf("%d unscanned", got.Summary.Unscanned)
				}
				return
			}
			checkOne(t, got, reason)
		})
	}
}

func checkOne(t *testing.T, got swept, reason string) {
	t.Helper()
	if reason == "" {
		if len(got.Unscanned) > 0 {
			t.Errorf("unscanned: %+v", got.Unscanned)
		}
		return
	}
	if len(got.Unscanned) == 0 || got.Summary.Unscanned != 1 {
		t.Fatalf("%d items unscanned: %+v", got.Summary.Unscanned, got.Unscanned)
	}
	for _, u := range got.Unscanned {
		if u.Path != "/crowd/30" {
			t.Errorf("blames another item: %+v", u)
		}
	}
	if u := got.Unscanned[0]; !strings.Contains(u.Reason, reason) {
		t.Errorf("got %+v, want reason %q", u, reason)
	}
}

// TestManyDeaths: a third of the items kill their worker; the sweep ends, and
// says the same with one worker as with four.
func TestManyDeaths(t *testing.T) {
	l := crowd("")
	for i := range l.items {
		if i%3 == 1 {
			l.items[i] = input(fmt.Sprintf("/crowd/%02d", i), []byte(analyzetest.Order+"exit3\n"), false)
		}
	}
	one := sweep(t, start(t, worker.Options{Workers: 1}), l)
	if len(one.Unscanned) != 20 || len(one.Findings) != 40 {
		t.Fatalf("%d unscanned, %d findings", len(one.Unscanned), len(one.Findings))
	}
	four := sweep(t, start(t, worker.Options{Workers: 4}), l)
	if d := cmp.Diff(one.Findings, four.Findings); d != "" {
		t.Errorf("findings differ: %s", d)
	}
	if d := cmp.Diff(one.Unscanned, four.Unscanned); d != "" {
		t.Errorf("unscanned differ: %s", d)
	}
}
