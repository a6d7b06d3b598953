//go:build cgo

package yara

import (
	"context"
	"errors"
	"fmt"
	"io"

	yr "github.com/hillu/go-yara/v4"
)

// blocks hands content to libyara in pieces that overlap. The first error ends
// it, since libyara has no way to hear of one.
type blocks struct {
	ctx  context.Context
	r    io.ReaderAt
	size int64
	step int64
	at   int64
	err  error
}

func newBlocks(ctx context.Context, r io.ReaderAt, size, step int64) *blocks {
	return &blocks{ctx: ctx, r: r, size: size, step: step}
}

// head returns the first bytes.
func (b *blocks) head() ([]byte, error) {
	p := make([]byte, min(headLen, b.size))
	return p, b.read(p, 0)
}

func (b *blocks) read(p []byte, at int64) error {
	n, err := b.r.ReadAt(p, at)
	if n == len(p) || err == nil {
		return nil
	}
	return fmt.Errorf("reading at %d: %w", at+int64(n), errors.Join(err))
}

// Filesize implements yr.MemoryBlockIteratorWithFilesize.
func (b *blocks) Filesize() uint64 { return uint64(b.size) }

// First implements yr.MemoryBlockIterator. libyara may start over.
func (b *blocks) First() *yr.MemoryBlock {
	b.at = 0
	return b.block()
}

// Next implements yr.MemoryBlockIterator.
func (b *blocks) Next() *yr.MemoryBlock {
	if b.at+b.step >= b.size {
		return nil
	}
	b.at += b.step - overlap
	return b.block()
}

func (b *blocks) block() *yr.MemoryBlock {
	if b.err == nil {
		b.err = b.ctx.Err()
	}
	if b.err != nil {
		return nil
	}
	at, n := b.at, min(b.step, b.size-b.at)
	return &yr.MemoryBlock{Base: uint64(at), Size: uint64(n), FetchData: func(p []byte) {
		if err := b.read(p[:n], at); err != nil {
			clear(p)
			if b.err == nil {
				b.err = err
			}
		}
	}}
}
