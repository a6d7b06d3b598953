package main

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// sealedTarget is a bundle under a sweep that remembers whether what was read
// of it is what was sealed. A damaged segment costs its items and not the
// sweep, but the command must not end as if all had been well.
type sealedTarget struct {
	*target.Bundle
	damaged *atomic.Int64
}

func (t sealedTarget) note(err error) error {
	if errors.Is(err, bundle.ErrVerify) {
		t.damaged.Add(1)
	}
	return err
}

// Inputs implements analyze.Target.
func (t sealedTarget) Inputs(ctx context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		for in, err := range t.Bundle.Inputs(ctx) {
			if fetch := in.Fetch; fetch != nil {
				in.Fetch = func(ctx context.Context, block int) ([]byte, error) {
					b, err := fetch(ctx, block)
					return b, t.note(err)
				}
			}
			if !yield(in, t.note(err)) {
				return
			}
		}
	}
}

// damagedTarget stands for a bundle whose seal does not hold: none of its items
// is proved, so none is scanned, and the sweep says so.
type damagedTarget struct {
	name string
	why  error
}

// Name implements analyze.Target.
func (t damagedTarget) Name() string { return t.name }

// Parent implements analyze.Target.
func (t damagedTarget) Parent() analyze.Parent {
	return analyze.Parent{Kind: "bundle", Name: t.name, State: analyze.StateDamaged}
}

// Inputs implements analyze.Target.
func (t damagedTarget) Inputs(context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) { yield(analyze.Input{}, t.why) }
}

// twice warns of a bundle that is named more than once, or by two copies of it:
// both are swept, for one of them may be damaged, and all is found twice.
func twice(app *cli.App, bundles []*bundle.Bundle) {
	seen := map[string]int{}
	for _, b := range bundles {
		if seen[b.Header.Bundle]++; seen[b.Header.Bundle] == 2 {
			app.Warnf("bundle %s is among the targets more than once: what it holds is found each time", b.Header.Bundle)
		}
	}
}
