package serve

import (
	"context"
	"errors"
	"fmt"
)

// errRead marks failures to fetch or decode an item's bytes.
var errRead = errors.New("content can't be read")

// decode fills dst, whose capacity is the block's size, with block i.
func (c *content) decode(i int, dst []byte) ([]byte, error) {
	stored, err := c.stored(i)
	if err == nil {
		dst, err = c.expand(i, stored, dst)
	}
	if err != nil {
		err = fmt.Errorf("%w: block %d at %d: %w", errRead, i, c.item.Blocks[i].Offset, err)
		if c.failed == nil && !errors.Is(err, context.DeadlineExceeded) {
			c.failed = err
		}
		return nil, err
	}
	c.last = i
	return dst, nil
}

func (c *content) expand(i int, stored, dst []byte) ([]byte, error) {
	size := c.item.Blocks[i].Size
	if !c.item.Blocks[i].Zstd {
		if int64(len(stored)) != size {
			return nil, fmt.Errorf("%d bytes, want %d", len(stored), size)
		}
		return append(dst, stored...), nil
	}
	out, err := c.mem.dec.DecodeAll(stored, dst)
	if err != nil {
		return nil, err
	}
	if int64(len(out)) != size {
		return nil, fmt.Errorf("frame holds %d bytes, want %d", len(out), size)
	}
	return out, nil
}

// stored returns the stored bytes of block i, and asks for those after it
// where the item is read in sequence.
func (c *content) stored(i int) ([]byte, error) {
	if c.item.Inline != nil {
		return c.item.Inline[i], nil
	}
	if err := c.ask(i); err != nil {
		return nil, err
	}
	for {
		if m, ok := c.raw[i]; ok {
			delete(c.raw, i)
			if m.Err != "" {
				return nil, errors.New(m.Err)
			}
			return m.Data, nil
		}
		m, err := c.src.block(c.ctx, c.item.ID)
		if err != nil {
			return nil, err
		}
		if c.asked[m.I] {
			delete(c.asked, m.I)
			c.raw[m.I] = m
		}
	}
}

// ask requests block i and, in sequence, up to readAhead after it.
func (c *content) ask(i int) error {
	n := 1
	if i == c.last+1 {
		n += readAhead
	} else {
		clear(c.raw) // read ahead for nothing
	}
	for k := i; k < min(i+n, len(c.item.Blocks)); k++ {
		if _, here := c.raw[k]; here || c.asked[k] {
			continue
		}
		if k > i && len(c.asked) >= MaxNeed {
			break
		}
		if err := c.makeRoom(); err != nil {
			return err
		}
		c.asked[k] = true
		if err := c.src.need(c.item.ID, k); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom waits until one more block may be asked for.
func (c *content) makeRoom() error {
	for len(c.asked) >= MaxNeed {
		m, err := c.src.block(c.ctx, c.item.ID)
		if err != nil {
			return err
		}
		if c.asked[m.I] {
			delete(c.asked, m.I)
			c.raw[m.I] = m
		}
	}
	return nil
}

var _ source = (*conn)(nil)
