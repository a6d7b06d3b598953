package sink

import (
	"context"
	"io"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// A slow item is cut into frames and parts by time, so that what was read is
// sealed soon.
const (
	frameAge = time.Second
	partAge  = 3 * time.Second
)

// job is one item, or one flush of a stream, in the writer's order.
type job struct {
	ctx   context.Context
	order uint64
	item  evidence.Item
	parts *partState
	out   chan piece
	flush chan error // a marker, not an item: seal what there is, then answer
}

// piece is what a job sends to the committer: frames, then the record that
// covers them.
type piece struct {
	frame  *frame
	number int // of the part that the frame belongs to
	record *evidence.Record
	last   bool // no more records of this item follow
}

// partState is the committer's memory between the parts of one item.
type partState struct{ first uint64 }

// read takes one item: it runs on a reader's goroutine and ends with the last
// record of the item.
func (w *Writer) read(j *job) {
	defer close(j.out)
	r := j.item.Record
	r.Format = evidence.RecordFormat
	r.Began = evidence.At(w.opt.Now())
	if j.item.Open == nil {
		if r.Outcome == "" {
			r.Outcome = evidence.Empty
		}
		r.Ended = r.Began
		j.out <- piece{record: &r, last: true}
		return
	}
	content, err := open(j)
	if err != nil {
		setError(&r, evidence.OutcomeOf(err), err)
		r.Ended = evidence.At(w.opt.Now())
		j.out <- piece{record: &r, last: true}
		return
	}
	defer content.Close()
	s := w.newSplitter(j)
	err = s.drain(content, r)
	if w.broken() != nil {
		return
	}
	s.conclude(&r, finish(content), err)
	s.cover(&r, true)
	j.out <- piece{record: &r, last: true}
}

// drain reads content to its end. Its error is why reading stopped early.
func (s *splitter) drain(content evidence.Content, r evidence.Record) error {
	for {
		buf, err := s.w.pool.get(s.w.ctx, s.job.order)
		if err != nil {
			return err
		}
		buf, err = fill(s.job.ctx, content, buf[:0], s.w.opt.Now)
		if len(buf) > 0 {
			s.send(buf, err == nil)
		} else {
			s.w.pool.put(buf)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if s.full() {
			s.endPart(r)
		}
	}
}

// fill reads until a frame is full, its time is up, or the content ends.
func fill(ctx context.Context, r io.Reader, buf []byte, now func() time.Time) ([]byte, error) {
	began := now()
	for idle := 0; ; {
		if err := ctx.Err(); err != nil {
			return buf, context.Cause(ctx)
		}
		n, err := safeRead(r, buf[len(buf):segment.FrameSize])
		buf = buf[:len(buf)+n]
		if err != nil || len(buf) == segment.FrameSize {
			return buf, err
		}
		if n == 0 {
			if idle++; idle > 100 {
				return buf, io.ErrNoProgress
			}
		}
		if len(buf) > 0 && now().Sub(began) > frameAge {
			return buf, nil
		}
	}
}
