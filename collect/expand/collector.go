package expand

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/evidence"
)

// Options say how a source is searched.
type Options struct {
	// Own are paths of this source that are the collector's own output: they
	// are recorded as skipped and not entered. OwnIDs are the objects there,
	// which may be met under other names, too: behind a bind mount.
	Own    []string
	OwnIDs []ID
	// MaxEntries bounds the directory entries looked at for one pattern; 0
	// means DefaultEntries. Trees named by hand are not bounded by it.
	MaxEntries int64
	// MaxDepth bounds how deep a tree named by hand is walked; 0 means
	// DefaultDepth.
	MaxDepth int
	// AllowCommands lets COMMAND sources run, on a live source.
	AllowCommands bool
	// Dry is for estimates: no command runs, whatever AllowCommands says.
	Dry bool
}

// ID names an object of a source by the Dev and Inode of its Stat.
type ID struct{ Dev, Inode string }

// Bounds of one pattern's search, and of one walk.
const (
	DefaultEntries = 2_000_000
	DefaultDepth   = 1024
)

// Collector takes definitions and paths from one source, each path once.
type Collector struct {
	src     collect.Source
	info    collect.SourceInfo
	opt     Options
	defs    []*artifacts.Definition
	env     *environment
	index   *index
	seen    *seen
	names   *trueNames
	started atomic.Int64 // processes
}

// New prepares the collection of defs from src: it reads the source's users
// and compiles every pattern. ctx bounds that reading.
func New(ctx context.Context, src collect.Source, defs []*artifacts.Definition, o Options) *Collector {
	c := &Collector{src: src, info: src.Info(), opt: o, defs: defs, seen: newSeen(), names: newTrueNames()}
	if c.opt.MaxEntries <= 0 {
		c.opt.MaxEntries = DefaultEntries
	}
	if c.opt.MaxDepth <= 0 {
		c.opt.MaxDepth = DefaultDepth
	}
	c.index = newIndex(c.info.Fold)
	c.env = newEnvironment(ctx, src)
	for i, d := range defs {
		for _, p := range c.patterns(d) {
			c.index.add(i, &p)
		}
	}
	return c
}

// Artifacts returns one artifact for each definition, in their order.
func (c *Collector) Artifacts() []collect.Artifact {
	out := make([]collect.Artifact, len(c.defs))
	for i, d := range c.defs {
		out[i] = &definition{c: c, def: d}
	}
	return out
}

// Started is how many processes COMMAND sources started.
func (c *Collector) Started() int64 { return c.started.Load() }

// Notes are what the search for the source's users and folders met with.
func (c *Collector) Notes() []string { return c.env.notes }

// Overflowed reports whether the memory of paths taken ran full, so that items
// may be in the bundle more than once.
func (c *Collector) Overflowed() bool { return c.seen.overflowed() }

// own reports whether an object is the collector's output or lies in it.
func (c *Collector) own(p place) bool {
	for _, o := range c.opt.Own {
		if p.path == o || strings.HasPrefix(p.path, o) && p.path[len(o)] == '/' {
			return true
		}
	}
	return p.st.Inode != "" && slices.Contains(c.opt.OwnIDs, ID{p.st.Dev, p.st.Inode})
}

// still reports whether the source can't change while it is read.
func (c *Collector) still() bool { return !c.info.Live && c.info.Method != "os" }

// askers names every definition whose patterns match the path, first the one
// that takes it.
func (c *Collector) askers(first, path string) []string {
	out := []string{first}
	for _, i := range c.index.match(path) {
		if n := c.defs[i].Name; n != first {
			out = append(out, n)
		}
	}
	return out
}

// definition is one definition as an artifact.
type definition struct {
	c   *Collector
	def *artifacts.Definition
}

// Name implements collect.Artifact.
func (d *definition) Name() string { return d.def.Name }

// Needs implements collect.Artifact.
func (d *definition) Needs() collect.Needs { return collect.Needs{OS: d.def.OS} }

// Stage implements collect.Artifact: commands and what the volatile profile
// asks for show a passing state; what there may be much of comes last, so that
// it uses up no budget before a hundred short files that say more.
func (d *definition) Stage() collect.Stage {
	if d.def.In(collect.ProfileVolatile) {
		return collect.Volatile
	}
	for _, s := range d.def.Sources {
		if s.Type == artifacts.TypeCommand {
			return collect.Volatile
		}
	}
	if d.def.Bulk {
		return collect.Bulk
	}
	return collect.Settled
}

// Collect implements collect.Artifact.
func (d *definition) Collect(ctx context.Context, _ collect.Source, sink evidence.Sink) error {
	l := collect.LedgerOf(sink)
	for _, p := range d.c.patterns(d.def) {
		if err := d.pattern(ctx, l, p); err != nil {
			return err
		}
	}
	for i := range d.def.Sources {
		s := &d.def.Sources[i]
		if !s.Supports(d.c.info.OS) {
			continue
		}
		if err := d.other(ctx, l, s, i); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// other deals with sources that are no paths.
func (d *definition) other(ctx context.Context, l collect.Ledger, s *artifacts.Source, n int) error {
	unsupported := func(what, reason string) {
		l.Report(collect.Line{Kind: collect.LineUnsupported, Source: d.c.info.Name, Artifact: d.def.Name, Pattern: what, Reason: reason})
	}
	const registry = "registry keys are not read on this source; the hives are collected as files by other definitions"
	switch s.Type {
	case artifacts.TypeCommand:
		return d.command(ctx, l, s, n)
	case artifacts.TypeRegistryKey:
		for _, k := range s.Keys {
			unsupported(k, registry)
		}
	case artifacts.TypeRegistryValue:
		for _, p := range s.Pairs {
			unsupported(p.Key+" value "+p.Value, registry)
		}
	case artifacts.TypeWMI:
		unsupported(s.Query, "WMI is not available on this source")
	}
	return nil
}

// pattern takes what one pattern stands for.
func (d *definition) pattern(ctx context.Context, l collect.Ledger, p pattern) error {
	if p.problem != "" {
		l.Report(collect.Line{Kind: collect.LineUnsupported, Source: d.c.info.Name, Artifact: d.def.Name, Pattern: p.text, Reason: p.problem})
		return nil
	}
	s := &search{c: d.c, led: l.For(p.text, false), artifact: d.def.Name, pattern: p.text,
		content: p.content, follow: d.def.FollowLinks, left: d.c.opt.MaxEntries}
	for segs := range p.alternatives() {
		s.literal = !p.user()
		if err := s.start(ctx, segs); err != nil {
			return err
		}
	}
	s.report()
	return s.budget(ctx, l, p)
}

// budget records that a pattern was cut by the bound on entries.
func (s *search) budget(ctx context.Context, l collect.Ledger, p pattern) error {
	if s.left >= 0 {
		return nil
	}
	r := evidence.Record{Source: collect.Own, Path: fmt.Sprintf("/artifacts/%s/cut/%d", s.artifact, l.Number("cut "+s.artifact)),
		Method: collect.Own, Artifacts: []string{s.artifact}, Details: map[string]string{"pattern": p.text, "searched": s.c.info.Name}}
	return collect.Gone(ctx, s.led, r, evidence.Skipped, fmt.Sprintf("budget entries: the pattern had more than %d directory entries to look at", s.c.opt.MaxEntries), nil)
}
