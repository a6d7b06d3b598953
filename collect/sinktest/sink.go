// Package sinktest holds a sink in memory for tests of sources and artifacts.
// It does what the real one does: it reads each item once, hashes it, decides
// the outcome, numbers the records and calls Done.
package sinktest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hozen-dfir/hozen/evidence"
)

// Limit bounds the bytes that the sink reads of one item; more fails it.
const Limit = 256 << 20

// Got is one item as the sink kept it.
type Got struct {
	Record evidence.Record
	Bytes  []byte
}

// Sink keeps everything it is given. The zero value is ready.
type Sink struct {
	// Break, where set, is asked before each item; an error is that of a
	// broken sink.
	Break func(evidence.Record) error
	// Hold keeps back Done until Flush, as a sink with open segments may.
	Hold bool

	mu   sync.Mutex
	seq  uint64
	got  []*Got
	held []func()
}

// Add implements evidence.Sink. Items are read before it returns.
func (s *Sink) Add(ctx context.Context, it evidence.Item) error {
	if s.Break != nil {
		if err := s.Break(it.Record); err != nil {
			return err
		}
	}
	g := &Got{Record: it.Record}
	g.Record.Format = evidence.RecordFormat
	if it.Open != nil {
		take(ctx, it, g)
	} else if !g.Record.Outcome.Valid() {
		return fmt.Errorf("item %q has neither content nor outcome", it.Record.Path)
	}
	s.mu.Lock()
	s.seq++
	g.Record.Seq = s.seq
	s.got = append(s.got, g)
	done := func() {
		if it.Done != nil {
			it.Done(g.Record)
		}
	}
	if s.Hold {
		s.held = append(s.held, done)
		done = func() {}
	}
	s.mu.Unlock()
	done()
	return nil
}

// Flush calls the Done functions that Hold kept back.
func (s *Sink) Flush() {
	s.mu.Lock()
	held := s.held
	s.held = nil
	s.mu.Unlock()
	for _, f := range held {
		f()
	}
}

// take reads one item and fills in its record.
func take(ctx context.Context, it evidence.Item, g *Got) {
	r := &g.Record
	c, err := it.Open(ctx)
	if err != nil {
		r.Outcome = fault(r, evidence.OutcomeOf(err), err)
		return
	}
	g.Bytes, err = io.ReadAll(io.LimitReader(c, Limit+1))
	if len(g.Bytes) > Limit {
		err = errors.Join(err, fmt.Errorf("item is larger than %d bytes", Limit))
	}
	f := c.Finish()
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	sum := sha256.Sum256(g.Bytes)
	r.Size, r.SHA256 = int64(len(g.Bytes)), hex.EncodeToString(sum[:])
	r.Lost, r.LostMore = f.Lost, f.LostMore
	r.Outcome = outcome(r, f, err)
}

// outcome decides as a bundle's writer does.
func outcome(r *evidence.Record, f evidence.Finish, err error) evidence.Outcome {
	moved := f.Changed || changed(r.Stat, f.After)
	if moved && err == nil {
		r.StatAfter = f.After
	}
	switch {
	case err != nil && r.Size == 0:
		return fault(r, evidence.OutcomeOf(err), err)
	case err != nil:
		if short := r.StatLen - r.Size; short > 0 {
			r.Lost = append(r.Lost, evidence.Range{Offset: r.Size, Length: short, Error: err.Error()})
		}
		return fault(r, evidence.Partial, err)
	case len(f.Lost) > 0:
		return evidence.Partial
	case moved:
		return evidence.Changed
	case r.Size == 0:
		return evidence.Empty
	}
	return evidence.Collected
}

func fault(r *evidence.Record, o evidence.Outcome, err error) evidence.Outcome {
	if errors.Is(err, evidence.ErrBudget) {
		r.Reason = err.Error()
	} else {
		r.Error = err.Error()
	}
	return o
}

func changed(before evidence.Stat, after *evidence.Stat) bool {
	return after != nil && (before.StatLen != after.StatLen || before.Inode != after.Inode ||
		!before.MTime.Equal(after.MTime.Time) || !before.CTime.Equal(after.CTime.Time))
}

// Stream implements evidence.Sink.
func (s *Sink) Stream(_ context.Context, r evidence.Record) (evidence.Stream, error) {
	if s.Break != nil {
		if err := s.Break(r); err != nil {
			return nil, err
		}
	}
	return &stream{sink: s, rec: r}, nil
}

type stream struct {
	sink *Sink
	rec  evidence.Record
	buf  bytes.Buffer
}

func (st *stream) Write(p []byte) (int, error) { return st.buf.Write(p) }

func (st *stream) Close(ctx context.Context, details map[string]string, cause error) error {
	r := st.rec
	r.Details = merge(r.Details, details)
	err := st.sink.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(st.buf.Bytes())})
	if cause != nil && err == nil {
		st.sink.mu.Lock()
		defer st.sink.mu.Unlock()
		last := st.sink.got[len(st.sink.got)-1]
		last.Record.Outcome = fault(&last.Record, evidence.Partial, cause)
	}
	return err
}

func merge(a, b map[string]string) map[string]string {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// Items returns what was added so far, in order.
func (s *Sink) Items() []Got {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Got, len(s.got))
	for i, g := range s.got {
		out[i] = *g
	}
	return out
}

// Find returns the items of one source and exact path.
func (s *Sink) Find(source, path string) []Got {
	var out []Got
	for _, g := range s.Items() {
		if g.Record.Source == source && g.Record.RawPath() == path {
			out = append(out, g)
		}
	}
	return out
}
