package sink

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

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

// cover fills in sizes and digests of a record that ends here. An item of which
// nothing could be read has no digest: that of no bytes would speak of a file
// that is empty.
func (s *splitter) cover(r *evidence.Record, last bool) {
	r.Ended = evidence.At(s.w.opt.Now())
	r.Size = s.size - s.partAt
	if !r.Outcome.HasBytes() && r.Outcome != evidence.Empty {
		return
	}
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
