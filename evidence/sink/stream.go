package sink

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// stream is an item that is written while the collection runs. Each flush is a
// job of its own, one part, so that it waits for no other item and none waits
// for it.
type stream struct {
	w     *Writer
	ctx   context.Context
	r     evidence.Record
	parts partState

	mu     sync.Mutex // Write and the flush by time
	buf    []byte
	since  time.Time // of the first byte in buf
	split  *splitter
	tick   *time.Ticker
	stop   chan struct{}
	idle   sync.WaitGroup
	closed bool
	err    error
}

// streamAge is how long a stream's bytes wait to be sent on.
const streamAge = 2 * time.Second

// Stream implements evidence.Sink.
func (w *Writer) Stream(ctx context.Context, r evidence.Record) (evidence.Stream, error) {
	if err := w.broken(); err != nil {
		return nil, err
	}
	fitPath(&r)
	r.Format = evidence.RecordFormat
	r.Began = evidence.At(w.opt.Now())
	if r.Type == "" {
		r.Type = evidence.TypeStream
	}
	s := &stream{w: w, ctx: ctx, r: r, buf: make([]byte, 0, 256<<10), tick: time.NewTicker(streamAge / 2), stop: make(chan struct{})}
	s.split = w.newSplitter(nil)
	w.streams.Add(1)
	s.idle.Go(s.flushByTime)
	return s, nil
}

func (s *stream) flushByTime() {
	for {
		select {
		case <-s.tick.C:
			s.mu.Lock()
			if len(s.buf) > 0 && s.w.opt.Now().Sub(s.since) >= streamAge {
				s.flush(false, nil)
			}
			s.mu.Unlock()
		case <-s.stop:
			return
		}
	}
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := 0
	for len(p) > 0 && s.err == nil {
		if s.closed {
			return done, errClosed
		}
		if len(s.buf) == 0 {
			s.since = s.w.opt.Now()
		}
		n := min(len(p), segment.FrameSize-len(s.buf))
		s.buf = append(s.buf, p[:n]...)
		p, done = p[n:], done+n
		if len(s.buf) == segment.FrameSize {
			s.flush(false, nil)
		}
	}
	return done, s.err
}

// flush sends what is buffered as one part. The caller holds mu.
func (s *stream) flush(last bool, finish func(*evidence.Record)) {
	if s.err != nil {
		return
	}
	// Streams outlive the context of a collection that was interrupted: their
	// end must be sealed too. The job itself never opens anything.
	j := &job{ctx: context.WithoutCancel(s.ctx), item: evidence.Item{Record: s.r}, parts: &s.parts}
	if s.err = s.w.enqueue(j, false); s.err != nil {
		return
	}
	defer close(j.out)
	s.split.job = j
	if len(s.buf) > 0 {
		buf, err := s.w.pool.get(s.w.ctx, j.order)
		if err != nil {
			s.err = err
			return
		}
		s.split.send(append(buf[:0], s.buf...), false)
		s.buf = s.buf[:0]
	}
	if !last {
		s.split.endPart(s.r)
		return
	}
	r := s.r
	finish(&r)
	s.split.cover(&r, true)
	j.out <- piece{record: &r, last: true}
}

func (s *stream) Close(_ context.Context, details map[string]string, cause error) error {
	s.tick.Stop()
	close(s.stop)
	s.idle.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("stream closed twice")
	}
	s.closed = true
	defer s.w.streams.Done()
	s.flush(true, func(r *evidence.Record) {
		switch {
		case cause != nil:
			setError(r, evidence.Partial, cause)
		case s.split.size == 0:
			r.Outcome = evidence.Empty
		default:
			r.Outcome = evidence.Collected
		}
		addDetails(r, details)
	})
	return s.err
}
