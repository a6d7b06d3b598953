package packets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/evidence"
)

// maxRings bounds the interfaces of one capture. Each has a buffer of minRing at
// least, two blocks, also where the budget is used up: 16 MiB at most.
const (
	maxRings = 64
	minRing  = 2 * minBlock
)

// Collect implements collect.Artifact: it captures until each capture's
// duration is over, for those without one until End, or until ctx ends.
func (a *artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	e := emit.New(src, sink, Name)
	var wg sync.WaitGroup
	errs := make([]error, len(a.opts.Specs))
	for n, s := range a.opts.Specs {
		c := &capture{Emitter: e, ledger: collect.LedgerOf(sink), spec: s, snaplen: a.opts.Snaplen, end: a.end, budget: ringBytes / len(a.opts.Specs)}
		if err := c.open(); err != nil {
			c.close()
			errs[n] = e.Outcome(ctx, s.path(), "packet socket", err, nil)
			continue
		}
		wg.Go(func() {
			defer c.close()
			errs[n] = c.run(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// open opens the sockets of a capture before anything else is done.
func (c *capture) open() error {
	c.each = c.budget
	if c.spec.Interface != Any {
		i, err := net.InterfaceByName(c.spec.Interface)
		if err != nil {
			// Asked for by name and not there: a failure, not a mere absence.
			return fmt.Errorf("capturing on interface %q: there is no such interface", c.spec.Interface)
		}
		return c.add(*i)
	}
	up, err := upInterfaces()
	if err != nil {
		return err
	}
	c.each = max(c.budget/(len(up)*4/3+1), minRing) // some is left for those that appear later
	var first error
	for _, i := range up {
		if err := c.add(i); err != nil && first == nil {
			first = err
		}
	}
	if len(c.rings) == 0 && first != nil {
		return first
	}
	c.later = true
	return nil
}

func upInterfaces() ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing interfaces: %w", err)
	}
	return slices.DeleteFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagUp == 0 }), nil
}

// add opens a ring on one more interface, as far as the budget goes.
func (c *capture) add(i net.Interface) error {
	size := c.each
	if c.later { // and others may follow
		size = max(min(size, c.budget/4), minRing)
	}
	if len(c.rings) >= maxRings || c.budget-size < ringBytes-maxRings*minRing {
		c.left(i.Name, "there are more interfaces than can be captured", true)
		return nil
	}
	r, err := openRing(i, size, c.snaplen)
	if err != nil {
		c.left(i.Name, err.Error(), !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENXIO)) // which went as it came
		return err
	}
	c.budget -= len(r.mem)
	r.id = uint32(len(c.rings))
	c.rings = append(c.rings, r)
	return nil
}

// left notes an interface that is not captured, and whether that is a gap.
func (c *capture) left(name, why string, gap bool) {
	c.short = c.short || gap
	if c.not == nil {
		c.not = map[string]string{}
	}
	if len(c.not) < maxRings {
		c.not[name] = why
	}
}
