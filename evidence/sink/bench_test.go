package sink_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// diskFile is content read straight from a file.
type diskFile struct{ *os.File }

func (diskFile) Finish() evidence.Finish { return evidence.Finish{} }

// BenchmarkWrite takes the tree named by HOZEN_BENCH_TREE through the writer,
// and reports the process's peak resident memory.
func BenchmarkWrite(b *testing.B) {
	tree := os.Getenv("HOZEN_BENCH_TREE")
	if tree == "" {
		b.Skip("HOZEN_BENCH_TREE names no tree to write")
	}
	debug.SetMemoryLimit(150 << 20)
	m := bundletest.New(b)
	for b.Loop() {
		o := m.Options()
		o.Workers, _ = strconv.Atoi(os.Getenv("HOZEN_BENCH_WORKERS"))
		out, err := sink.NewDir(filepath.Join(b.TempDir(), "b"))
		if err != nil {
			b.Fatal(err)
		}
		w, err := sink.New(context.Background(), out, o)
		if err != nil {
			b.Fatal(err)
		}
		err = filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			it := evidence.Item{Open: func(context.Context) (evidence.Content, error) {
				f, err := os.Open(path)
				return diskFile{f}, err
			}}
			it.Record.Source = "live"
			it.Record.SetPath(path)
			return w.Add(context.Background(), it)
		})
		if err != nil {
			b.Fatal(err)
		}
		totals, err := w.Close(context.Background(), seal.End{})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(totals.Bytes)
		b.ReportMetric(peakMiB(b), "MiB-peak")
	}
}

// peakMiB is VmHWM of /proc/self/status.
func peakMiB(b testing.TB) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(v)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatal("no VmHWM")
	return 0
}
