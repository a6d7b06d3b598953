package bundle

import (
	"context"
	"fmt"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// cache keeps the segments that were read last, so that items that lie
// together are not decrypted again and again.
type cache struct {
	b    *Bundle
	mu   sync.Mutex
	last []*cached // most recent first
}

type cached struct {
	number int
	once   sync.Once
	seg    *segment.Segment
	err    error
}

// cachedSegments bounds a reader's memory to about 5 × 32 MiB.
const cachedSegments = 5

func newCache(b *Bundle) *cache { return &cache{b: b} }

// get returns segment number (from 1), read and checked.
func (c *cache) get(ctx context.Context, number int) (*segment.Segment, error) {
	if number < 1 || number > len(c.b.Segments) {
		return nil, fmt.Errorf("segment %d: the bundle has %d", number, len(c.b.Segments))
	}
	e := c.entry(number)
	e.once.Do(func() { e.seg, _, e.err = c.b.Load(ctx, c.b.Segments[number-1], nil) })
	if e.err != nil {
		c.forget(e) // a cancelled read must not stay
	}
	return e.seg, e.err
}

func (c *cache) entry(number int) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, e := range c.last {
		if e.number == number {
			copy(c.last[1:i+1], c.last[:i])
			c.last[0] = e
			return e
		}
	}
	e := &cached{number: number}
	c.last = append([]*cached{e}, c.last...)
	if len(c.last) > cachedSegments {
		c.last = c.last[:cachedSegments]
	}
	return e
}

func (c *cache) forget(e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, x := range c.last {
		if x == e {
			c.last = append(c.last[:i], c.last[i+1:]...)
			return
		}
	}
}
