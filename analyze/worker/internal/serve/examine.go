package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
	"github.com/hozen-dfir/hozen/evidence"
)

// examiner runs the analyzers over one item at a time.
type examiner struct {
	build     func(analyze.Deriver) ([]analyze.Analyzer, error)
	analyzers []analyze.Analyzer
	mem       *memory
	tell      func(id uint64, events []byte) error // takes events; nil where they are not wanted
	now       *run                                 // the item under examination
}

// run is the examination of one item.
type run struct {
	out     *collector
	item    *wire.ItemMsg
	limit   time.Duration
	maker   string         // analyzer at work
	derived int64          // bytes of derived content so far
	inside  bool           // within derived content
	late    map[string]int // pieces of derived content that an analyzer took too long for
	broken  bool           // an analyzer panicked
}

func newExaminer(cfg analyze.Config, build analyze.Builder) (*examiner, error) {
	mem, err := newMemory(cfg.Whole())
	if err != nil {
		return nil, err
	}
	e := &examiner{mem: mem}
	e.build = func(d analyze.Deriver) ([]analyze.Analyzer, error) { return build(cfg, d) }
	e.analyzers, err = e.build(e.derive)
	return e, err
}

// names lists the analyzers, in order.
func (e *examiner) names() []string {
	var out []string
	for _, a := range e.analyzers {
		out = append(out, a.Name())
	}
	return out
}

// examine offers one item to every analyzer that wants it. After a panic all
// analyzers are made anew: their state can't be trusted.
func (e *examiner) examine(ctx context.Context, src source, m *wire.ItemMsg) (*collector, error) {
	limit := time.Duration(m.Deadline) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer e.mem.release()
	c := newContent(ctx, src, m, e.mem)
	e.now = &run{out: newCollector(m.ID), item: m, limit: limit, late: map[string]int{}}
	s := subject(m, c)
	told := newTeller(e.tell, m)
	s.Event = told.hook(e.now)
	for _, a := range e.analyzers {
		e.now.maker = a.Name()
		err := e.one(ctx, a, s, nil)
		if err != nil && c.fault() == nil {
			e.now.out.fault(analyze.FaultAnalyzer, a.Name(), explain(err, limit))
		}
	}
	told.end(e.now.out)
	if err := c.fault(); errors.Is(err, errRecord) {
		e.now.out.fault(analyze.FaultRecord, "", err.Error())
	} else if err != nil {
		e.now.out.fault(analyze.FaultRead, "", err.Error())
	}
	e.now.out.close()
	if !e.now.broken {
		return e.now.out, nil
	}
	for _, a := range e.analyzers {
		if c, ok := a.(io.Closer); ok {
			_ = c.Close() // its state is not to be trusted, nor is its error
		}
	}
	var err error
	e.analyzers, err = e.build(e.derive)
	return e.now.out, err
}

func subject(m *wire.ItemMsg, c *content) *analyze.Subject {
	s := &analyze.Subject{Bundle: m.Bundle, Record: m.Record, Size: m.Size, Bytes: c.Bytes}
	switch {
	case m.Size > 0:
		s.Body = c
	case isEmpty(m.Record):
		s.Body = bytes.NewReader(nil)
		s.Bytes = func(int64) ([]byte, error) { return []byte{}, nil }
	default:
		s.Bytes = func(int64) ([]byte, error) { return nil, nil }
	}
	return s
}

// isEmpty reports whether the item is content of no bytes, as against an item
// without content such as a folder or what was missing.
func isEmpty(r evidence.Record) bool {
	switch r.Type {
	case evidence.TypeFile, evidence.TypeStream, evidence.TypeADS, "":
		return r.Outcome == evidence.Empty || r.Outcome.HasBytes()
	}
	return false
}

// one runs one analyzer over s; a panic is an error.
func (e *examiner) one(ctx context.Context, a analyze.Analyzer, s *analyze.Subject, w *analyze.Where) (err error) {
	now, out := e.now, e.now.out
	defer func() {
		if p := recover(); p != nil {
			now.broken = true
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if !a.Wants(s.Record) {
		return nil
	}
	if ctx.Err() != nil {
		return errNotBegun
	}
	return a.Examine(ctx, s, func(f analyze.Finding) {
		f.Analyzer = a.Name()
		if f.Where == nil {
			f.Where = w
		}
		out.add(f)
	})
}

// errNotBegun is the fault of an analyzer that had no time left.
var errNotBegun = errors.New("not begun: the time for the item was used up")

// explain gives the time limit its own words.
func explain(err error, limit time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("not done within %s; a longer --timeout may do", limit)
	}
	return err.Error()
}
