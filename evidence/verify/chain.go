package verify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// chains put the parts of items together again while segments are checked in
// parallel. Segments are handed out in order, so whoever waits for an earlier
// part waits for somebody who does not wait for them.
type chains struct {
	mu      sync.Mutex
	changed chan struct{}     // closed, and replaced, where a part may have become due
	items   map[uint64]*chain // those whose last part has not come
	ready   map[int]bool      // segments finished, above low
	low     int               // all segments up to this number are finished
}

// chain is one item on its way.
type chain struct {
	next   int    // part that is due
	seq    uint64 // of the part before it
	source string
	path   string
	whole  *digester
	held   bool // somebody hashes a part into the whole
	broken bool // the whole can't be compared with anything any more
	astray bool // for a part that did not come where it was due
}

// newChains begins with nothing but the numbers that no segment has: nobody
// need wait for those.
func newChains(segments []seal.Segment) *chains {
	c := &chains{changed: make(chan struct{}), items: map[uint64]*chain{}, ready: map[int]bool{}}
	due := 1
	for _, s := range segments {
		for ; due < s.Number; due++ {
			c.ready[due] = true
		}
		due++
	}
	c.pass()
	return c
}

// finished says that nothing more comes of a segment.
func (c *chains) finished(segment int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready[segment] = true
	c.pass()
	c.wake()
}

// wake tells those who wait to look again.
func (c *chains) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *chains) pass() {
	for c.ready[c.low+1] {
		c.low++
		delete(c.ready, c.low)
	}
}

// turn returns the item that a part continues, or that a first part begins with
// whole. Where the part is not due yet it returns a channel instead, that is closed
// when to ask again. The item is the caller's until it calls settle. An error is of
// the part's place in the item; whoever comes after it is not blamed for it.
func (c *chains) turn(segment int, r brief, whole *digester) (*chain, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mayTake(segment, r) {
		return nil, c.changed, nil
	}
	it, err := c.take(r, whole)
	switch {
	case err != nil && r.Part.Item > r.Seq: // no item that has begun: the one that will is not to blame
		return nil, nil, err
	case err != nil:
		c.stray(r)
		return nil, nil, err
	}
	it.held, it.seq = true, r.Seq
	return it, nil, nil
}

// settle ends a part whose content is in the whole, if it was sound, and passes
// the item on.
func (c *chains) settle(it *chain, r brief, sound bool) (err error) {
	it.broken = it.broken || !sound
	if p := r.Part; p.Last && !it.broken {
		err = it.whole.compare(p.WholeSize, p.WholeSHA256, p.WholeSHA1, p.WholeMD5)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	it.held, it.next = false, r.Part.Number+1
	if r.Part.Last {
		delete(c.items, r.Part.Item)
	}
	c.wake()
	return err
}

// mayTake reports whether a part's place can be judged: it is due, or all that
// can come before it has come. Nobody may take what another one holds.
func (c *chains) mayTake(segment int, r brief) bool {
	it := c.items[r.Part.Item]
	if it != nil && it.held {
		return false
	}
	if r.Part.Item >= r.Seq { // begins an item, or names one that can't have begun
		return r.Part.Number == 1 || r.Part.Item > r.Seq || c.low >= segment-1
	}
	return c.low >= segment-1 || it != nil && it.next == r.Part.Number
}

// take returns the item that a part continues, or begins it.
func (c *chains) take(r brief, whole *digester) (*chain, error) {
	it := c.items[r.Part.Item]
	switch {
	case it == nil && r.Part.Number == 1 && r.Part.Item == r.Seq && r.Part.Offset == 0:
		it = &chain{next: 1, source: r.Source, path: r.Path, whole: whole}
		c.items[r.Seq] = it
	case it == nil || r.Part.Number == 1 || it.next != r.Part.Number || r.Seq <= it.seq:
		return nil, fmt.Errorf("part %d of item %d does not follow the one before", r.Part.Number, r.Part.Item)
	case it.path != r.Path || it.source != r.Source:
		return nil, fmt.Errorf("part %d of item %d is of another path or source than %q", r.Part.Number, r.Part.Item, it.path)
	case it.whole.size != r.Part.Offset && !it.broken:
		return nil, fmt.Errorf("part %d of item %d lies at %d; %d bytes came before", r.Part.Number, r.Part.Item, r.Part.Offset, it.whole.size)
	}
	return it, nil
}

// stray goes on behind a part that is not where it is due: those after it are
// held against it, so that one fault is told once.
func (c *chains) stray(r brief) {
	it := c.items[r.Part.Item]
	if it == nil {
		it = &chain{source: r.Source, path: r.Path, whole: &digester{}}
		c.items[r.Part.Item] = it
	}
	it.broken, it.astray = true, true
	if r.Part.Number >= it.next {
		it.next, it.seq = r.Part.Number+1, max(it.seq, r.Seq)
	}
	if r.Part.Last {
		delete(c.items, r.Part.Item)
	}
	c.wake()
}

// open yields the items whose last part never came, but for those of which a
// part has been called wrong already.
func (c *chains) open(yield func(uint64, error) bool) {
	for _, item := range slices.Sorted(maps.Keys(c.items)) {
		if !c.items[item].astray && !yield(item, errors.New("its last part is missing from a bundle that was ended")) {
			return
		}
	}
}
