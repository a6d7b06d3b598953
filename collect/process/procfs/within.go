package procfs

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBlocked says that the kernel, or what stands behind a file, gave no answer
// in time. A process that is stuck while it holds its memory lock blocks every
// reader of its command line.
var ErrBlocked = errors.New("reading blocked; given up")

// maxBlocked bounds the readers that may be left behind.
const maxBlocked = 64

// Guard runs reads that may never end. It leaves at most 64 of them behind,
// each in a goroutine that ends when its read does; after that it refuses.
type Guard struct{ left atomic.Int64 }

// Within runs f and returns its result, or ErrBlocked after d.
func Within[T any](ctx context.Context, g *Guard, d time.Duration, f func() T) (T, error) {
	var zero T
	if g.left.Load() >= maxBlocked {
		return zero, ErrBlocked
	}
	done := make(chan T, 1)
	g.left.Add(1)
	go func() {
		defer g.left.Add(-1)
		done <- f()
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case v := <-done:
		return v, nil
	case <-t.C:
		return zero, ErrBlocked
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}
