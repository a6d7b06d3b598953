//go:build unix

package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker"
)

// BenchmarkSmallItems measures the engine itself: items of 37 KiB, zstd, with
// analyzers that do next to nothing ("none") or look for two words.
func BenchmarkSmallItems(b *testing.B) {
	data := make([]byte, 37<<10)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(r.IntN(16))
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as the command does
	for _, workers := range []int{1, 2} {
		for _, compress := range []bool{false, true} {
			in := input("/bench", data, compress)
			stored, err := in.Fetch(b.Context(), 0)
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("workers=%d,zstd=%v", workers, compress), func(b *testing.B) {
				p := start(b, worker.Options{Workers: workers, Config: config("builder", "none")})
				l := &lazy{in: in, stored: stored, n: b.N}
				b.SetBytes(int64(len(data)))
				b.ResetTimer()
				began, cpu, kids := time.Now(), cpuTime(b, syscall.RUSAGE_SELF), cpuTime(b, syscall.RUSAGE_CHILDREN)
				sweep(b, p, l)
				b.ReportMetric(float64(time.Since(began).Microseconds())/float64(b.N), "µs/item")
				b.StopTimer()
				b.ReportMetric(float64((cpuTime(b, syscall.RUSAGE_SELF)-cpu).Microseconds())/float64(b.N), "µs-cpu-parent/item")
				p.Close()
				b.ReportMetric(float64((cpuTime(b, syscall.RUSAGE_CHILDREN)-kids).Microseconds())/float64(b.N), "µs-cpu-workers/item")
			})
		}
	}
}

// lazy yields one item n times.
type lazy struct {
	in     analyze.Input
	stored []byte
	n      int
}

func (l *lazy) Name() string           { return "lazy" }
func (l *lazy) Parent() analyze.Parent { return analyze.Parent{} }
func (l *lazy) Inputs(context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		in := l.in
		in.Fetch = func(context.Context, int) ([]byte, error) { return bytes.Clone(l.stored), nil }
		for i := range l.n {
			in.Record.Seq = uint64(i)
			if !yield(in, nil) {
				return
			}
		}
	}
}

// cpuTime is what this process, or its children that ended, have used so far.
func cpuTime(b *testing.B, who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
