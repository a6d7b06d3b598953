package sink

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
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

// sums hashes content as it is read.
type sums struct{ sha256, sha1, md5 hash.Hash }

func newSums(o Options) sums {
	s := sums{sha256: sha256.New()}
	if o.SHA1 {
		s.sha1 = sha1.New()
	}
	if o.MD5 {
		s.md5 = md5.New()
	}
	return s
}

func (s sums) write(b []byte) {
	s.sha256.Write(b)
	if s.sha1 != nil {
		s.sha1.Write(b)
	}
	if s.md5 != nil {
		s.md5.Write(b)
	}
}

func hexSum(h hash.Hash) string {
	if h == nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// splitter turns a run of content into frames and part records.
type splitter struct {
	w        *Writer
	job      *job
	whole    sums
	part     sums // of the current part, from the second one on
	number   int  // of the current part
	partAt   int64
	size     int64
	partFrom time.Time
}

func (w *Writer) newSplitter(j *job) *splitter {
	return &splitter{w: w, job: j, whole: newSums(w.opt), number: 1, partFrom: w.opt.Now()}
}

// send compresses the content in buf, a buffer of the pool, and passes it on.
// Where the item is long, compression goes on beside reading.
func (s *splitter) send(buf []byte, more bool) {
	s.whole.write(buf)
	if s.number > 1 {
		s.part.write(buf)
	}
	s.size += int64(len(buf))
	f := &frame{done: make(chan struct{})}
	if !more {
		s.w.enc.compress(f, buf, s.w.pool)
		close(f.done)
	} else {
		go func() {
			s.w.enc.compress(f, buf, s.w.pool)
			close(f.done)
		}()
	}
	s.job.out <- piece{frame: f, number: s.number}
}

// full reports whether the current part must end here.
func (s *splitter) full() bool {
	n := s.size - s.partAt
	return n+segment.FrameSize > s.w.partSize || n > 0 && s.w.opt.Now().Sub(s.partFrom) > partAge
}

// endPart closes the current part, which is not the last.
func (s *splitter) endPart(r evidence.Record) {
	r.Outcome = evidence.Collected
	r.StatAfter, r.Lost, r.LostMore = nil, nil, false
	s.cover(&r, false)
	s.job.out <- piece{record: &r}
	s.number++
	s.partAt, s.partFrom, s.part = s.size, s.w.opt.Now(), newSums(s.w.opt)
}

// cover fills in sizes and digests of a record that ends here.
func (s *splitter) cover(r *evidence.Record, last bool) {
	r.Ended = evidence.At(s.w.opt.Now())
	r.Size = s.size - s.partAt
	of := s.whole
	if s.number > 1 {
		of = s.part
	}
	r.SHA256, r.SHA1, r.MD5 = hexSum(of.sha256), hexSum(of.sha1), hexSum(of.md5)
	if s.number == 1 && last {
		return
	}
	r.Part = &evidence.Part{Number: s.number, Offset: s.partAt, Last: last}
	if last {
		r.Part.WholeSize, r.Part.WholeSHA256 = s.size, hexSum(s.whole.sha256)
		r.Part.WholeSHA1, r.Part.WholeMD5 = hexSum(s.whole.sha1), hexSum(s.whole.md5)
	}
}

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

// conclude sets the outcome of an item whose bytes have been read as far as
// that was possible.
func (s *splitter) conclude(r *evidence.Record, f evidence.Finish, err error) {
	r.Lost, r.LostMore = f.Lost, f.LostMore
	addDetails(r, f.Details)
	changed := f.Changed || f.After != nil && statChanged(r.Stat, *f.After)
	short := r.StatLen - s.size
	switch {
	case err != nil && s.size == 0:
		setError(r, evidence.OutcomeOf(err), err)
		return
	case err != nil:
		setError(r, evidence.Partial, err)
		if short > 0 {
			r.Lost = append(r.Lost, evidence.Range{Offset: s.size, Length: short, Error: err.Error()})
		}
	case len(f.Lost) > 0:
		r.Outcome = evidence.Partial
	case changed:
		r.Outcome = evidence.Changed
	case short > 0 && r.Alloc > 0 && r.Type == evidence.TypeFile:
		r.Outcome = evidence.Partial
		r.Lost = append(r.Lost, evidence.Range{Offset: s.size, Length: short, Error: "the file ended before the size that it states"})
	case s.size == 0:
		r.Outcome = evidence.Empty
	default:
		r.Outcome = evidence.Collected
	}
	if changed {
		r.StatAfter = f.After
	}
}

// addDetails merges into a map that other records may share.
func addDetails(r *evidence.Record, more map[string]string) {
	if len(more) == 0 {
		return
	}
	all := maps.Clone(r.Details)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	r.Details = all
}

// statChanged compares what a write to the file would have moved.
func statChanged(a, b evidence.Stat) bool {
	return a.StatLen != b.StatLen || !a.MTime.Equal(b.MTime.Time) || !a.CTime.Equal(b.CTime.Time) || a.Inode != b.Inode
}

func setError(r *evidence.Record, o evidence.Outcome, err error) {
	r.Outcome = o
	if errors.Is(err, evidence.ErrBudget) {
		r.Reason = err.Error()
		return
	}
	r.Error = err.Error()
}
