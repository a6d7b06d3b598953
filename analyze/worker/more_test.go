package worker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/analyzetest"
	"github.com/hozen-dfir/hozen/analyze/worker"
)

func TestWords(t *testing.T) {
	w := &analyzetest.Words{ID: "words", List: []string{"needle", "nee"}}
	hay := bytes.Repeat([]byte("hay "), 1<<19)
	copy(hay[1<<20-3:], "needle") // across the pieces that it reads
	copy(hay[5:], "needle")
	analyzetest.Conform(t, w, analyzetest.Subject("/hay", hay))
}

// TestStart: what keeps workers from starting is an error that says so.
func TestStart(t *testing.T) {
	for name, c := range map[string]struct {
		opt  worker.Options
		want string
	}{
		"builder":       {worker.Options{Config: config("builder", "error")}, "told to fail"},
		"builder panic": {worker.Options{Config: config("builder", "panic")}, "panic: told to, while building"},
		"no program":    {worker.Options{Config: config(), Command: []string{"/nowhere/at/all"}}, "no such file"},
		"another one":   {worker.Options{Config: config(), Command: []string{"/bin/echo", "hello, I am no worker"}}, "did not get ready"},
		"silent":        {worker.Options{Config: config(), Command: []string{"/bin/false"}}, "exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.opt.Workers = 2
			p, err := worker.Start(t.Context(), c.opt)
			if err == nil {
				p.Close()
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

// TestLarge sends an item of many blocks, compressed and raw, and finds what
// lies across their borders.
func TestLarge(t *testing.T) {
	data := make([]byte, 70<<20) // more than Bytes hands out
	rand.NewChaCha8([32]byte{3}).Read(data[:20<<20])
	for _, at := range []int{0, 1<<20 - 3, 33<<20 - 1, 69<<20 + 5} {
		copy(data[at:], "needle")
	}
	l := &list{items: []analyze.Input{input("/zstd", data, true), input("/raw", data, false),
		input("/middle", data[:3<<20], true)}}
	got := sweep(t, start(t, worker.Options{Workers: 2}), l)
	if len(got.Unscanned) > 0 || len(got.Findings) != 6 { // two analyzers each
		t.Fatalf("unscanned %+v, %d findings", got.Unscanned, len(got.Findings))
	}
	for _, f := range got.Findings[:4] {
		for _, at := range []int{0, 1<<20 - 3, 33<<20 - 1, 69<<20 + 5} {
			if !strings.Contains(f, fmt.Sprintf(`"offset":"%d"`, at)) {
				t.Errorf("nothing at %d: %s", at, f)
			}
		}
	}
}

// TestUnreadable: bytes that can't be fetched or decoded are a fault of that
// item, small or large, and of no other.
func TestUnreadable(t *testing.T) {
	fails := func(in analyze.Input, at int, b []byte, err error) analyze.Input {
		good := in.Fetch
		in.Fetch = func(ctx context.Context, i int) ([]byte, error) {
			if i == at {
				return b, err
			}
			return good(ctx, i)
		}
		return in
	}
	big := bytes.Repeat([]byte("needle "), 500_000)
	broken := errors.New("the disk is gone\n\x1b[2J")
	l := crowd("")
	want := sweep(t, start(t, worker.Options{Workers: 2}), l).Findings
	odd := []analyze.Input{
		fails(input("/odd/0", big, true), 2, nil, broken), fails(input("/odd/1", big[:100], false), 0, nil, broken),
		fails(input("/odd/2", big, true), 1, []byte("no frame"), nil), fails(input("/odd/3", big[:100], true), 0, []byte{}, nil),
		fails(input("/odd/4", big, false), 0, make([]byte, 2<<20), nil), fails(input("/odd/5", big[:100], false), 0, big[:99], nil),
		{Record: analyzetest.Record("/odd/6", big), Size: 10, Blocks: analyze.Blocks(9)},
	}
	l.items = append(l.items[:20:20], append(odd, l.items[20:]...)...)
	got := sweep(t, start(t, worker.Options{Workers: 2}), l)
	if len(got.Unscanned) != len(odd) {
		t.Fatalf("%d unscanned: %+v", len(got.Unscanned), got.Unscanned)
	}
	for i, u := range got.Unscanned {
		want := analyze.FaultRead
		if i == 2 || i == 3 { // what is stored is no frame
			want = analyze.FaultRecord
		}
		if u.Path != fmt.Sprintf("/odd/%d", i) || u.Kind != want || strings.ContainsAny(u.Reason, "\n\x1b") {
			t.Errorf("%+v", u)
		}
	}
	var rest []string
	for _, f := range got.Findings {
		if !strings.Contains(f, `"path":"/odd/`) {
			rest = append(rest, f)
		}
	}
	if d := cmp.Diff(want, rest); d != "" {
		t.Error(d)
	}
}

// TestDerived: content found in an item goes to the analyzers before and after
// the one that made it, once, and findings name the item and the place.
func TestDerived(t *testing.T) {
	l := &list{}
	l.add("/carve", []byte(analyzetest.Carve+analyzetest.Carve+"needle"))
	got := sweep(t, start(t, worker.Options{Workers: 1}), l)
	whole, inside := 0, 0
	for _, f := range got.Findings {
		if !strings.Contains(f, `"path":"/carve"`) {
			t.Errorf("names another item: %s", f)
		}
		if strings.Contains(f, `"where":{"kind":"stream","flow":"here"`) {
			inside++
		} else {
			whole++
		}
	}
	if whole != 3 || inside != 2 || len(got.Unscanned) > 0 {
		t.Errorf("%d findings in the item, %d in what it holds: %v %v", whole, inside, got.Findings, got.Unscanned)
	}
}

// TestSlowBytes: a worker whose bytes do not come is not blamed for it.
func TestSlowBytes(t *testing.T) {
	in := input("/slow", make([]byte, 3<<20), false)
	in.Fetch = func(ctx context.Context, i int) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	l := &list{items: []analyze.Input{in}}
	l.add("/after", []byte("needle"))
	got := sweep(t, start(t, worker.Options{Workers: 1, Timeout: 200 * time.Millisecond, Grace: 200 * time.Millisecond}), l)
	if len(got.Findings) != 2 || got.Summary.Unscanned != 1 {
		t.Fatalf("%v %+v", got.Findings, got.Unscanned)
	}
}

// TestCancel: a sweep that is told to end does so at once, hung workers or not.
func TestCancel(t *testing.T) {
	p := start(t, worker.Options{Workers: 2})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := analyze.Sweep(ctx, []analyze.Target{crowd("spin")}, p, analyze.Sinks{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > time.Minute {
		t.Errorf("took %s", d)
	}
	if _, err := p.Examine(t.Context(), &analyze.Input{}); err == nil {
		t.Error("a closed pool examines")
	}
}

// TestGuards: on Linux the worker is shut in, and its environment is empty.
func TestGuards(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the guards are for Linux")
	}
	t.Setenv("HOZEN_TEST_SECRET", "do not pass on")
	p := start(t, worker.Options{Workers: 1, Config: config("builder", "spy")})
	active, missing := p.Guards()
	if len(active) == 0 || len(missing) > 0 && os.Getenv("HOZEN_FULL") != "" {
		t.Errorf("active %v, missing %v", active, missing)
	}
	l := &list{}
	l.add("/x", []byte("x"))
	for _, f := range sweep(t, p, l).Findings {
		t.Errorf("the worker could: %s", f)
	}
	if got := p.Analyzers(); len(got) != 1 || got[0] != "spy" {
		t.Errorf("analyzers %v", got)
	}
}

// TestPiped hands the configuration through the pipe, as on systems without
// shared memory, in more than one piece.
func TestPiped(t *testing.T) {
	big := strings.Repeat("x", 9<<20)
	p := start(t, worker.Options{Workers: 2, NoShare: true, Config: config("big", big)})
	if got := sweep(t, p, crowd("")); len(got.Findings) != 40 {
		t.Errorf("%d findings", len(got.Findings))
	}
}
