package bundle

import (
	"context"
	"errors"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// Around reports what is wrong around the items, in what says nothing of any:
// the ZIP that the objects lie in, README.txt and verify.sh. Items can be read
// all the same, for the seal speaks of each; but the bundle is not what was
// sealed, and whoever reads it must say so. An error is about the place.
func (b *Bundle) Around(ctx context.Context) (out []Problem, err error) {
	if err := b.CheckContainer(); err != nil {
		out = append(out, NewProblem(b.String(), err.Error()))
	}
	for _, name := range seal.TextNames() {
		if _, ok := b.names[name]; !ok {
			continue // a problem of the seal's
		}
		switch err := b.CheckText(ctx, name); {
		case errors.Is(err, ErrVerify):
			out = append(out, NewProblem(name, Reason(err)))
		case err != nil:
			return out, err
		}
	}
	return out, nil
}

// CheckContainer checks the ZIP that the objects lie in, where they lie in one.
func (b *Bundle) CheckContainer() error {
	c, ok := b.objects.(Container)
	if !ok {
		return nil
	}
	return c.CheckContainer(b.EndLeaf != nil)
}
