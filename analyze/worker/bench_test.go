//go:build unix

package worker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

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
	in := input("/bench", data, true)
	stored, err := in.Fetch(b.Context(), 0)
	if err != nil {
		b.Fatal(err)
	}
	in.Fetch = nil
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			p := start(b, worker.Options{Workers: workers, Config: config("builder", "none")})
			l := &list{}
			for i := range b.N {
				it := in
				it.Record.SetPath(fmt.Sprintf("/bench/%d", i))
				it.Fetch = func(_ context.Context, _ int) ([]byte, error) { return append([]byte(nil), stored...), nil }
				l.items = append(l.items, it)
			}
			b.SetBytes(int64(len(data)))
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime(b)
			sweep(b, p, l)
			b.ReportMetric(float64(time.Since(began).Microseconds())/float64(b.N), "µs/item")
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "µs-cpu-parent/item")
		})
	}
}

// cpuTime is what this process, the parent, has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
