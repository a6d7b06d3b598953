package sink

import (
	"context"
	"errors"
	"sync"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Totals is what a writer has done.
type Totals struct {
	Bundle       string
	Items        uint64 // items, however many parts each has
	Records      uint64
	Bytes        int64 // content
	Stored       int64 // bytes of segments as stored
	Segments     int
	Outcomes     map[evidence.Outcome]int
	Checkpoint   seal.Checkpoint // the last one written
	TimeStampErr error
}

// Writer writes one bundle. It is an evidence.Sink.
type Writer struct {
	opt      Options
	out      Output
	ctx      context.Context // ends when the writer breaks or is closed
	stop     context.CancelCauseFunc
	partSize int64

	pool    *pool
	enc     *encoders
	addMu   sync.Mutex // keeps jobs and order in the same order
	next    uint64
	closed  bool
	jobs    chan *job // to the readers
	order   chan *job // to the committer
	readers sync.WaitGroup
	commits sync.WaitGroup
	streams sync.WaitGroup
	sealer  *sealer

	mu     sync.Mutex // guards totals
	totals Totals
}

// New begins a bundle: README.txt, verify.sh, header and its checkpoint are in
// the output when it returns. ctx bounds the writer's whole life; values of a
// cancelled ctx break the writer, so cancel it only to abandon the bundle.
func New(ctx context.Context, out Output, o Options) (*Writer, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	enc, err := newEncoders(o.Workers)
	if err != nil {
		return nil, err
	}
	w := &Writer{opt: o, out: out, enc: enc, partSize: int64(o.SegmentSize - segment.PartRoom)}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	w.totals = Totals{Bundle: o.Header.Bundle, Outcomes: map[evidence.Outcome]int{}}
	readers := min(2*o.Workers, MaxWorkers)
	w.pool = newPool(max(16, readers+4), max(4, o.Workers/2))
	w.jobs, w.order = make(chan *job, 64), make(chan *job, 64+readers)
	w.sealer = newSealer(w)
	if err := w.sealer.begin(); err != nil {
		w.stop(err)
		return nil, err
	}
	for range readers {
		w.readers.Go(func() {
			for j := range w.jobs {
				w.read(j)
			}
		})
	}
	w.commits.Go(func() { newCommitter(w).run() })
	context.AfterFunc(w.ctx, func() { w.pool.fail(context.Cause(w.ctx)) })
	return w, nil
}

// Bundle is the id of the bundle being written.
func (w *Writer) Bundle() string { return w.opt.Header.Bundle }

// Totals is a snapshot, for progress and for the end.
func (w *Writer) Totals() Totals {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.totals
	t.Outcomes = make(map[evidence.Outcome]int, len(w.totals.Outcomes))
	for k, v := range w.totals.Outcomes {
		t.Outcomes[k] = v
	}
	return t
}

// Add implements evidence.Sink. ctx also bounds the reading of the item: where
// it ends, the item becomes partial.
func (w *Writer) Add(ctx context.Context, it evidence.Item) error {
	fitPath(&it.Record)
	return w.enqueue(&job{ctx: ctx, item: it, parts: &partState{}}, true)
}

// Flush closes the current segment if it holds anything worth a segment of its
// own (1 MiB, or a second's work). It does not wait.
func (w *Writer) Flush(ctx context.Context) error {
	return w.enqueue(&job{ctx: ctx, flush: make(chan error, 1)}, false)
}

// errClosed says that a writer was used after Close.
var errClosed = errors.New("the bundle is closed")

// enqueue gives a job its place in the order and hands it to a reader.
func (w *Writer) enqueue(j *job, read bool) error {
	w.addMu.Lock()
	defer w.addMu.Unlock()
	if w.closed {
		return errClosed
	}
	if err := w.broken(); err != nil {
		return err
	}
	w.next++
	j.order, j.out = w.next, make(chan piece, 4)
	select {
	case w.order <- j:
	case <-w.ctx.Done():
		return w.broken()
	}
	if !read {
		return nil
	}
	select {
	case w.jobs <- j:
		return nil
	case <-w.ctx.Done():
		close(j.out)
		return w.broken()
	}
}

// broken is the error that stopped the writer, or nil.
func (w *Writer) broken() error {
	if w.ctx.Err() == nil {
		return nil
	}
	return context.Cause(w.ctx)
}

// Close seals what has been added and ends the bundle with leaf end, whose
// Format, Bundle, Ended, Segments, Items, Bytes and Outcomes it fills in. All
// streams must have been closed. It returns the totals and what went wrong.
func (w *Writer) Close(ctx context.Context, end seal.End) (Totals, error) {
	w.streams.Wait()
	w.addMu.Lock()
	already := w.closed
	w.closed = true
	w.addMu.Unlock()
	if already {
		return w.Totals(), errClosed
	}
	close(w.jobs)
	close(w.order)
	w.readers.Wait()
	w.commits.Wait()
	err := w.sealer.wait()
	if err == nil {
		if w.opt.Footprint != nil {
			end.Footprint = w.opt.Footprint(w.Totals())
		}
		err = w.sealer.end(ctx, end)
	}
	w.stop(errClosed)
	if cerr := w.out.Close(); err == nil {
		err = cerr
	}
	return w.Totals(), err
}
