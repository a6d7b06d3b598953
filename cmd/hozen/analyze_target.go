package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"strings"
	"sync/atomic"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/store/open"
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

// lostTarget stands for a bundle of which nothing is swept, and says why: its
// seal does not hold, so that no item is proved, or it could not be opened.
type lostTarget struct {
	name, state string
	why         error
}

// Name implements analyze.Target.
func (t lostTarget) Name() string { return t.name }

// Parent implements analyze.Target.
func (t lostTarget) Parent() analyze.Parent {
	return analyze.Parent{Kind: "bundle", Name: t.name, State: t.state}
}

// Inputs implements analyze.Target.
func (t lostTarget) Inputs(context.Context) iter.Seq2[analyze.Input, error] {
	why := errors.New(strings.TrimPrefix(t.why.Error(), t.name+": ")) // the name stands before it
	return func(yield func(analyze.Input, error) bool) { yield(analyze.Input{}, why) }
}

// opened are the targets of a sweep.
type opened struct {
	targets []analyze.Target
	bundles []*bundle.Bundle // among them; to be closed after the sweep
}

// readable is an error where a plain folder or file that was named can't be
// opened. What is neither is not tried: opening it may wait for ever.
func readable(path string) error {
	st, err := os.Stat(path)
	if err != nil || !st.IsDir() && !st.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// openTargets opens what is to be swept. Of several targets a bundle whose seal
// does not hold, or one that can't be opened, costs itself and not the others; it
// is an error where nothing else is left. What is no bundle and not there is one
// at once. The folder of the findings is left out of plain folders.
func openTargets(ctx context.Context, args []string, findings string, ids []age.Identity, damaged *atomic.Int64) (o opened, err error) {
	var unopened error // the first
	left := false      // something to sweep, or to call damaged
	for _, arg := range args {
		if !open.IsS3(arg) && !target.IsBundle(ctx, arg) {
			t, err := target.NewFiles(arg)
			if err != nil {
				return o, cli.WithHint(err, "name a bundle (folder, ZIP or s3://), a plain folder or a file")
			}
			o.targets = append(o.targets, t.Without(findings))
			if err := readable(arg); err == nil {
				left = true
			} else if unopened == nil {
				unopened = err
			}
			continue
		}
		b, err := openSound(ctx, arg, ids)
		switch {
		case err == nil:
			o.bundles = append(o.bundles, b)
			o.targets, left = append(o.targets, sealedTarget{target.NewBundle(arg, b, ids...), damaged}), true
		case len(args) == 1 || ctx.Err() != nil:
			return o, err
		case errors.Is(err, bundle.ErrVerify):
			damaged.Add(1)
			o.targets, left = append(o.targets, lostTarget{arg, analyze.StateDamaged, err}), true
		case errors.Is(err, bundle.ErrNotBundle) || cli.CodeOf(err) != cli.Failed:
			return o, err
		default:
			o.targets = append(o.targets, lostTarget{arg, analyze.StateUnopened, err})
			if unopened == nil {
				unopened = err
			}
		}
	}
	if !left {
		return o, unopened
	}
	return o, nil
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
