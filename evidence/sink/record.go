package sink

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/hozen-dfir/hozen/evidence"
)

// entryName names the entry of a part. Whether there will be a second part is
// not known during the first, so commit renames that one.
func entryName(r *evidence.Record, part int) string {
	name := evidence.EntryName(r.Source, r.RawPath())
	if part > 1 {
		name = evidence.PartName(name, part)
	}
	return name
}

func (c *committer) record(j *job, r *evidence.Record, last bool) error {
	c.seq++
	r.Seq, r.Salt = c.seq, salt()
	if r.Part != nil {
		if r.Part.Number == 1 {
			j.parts.first = r.Seq
		}
		r.Part.Item = j.parts.first
	}
	r.FitTimes()
	line, err := encodeRecord(c.line[:0], r)
	c.line = line
	if err != nil {
		return err
	}
	if err := c.fit(func() error { return c.commit(r, line) }); err != nil {
		return err
	}
	c.w.count(*r, last)
	if last && j.item.Done != nil {
		j.item.Done(*r)
	}
	return nil
}

// count keeps the totals. Parts but the last count as records only.
func (w *Writer) count(r evidence.Record, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.totals.Records++
	w.totals.Bytes += r.Size
	if last {
		w.totals.Items++
		w.totals.Outcomes[r.Outcome]++
	}
}

func salt() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return base64.StdEncoding.EncodeToString(b[:])
}
