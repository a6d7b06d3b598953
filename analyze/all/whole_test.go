package all_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/all"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/analyze/worker"
	"github.com/hozen-dfir/hozen/analyze/yara"
)

// TestWholeItems: what a worker's memory can hold is scanned in one piece, so
// that libyara's modules see all of it, beyond the size of a block too.
func TestWholeItems(t *testing.T) { large(t, 1<<30, "zeros marked ") }

// TestLarge: with less memory an item is scanned in blocks, and no worker dies
// of it.
func TestLarge(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector takes more memory than the worker has")
	}
	large(t, 64<<20, "marked ")
}

func large(t *testing.T, memory int64, want string) {
	t.Helper()
	if !yara.Available() {
		t.Skip("this build has no YARA")
	}
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "large")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("mark-of-the-test"), 90<<20); err != nil {
		t.Fatal(err)
	}
	opt := all.Options{Rules: []string{put(t, dir, "r.yar", rule), put(t, dir, "mode.yar", `import "math"
rule zeros { condition: math.mode() == 0 }`)}}
	if got := names(t, opt, memory, file); got != want {
		t.Errorf("with %d MiB: %q, want %q", memory>>20, got, want)
	}
}

// names sweeps one file and returns the rules that match; nothing may fail.
func names(t *testing.T, opt all.Options, memory int64, file string) string {
	t.Helper()
	ctx := context.Background()
	cfg, _, err := all.Compile(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := worker.Start(ctx, worker.Options{Config: cfg, Workers: 1, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tg, err := target.NewFiles(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = analyze.Sweep(ctx, []analyze.Target{tg}, pool, analyze.Sinks{
		Finding: func(f analyze.Finding) error { out.WriteString(f.Rule + " "); return nil },
		Unscanned: func(u analyze.Unscanned) error {
			b, err := json.Marshal(u)
			t.Errorf("with %d MiB: %s", memory>>20, b)
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
