package expand

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/evidence"
)

// TreeName is the name of the artifact that takes paths named by hand.
const TreeName = "hozen.path"

// Path returns the artifact that takes a file, or a tree, named by hand: a raw
// absolute path of the source. Links inside the tree are recorded and not
// followed; links in the path itself are, for a person meant what lies behind.
// Where nothing has that name, * and ? in it are wildcards.
func (c *Collector) Path(p string) collect.Artifact { return &byHand{c, p} }

// Has reports whether a path named by hand, or a link on its way, is there, or
// anything that it matches.
func (c *Collector) Has(ctx context.Context, p string) bool {
	clean := c.clean(ctx, "/"+p)
	if c.wild(ctx, clean) {
		return c.matches(ctx, clean)
	}
	r := c.named(ctx, clean)
	return r.err == nil || len(r.links) > 0
}

// clean takes "." and ".." out of an absolute path. After a link ".." leads up
// from where the link does.
func (c *Collector) clean(ctx context.Context, p string) string {
	at := "/"
	for _, name := range strings.Split(p, "/") {
		if name != ".." {
			at = path.Join(at, name)
			continue
		}
		if r := c.named(ctx, at); r.err == nil {
			at = r.end.path
		}
		at = path.Dir(at)
	}
	return at
}

// named resolves a path named by hand, as if a link in the root led there.
func (c *Collector) named(ctx context.Context, clean string) resolution {
	way := place{path: "/", st: evidence.Stat{Type: evidence.TypeSymlink}}
	way.st.SetTarget(clean)
	return c.resolve(ctx, way)
}

type byHand struct {
	c    *Collector
	path string
}

// Name implements collect.Artifact.
func (*byHand) Name() string { return TreeName }

// Needs implements collect.Artifact.
func (*byHand) Needs() collect.Needs { return collect.Needs{} }

// Stage implements collect.Artifact.
func (*byHand) Stage() collect.Stage { return collect.Settled }

// everything is the component that a walk of a whole tree matches with.
func everything() glob.Segment {
	s := glob.Compile("**", false)
	s.Deep = math.MaxInt
	return s
}

// Collect implements collect.Artifact.
func (b *byHand) Collect(ctx context.Context, _ collect.Source, sink evidence.Sink) error {
	if !strings.HasPrefix(b.path, "/") || strings.ContainsRune(b.path, 0) {
		return fmt.Errorf("%q is not an absolute path of the source", b.path)
	}
	clean := b.c.clean(ctx, b.path)
	led := collect.LedgerOf(sink)
	if b.c.wild(ctx, clean) {
		return b.matching(ctx, led, clean)
	}
	s := &search{c: b.c, led: led.For(clean, true), artifact: TreeName, pattern: clean, content: true, literal: true, tree: true}
	at, err := b.root(ctx, s, clean)
	if err == nil && at.st.Type == evidence.TypeDir {
		s.led = led.For(clean, false) // what vanishes inside was not named
		err = s.expand(ctx, at, []glob.Segment{everything()})
	}
	if err != nil {
		return err
	}
	s.report()
	return ctx.Err()
}

// root takes what was named, and the links on the way to it.
func (b *byHand) root(ctx context.Context, s *search, clean string) (place, error) {
	at := b.c.named(ctx, clean)
	for _, l := range at.links {
		if err := s.object(ctx, l); err != nil {
			return place{}, err
		}
	}
	if errors.Is(at.err, loopError{}) {
		at.end.path = clean // links in a circle end nowhere in particular
	}
	if at.err != nil {
		return place{}, s.missed(ctx, at.end.path, asNamed, at.err)
	}
	return at.end, s.take(ctx, at.end)
}
