package expand

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/evidence"
)

// wild reports whether a path named by hand is a pattern: it holds * or ?, and
// nothing has that very name.
func (c *Collector) wild(ctx context.Context, clean string) bool {
	if !strings.ContainsAny(clean, "*?") {
		return false
	}
	at := c.named(ctx, clean)
	itself := func(l place) bool { return path.Base(l.path) == path.Base(clean) }
	return errors.Is(at.err, fs.ErrNotExist) && !slices.ContainsFunc(at.links, itself)
}

// wildcards compiles such a path. Its components are those of definitions, but
// that ** stands for any number of levels: who names a tree means all of it.
func (c *Collector) wildcards(clean string) []glob.Segment {
	var out []glob.Segment
	for _, text := range strings.Split(strings.Trim(clean, "/"), "/") {
		s := glob.Compile(text, c.info.Fold)
		if digit := strings.TrimPrefix(text, "**"); s.Deep > 0 && strings.IndexAny(digit, "0123456789") != 0 {
			s.Deep = math.MaxInt
		}
		out = append(out, s)
	}
	return out
}

// matching takes what such a path matches: files, and folders with all that is
// in them.
func (b *byHand) matching(ctx context.Context, led collect.Ledger, clean string) error {
	segs := b.c.wildcards(clean)
	s := &search{c: b.c, led: led.For(clean, false), artifact: TreeName, pattern: clean, content: true, literal: true, follow: true, tree: true,
		whole: segs[len(segs)-1].Text != "**"}
	if err := s.start(ctx, segs); err != nil {
		return err
	}
	if s.matches == 0 && !s.trouble { // where something could not be looked at, nobody knows
		s.led = led.For(clean, true)
		if err := s.missed(ctx, clean, asNamed, fmt.Errorf("nothing matches: %w", fs.ErrNotExist)); err != nil {
			return err
		}
	}
	s.report()
	return ctx.Err()
}

// below takes what is in a folder that such a path matches.
func (s *search) below(ctx context.Context, p place) error {
	up := place{path: path.Dir(p.path)}
	if st, err := s.c.src.Lstat(up.path); err == nil {
		up.st = st
	}
	if why := s.crossing(up, p); why != "" {
		return s.notEntered(ctx, p, why)
	}
	s.whole = false // all of it: nothing in it asks for more
	defer func() { s.whole = true }()
	return s.expand(ctx, p, []glob.Segment{everything()})
}

// errFound ends a search that only asks whether there is anything.
var errFound = errors.New("found")

// matches reports whether such a path matches anything.
func (c *Collector) matches(ctx context.Context, clean string) bool {
	alone := &Collector{src: c.src, info: c.info, opt: c.opt, env: c.env, index: newIndex(c.info.Fold), seen: newSeen(), names: c.names}
	s := &search{c: alone, led: collect.LedgerOf(nowhere{}), literal: true, tree: true, probe: true}
	return errors.Is(s.start(ctx, c.wildcards(clean)), errFound)
}

// nowhere is a sink that forgets what it is given.
type nowhere struct{}

func (nowhere) Add(context.Context, evidence.Item) error { return nil }
func (nowhere) Stream(context.Context, evidence.Record) (evidence.Stream, error) {
	return nil, errors.New("nothing is written here")
}
