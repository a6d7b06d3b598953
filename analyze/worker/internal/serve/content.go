package serve

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime/debug"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// source is where blocks come from: the parent.
type source interface {
	need(id uint64, i int) error
	block(ctx context.Context, id uint64) (wire.BlockMsg, error)
}

// content gives access to one item's bytes, decoded on demand.
type content struct {
	ctx  context.Context
	src  source
	item *wire.ItemMsg
	mem  *memory

	mu     sync.Mutex
	whole  []byte
	raw    map[int]wire.BlockMsg // arrived, not yet decoded
	asked  map[int]bool          // on their way
	last   int                   // block taken last
	hashed int                   // blocks hashed, from the first on
	failed error                 // first failure to read
}

// memory is what one worker reuses from item to item.
type memory struct {
	limit int64 // largest item that Subject.Bytes hands out in one piece
	dec   *zstd.Decoder
	sum   hash.Hash // SHA-256 of the item's content so far
	whole []byte
	cache []cached // most recent first
}

type cached struct {
	i    int
	data []byte
}

func newMemory(limit int64) (*memory, error) {
	// Frames declare at most BlockSize; the limit to the capacity of the
	// destination catches those that lie.
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(analyze.BlockSize),
		zstd.WithDecoderMaxWindow(8*analyze.BlockSize), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &memory{limit: limit, dec: dec, sum: sha256.New()}, nil
}

// release forgets what belongs to the item just done.
func (m *memory) release() {
	for i := range m.cache {
		m.cache[i].i = -1
	}
	if cap(m.whole) > keepBuffer {
		m.whole = nil
	}
}

func newContent(ctx context.Context, src source, item *wire.ItemMsg, mem *memory) *content {
	return &content{ctx: ctx, src: src, item: item, mem: mem, last: -1,
		raw: map[int]wire.BlockMsg{}, asked: map[int]bool{}}
}

// fault returns the first failure to read, if any.
func (c *content) fault() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// Bytes is Subject.Bytes.
func (c *content) Bytes(limit int64) ([]byte, error) {
	size := c.item.Size
	if size > limit || size > c.mem.limit {
		return nil, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.whole != nil {
		return c.whole, nil
	}
	if b, ok := c.inlineRaw(); ok {
		c.whole = b
		return b, nil
	}
	if int64(cap(c.mem.whole)) < size {
		c.mem.whole = c.mem.fresh(size)
	}
	buf := c.mem.whole[:size:size]
	for i, b := range c.item.Blocks {
		if _, err := c.decode(i, buf[b.Offset:b.Offset:b.Offset+b.Size]); err != nil {
			return nil, err
		}
	}
	c.whole = buf
	return buf, nil
}

// fresh makes a buffer. Those of the items before are gone from the process
// first where it is large: beside it they would count against the worker.
// That costs some hundredths of a second, so it is not done for less.
func (m *memory) fresh(size int64) []byte {
	if size > m.limit/4 {
		debug.FreeOSMemory()
	}
	return make([]byte, size)
}

// inlineRaw returns the bytes of an item that came in one raw block: no copy.
func (c *content) inlineRaw() ([]byte, bool) {
	it := c.item
	if len(it.Inline) == 1 && !it.Blocks[0].Zstd && int64(len(it.Inline[0])) == it.Size {
		return it.Inline[0], true
	}
	return nil, false
}

// ReadAt is Subject.Body.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the start")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(p) && off < c.item.Size {
		b, err := c.at(off)
		if err != nil {
			return n, err
		}
		k := copy(p[n:], b)
		n += k
		off += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// at returns decoded bytes from off on, at least one.
func (c *content) at(off int64) ([]byte, error) {
	if c.whole != nil {
		return c.whole[off:], nil
	}
	i := c.find(off)
	b, err := c.cachedBlock(i)
	if err != nil {
		return nil, err
	}
	return b[off-c.item.Blocks[i].Offset:], nil
}

// find returns the block that holds off.
func (c *content) find(off int64) int {
	lo, hi := 0, len(c.item.Blocks)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if c.item.Blocks[mid].Offset <= off {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// cachedBlock returns block i, decoded, and moves it to the cache's front.
func (c *content) cachedBlock(i int) ([]byte, error) {
	m := c.mem
	at := len(m.cache) - 1
	for k := range m.cache {
		if m.cache[k].i == i {
			b := m.cache[k]
			copy(m.cache[1:k+1], m.cache[:k])
			m.cache[0] = b
			return b.data, nil
		}
	}
	if len(m.cache) < cacheBlocks {
		m.cache = append(m.cache, cached{i: -1, data: make([]byte, 0, analyze.BlockSize)})
		at++
	}
	slot := m.cache[at]
	m.cache[at].i = -1
	data, err := c.decode(i, slot.data[:0:c.item.Blocks[i].Size])
	if err != nil {
		return nil, err
	}
	copy(m.cache[1:at+1], m.cache[:at])
	m.cache[0] = cached{i: i, data: slot.data[:len(data)]} // data is slot.data with a smaller capacity
	return data, nil
}
