package sink

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// sealer takes complete segments, one after the other: encrypt, hash, store,
// then the leaf, then the checkpoint. Each is durable before the next is put,
// so that whatever a checkpoint speaks of is there.
type sealer struct {
	w      *Writer
	free   chan *slab // two: one is filled while the other is sealed
	queue  chan closing
	done   chan struct{}
	tree   seal.Tree
	number int
}

// closing is a segment to be sealed.
type closing struct {
	seg   *slab
	first uint64
}

func newSealer(w *Writer) *sealer {
	s := &sealer{w: w, free: make(chan *slab, 2), queue: make(chan closing), done: make(chan struct{})}
	for range 2 {
		s.free <- newSlab(w.opt.SegmentSize)
	}
	return s
}

// begin writes what a bundle has before its first segment, and starts.
func (s *sealer) begin() error {
	h := s.w.opt.Header
	h.Files = map[string]string{}
	for _, f := range texts() {
		sum := sha256.Sum256([]byte(f.text))
		h.Files[f.name] = hex.EncodeToString(sum[:])
		if err := s.put(s.w.ctx, f.name, []byte(f.text)); err != nil {
			return err
		}
	}
	if err := s.leaf(s.w.ctx, h); err != nil {
		return err
	}
	go func() {
		defer close(s.done)
		s.run()
	}()
	return nil
}

// run seals until the committer closes the queue. When the writer breaks it
// goes on giving builders back, so that nobody waits for ever.
func (s *sealer) run() {
	for c := range s.queue {
		if s.w.broken() == nil {
			if err := s.segment(c); err != nil {
				s.w.stop(err)
			}
		}
		c.seg.Reset(c.seg.Buffer())
		s.free <- c.seg
	}
}

func (s *sealer) segment(c closing) error {
	items := c.seg.Items()
	plain, root, err := c.seg.Close()
	if err != nil {
		return err
	}
	stored := plain
	if !s.w.opt.NoEncryption {
		if stored, err = c.seg.encrypt(plain, s.w.opt.Recipients); err != nil {
			return fmt.Errorf("encrypting segment %d: %w", s.number+1, err)
		}
	}
	sum := sha256.Sum256(stored)
	s.number++
	leaf := seal.Segment{
		Format: seal.SegmentFormat, Bundle: s.w.Bundle(), Number: s.number,
		Size: int64(len(stored)), SHA256: hex.EncodeToString(sum[:]),
		Items: items, First: c.first, Root: seal.RootText(root), Closed: evidence.At(s.w.opt.Now()),
	}
	leaf.Object = seal.ObjectName(s.number, leaf.SHA256, !s.w.opt.NoEncryption)
	if err := s.put(s.w.ctx, leaf.Object, stored); err != nil {
		return err
	}
	s.w.mu.Lock()
	s.w.totals.Segments++
	s.w.totals.Stored += leaf.Size
	s.w.mu.Unlock()
	return s.leaf(s.w.ctx, leaf)
}

// leaf puts the next leaf and the checkpoint over it.
func (s *sealer) leaf(ctx context.Context, leaf any) error {
	b, err := seal.Encode(leaf)
	if err != nil {
		return err
	}
	n := s.tree.Size()
	if err := s.put(ctx, fmt.Sprintf("seal/%06d.json", n), b); err != nil {
		return err
	}
	s.tree.Append(b)
	cp := s.tree.At(seal.Origin(s.w.Bundle()))
	signed, err := cp.Sign(s.w.opt.Signer)
	if err != nil {
		return err
	}
	if err := s.put(ctx, fmt.Sprintf("seal/%06d.checkpoint", n), signed); err != nil {
		return err
	}
	s.w.mu.Lock()
	s.w.totals.Checkpoint = cp
	s.w.mu.Unlock()
	return s.stamp(ctx, leaf, n, signed)
}

// stamp asks for a time stamp over the last checkpoint. The token gets the
// collector's own signature beside it, for no key here covers every bit of it.
func (s *sealer) stamp(ctx context.Context, leaf any, n int64, checkpoint []byte) error {
	if _, last := leaf.(seal.End); !last || s.w.opt.TimeStamp == nil {
		return nil
	}
	token, err := s.w.opt.TimeStamp(ctx, checkpoint)
	if err != nil {
		s.w.mu.Lock()
		s.w.totals.TimeStampErr = err
		s.w.mu.Unlock()
		return nil
	}
	signed, err := seal.SignToken(s.w.Bundle(), token, s.w.opt.Signer)
	if err != nil {
		return err
	}
	if err := s.put(ctx, fmt.Sprintf("seal/%06d.tsr", n), token); err != nil {
		return err
	}
	return s.put(ctx, fmt.Sprintf("seal/%06d.tsr.note", n), signed)
}

func (s *sealer) put(ctx context.Context, name string, b []byte) error {
	if err := s.w.out.Put(ctx, name, b); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

// wait returns when every segment is sealed, with the error that broke the
// writer.
func (s *sealer) wait() error {
	<-s.done
	err := s.w.broken()
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the output ended early: %w", err)
	}
	return err
}

// end completes and writes the end leaf.
func (s *sealer) end(ctx context.Context, e seal.End) error {
	t := s.w.Totals()
	e.Format, e.Bundle, e.Ended = seal.EndFormat, t.Bundle, evidence.At(s.w.opt.Now())
	e.Segments, e.Items, e.Bytes, e.Outcomes = t.Segments, t.Items, t.Bytes, t.Outcomes
	if e.State == "" {
		e.State = seal.Complete
	}
	return s.leaf(ctx, e)
}
