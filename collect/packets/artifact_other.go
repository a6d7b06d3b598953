//go:build !linux

package packets

import (
	"context"
	"errors"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/evidence"
)

// Collect records for each capture that this system's packets can't be taken yet.
func (a *artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	var err error
	for _, s := range a.opts.Specs {
		err = errors.Join(err, emit.Unsupported(ctx, src, sink, Name, s.path()))
	}
	return err
}
