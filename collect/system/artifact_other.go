//go:build !linux

package system

import (
	"context"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/evidence"
)

// Collect records that this system's state can't be read yet.
func (*artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	return emit.Unsupported(ctx, src, sink, Name, "/system")
}
