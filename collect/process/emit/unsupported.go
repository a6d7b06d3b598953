package emit

import (
	"context"
	"errors"
	"runtime"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// ErrUnsupported is the error of an artifact on a system it doesn't know.
var ErrUnsupported = errors.New("not supported on this system")

// Unsupported adds the one item of an artifact that this system lacks: outcome
// failed, at path.
func Unsupported(ctx context.Context, src collect.Source, sink evidence.Sink, artifact, path string) error {
	e := New(src, sink, artifact)
	return e.Outcome(ctx, path, "hozen", ErrUnsupported, map[string]string{"system": runtime.GOOS})
}
