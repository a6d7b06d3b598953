package serve

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// errRead marks failures to fetch or decode an item's bytes; errRecord, within
// it, content that is not what the item's record says.
var (
	errRead   = errors.New("content can't be read")
	errRecord = errors.New("content is not what its record says")
)

// decode fills dst, whose capacity is the block's size, with block i.
func (c *content) decode(i int, dst []byte) ([]byte, error) {
	if errors.Is(c.failed, errRecord) {
		return nil, c.failed // for good: no analyzer shall take the rest for evidence
	}
	stored, err := c.stored(i)
	if err == nil {
		dst, err = c.expand(i, stored, dst)
	}
	if err == nil {
		err = c.hash(i, dst)
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
	if err := segment.CheckFrame(stored, int(size)); err != nil {
		return nil, fmt.Errorf("%w: a zstd frame: %w", errRecord, err)
	}
	out, err := c.mem.dec.DecodeAll(stored, dst)
	if err != nil {
		return nil, fmt.Errorf("%w: a zstd frame: %w", errRecord, err)
	}
	if int64(len(out)) != size {
		return nil, fmt.Errorf("%w: a zstd frame holds %d bytes, want %d", errRecord, len(out), size)
	}
	return out, nil
}

// hash takes the content in as far as it is decoded from its beginning, in
// order, and compares it at its end with what the record says. Whoever reads
// an item here and there is not told; hozen verify tells.
func (c *content) hash(i int, data []byte) error {
	if i != c.hashed || c.item.Record.SHA256 == "" {
		return nil
	}
	if i == 0 {
		c.mem.sum.Reset()
	}
	c.mem.sum.Write(data)
	if c.hashed++; c.hashed < len(c.item.Blocks) {
		return nil
	}
	if got := hex.EncodeToString(c.mem.sum.Sum(nil)); got != c.item.Record.SHA256 {
		return fmt.Errorf("%w: SHA-256 of it is %s", errRecord, got)
	}
	return nil
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
