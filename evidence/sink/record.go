package sink

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
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

// encodeRecord makes a record's line. Where it is too long, attributes that
// can be long are left out, with a word about it.
func encodeRecord(buf []byte, r *evidence.Record) ([]byte, error) {
	line, err := evidence.AppendRecord(buf, r)
	if err != nil || len(line) <= segment.MaxRecord {
		return line, err
	}
	cut := *r
	cut.Xattrs, cut.ACL, cut.Details, cut.StatAfter = nil, nil, nil, nil
	cut.Lost, cut.LostMore = r.Lost[:min(len(r.Lost), 100)], r.LostMore || len(r.Lost) > 100
	cut.Error = r.Error[:min(len(r.Error), 1000)] + " [record cut: it was over 1 MiB; extended attributes, ACL and details were left out]"
	*r = cut
	return evidence.AppendRecord(line[:0], r)
}
