package sink

import (
	"errors"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// committer puts pieces into segments, in the order of their jobs.
type committer struct {
	w     *Writer
	cur   *slab
	age   *time.Timer // of the first record in cur
	seq   uint64
	first uint64 // sequence number of cur's first record
	began time.Time
	line  []byte // the record being written
}

func newCommitter(w *Writer) *committer {
	c := &committer{w: w, cur: <-w.sealer.free, age: time.NewTimer(time.Hour)}
	c.age.Stop()
	return c
}

func (c *committer) run() {
	for c.next() {
	}
	if c.w.broken() == nil && !c.cur.Empty() {
		c.rotate()
	}
	close(c.w.sealer.queue)
}

// next commits one job; false when there are no more.
func (c *committer) next() bool {
	for {
		select {
		case j, ok := <-c.w.order:
			if !ok {
				return false
			}
			c.w.pool.setHead(j.order)
			c.job(j)
			return true
		case <-c.age.C:
			c.rotate()
		}
	}
}

func (c *committer) job(j *job) {
	if j.flush != nil {
		if c.worthSealing() {
			c.rotate()
		}
		return
	}
	for {
		select {
		case p, ok := <-j.out:
			if !ok {
				return
			}
			c.piece(j, p)
		case <-c.age.C:
			c.rotate()
		case <-c.w.ctx.Done():
			c.drop(j)
			return
		}
	}
}

// worthSealing keeps the ends of many small artifacts from making many small
// segments.
func (c *committer) worthSealing() bool {
	return !c.cur.Empty() && (c.cur.Size() > 1<<20 || c.w.opt.Now().Sub(c.began) > time.Second)
}

// drop releases what a job still sends when the writer is broken.
func (c *committer) drop(j *job) {
	for p := range j.out {
		if p.frame != nil {
			<-p.frame.done
			c.w.pool.put(p.frame.buf)
		}
	}
}

func (c *committer) piece(j *job, p piece) {
	var err error
	if p.frame != nil {
		err = c.frame(j, p.frame, p.number)
		c.w.pool.put(p.frame.buf)
	} else {
		err = c.record(j, p.record, p.last)
	}
	if err != nil {
		c.w.stop(err)
	}
}

func (c *committer) frame(j *job, f *frame, part int) error {
	for waiting := true; waiting; {
		select {
		case <-f.done:
			waiting = false
		case <-c.age.C:
			c.rotate()
		}
	}
	return c.fit(func() error {
		if !c.cur.Open() {
			if err := c.cur.Begin(entryName(&j.item.Record, part)); err != nil {
				return err
			}
		}
		return c.cur.Frame(f.stored, f.content)
	})
}

// fit tries to write; where the segment is full it begins another and tries
// once more.
func (c *committer) fit(write func() error) error {
	err := write()
	if !errors.Is(err, segment.ErrFull) {
		return err
	}
	c.rotate()
	return write()
}

func (c *committer) commit(r *evidence.Record, line []byte) error {
	empty := c.cur.Empty()
	if r.Part != nil && r.Part.Number == 1 && c.cur.Open() {
		if err := c.cur.Rename(evidence.PartName(entryName(r, 1), 1)); err != nil {
			return err
		}
	}
	if err := c.cur.Commit(r.Seq, line); err != nil {
		return err
	}
	if empty {
		c.first, c.began = r.Seq, c.w.opt.Now()
		c.age.Reset(c.w.opt.SegmentAge)
	}
	return nil
}

// rotate hands the segment to the sealer and goes on in a free one. What there
// is of an entry whose record is still to come moves along.
func (c *committer) rotate() {
	c.age.Stop()
	if c.cur.Empty() {
		return
	}
	next := <-c.w.sealer.free
	if name, frames, data := c.cur.Abort(); len(frames) > 0 {
		if err := move(next, name, frames, data); err != nil {
			c.w.stop(err)
		}
	}
	c.w.sealer.queue <- closing{c.cur, c.first}
	c.cur = next
}

func move(to *slab, name string, frames []segment.Frame, data []byte) error {
	if err := to.Begin(name); err != nil {
		return err
	}
	for _, f := range frames {
		if err := to.Frame(data[:f.Stored], f.Content); err != nil {
			return err
		}
		data = data[f.Stored:]
	}
	return nil
}
