package bundle

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Block is one zstd frame of an item.
type Block struct {
	Segment int
	Seq     uint64
	Index   int   // of the frame in its entry
	Offset  int64 // of its content in the item
	Content int
}

// Blocks lists the frames of an item's content, in order.
func (b *Bundle) Blocks(ctx context.Context, it *Item) ([]Block, error) {
	var out []Block
	var off int64
	for _, p := range it.Parts {
		if p.Size == 0 {
			continue
		}
		e, err := b.place(ctx, p.Segment, p.Seq)
		if err != nil {
			return nil, err
		}
		for i, f := range e.Frames {
			out = append(out, Block{p.Segment, p.Seq, i, off, f.Content})
			off += int64(f.Content)
		}
	}
	if off != it.Record.Size {
		return nil, fmt.Errorf("%w: item %d: its frames hold %d bytes; the record says %d", ErrVerify, it.Record.Seq, off, it.Record.Size)
	}
	return out, nil
}

func (b *Bundle) place(ctx context.Context, number int, seq uint64) (segment.Entry, error) {
	seg, err := b.cache.get(ctx, number)
	if err != nil {
		return segment.Entry{}, err
	}
	e, ok := seg.Entry(seq)
	if !ok {
		return e, fmt.Errorf("%w: segment %d has no content for record %d", ErrVerify, number, seq)
	}
	return e, nil
}

// Fetch returns a block's zstd frame. The bytes are shared: don't write to
// them.
func (b *Bundle) Fetch(ctx context.Context, at Block) ([]byte, error) {
	e, err := b.place(ctx, at.Segment, at.Seq)
	if err != nil {
		return nil, err
	}
	if at.Index < 0 || at.Index >= len(e.Frames) {
		return nil, fmt.Errorf("segment %d: record %d has no frame %d", at.Segment, at.Seq, at.Index)
	}
	from := 0
	for _, f := range e.Frames[:at.Index] {
		from += f.Stored
	}
	return e.Data[from : from+e.Frames[at.Index].Stored], nil
}

// Reader returns an item's content, decoded frame by frame on the caller's
// goroutine. In place of io.EOF it gives an error that wraps ErrVerify where
// what was read does not have the SHA-256 of the record. Close it to pass the
// decoder on to the next reader.
func (b *Bundle) Reader(ctx context.Context, it *Item) (io.ReadCloser, error) {
	blocks, err := b.Blocks(ctx, it)
	if err != nil {
		return nil, err
	}
	with, _ := b.spare.Get().(*decoding)
	if with == nil {
		dec, err := NewDecoder()
		if err != nil {
			return nil, err
		}
		with = &decoding{dec: dec}
	}
	r := &contentReader{b: b, ctx: ctx, left: blocks, decoding: with}
	if !it.Torn && len(blocks) > 0 { // of a torn item nobody knows the digest
		r.sum, r.want = sha256.New(), it.Record.SHA256
	}
	return r, nil
}

// decoding is what a reader decodes with, and the next one after it: making it
// takes longer than reading a small item.
type decoding struct {
	dec *Decoder
	buf []byte
}

var errClosed = errors.New("reading an item: the reader is closed")

type contentReader struct {
	b    *Bundle
	ctx  context.Context
	left []Block
	*decoding
	rest []byte
	sum  hash.Hash // of what was decoded; nil where there is nothing to compare with
	want string
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.decoding == nil {
		return 0, errClosed
	}
	for len(r.rest) == 0 {
		if len(r.left) == 0 {
			return 0, r.end()
		}
		if err := r.ctx.Err(); err != nil { // a segment that was read already asks nobody
			return 0, err
		}
		frame, err := r.b.Fetch(r.ctx, r.left[0])
		if err != nil {
			return 0, err
		}
		if r.buf, err = r.dec.Frame(frame, r.left[0].Content, r.buf); err != nil {
			return 0, fmt.Errorf("record %d: %w", r.left[0].Seq, err)
		}
		r.rest, r.left = r.buf, r.left[1:]
		if r.sum != nil {
			r.sum.Write(r.buf)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *contentReader) Close() error {
	if r.decoding != nil {
		r.b.spare.Put(r.decoding)
		r.decoding, r.rest = nil, nil
	}
	return nil
}
