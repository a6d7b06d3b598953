package bundle

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// partRef is a part of an item that is checked with the whole item, after the
// segments.
type partRef struct {
	segment int
	r       evidence.Record
}

// deepWorker opens segments and checks all that is in them.
func (v *verification) deepWorker(ctx context.Context, next <-chan seal.Segment) error {
	d, err := newDigester()
	if err != nil {
		return err
	}
	defer d.dec.Close()
	var buf []byte
	for s := range next {
		var seg *segment.Segment
		seg, buf, err = v.b.load(ctx, s, buf)
		switch {
		case errors.Is(err, ErrNoIdentity), ctx.Err() != nil:
			return err
		case err != nil:
			v.problem(s.Object, "%v", trim(err))
			continue
		}
		if err := v.inside(seg, s, d); err != nil {
			v.problem(s.Object, "%v", trim(err))
		}
		v.progress(s.Size)
	}
	return nil
}

// trim takes the sentinel's words off: the report says it all.
func trim(err error) string {
	return strings.TrimPrefix(err.Error(), ErrVerify.Error()+": ")
}

// inside checks one segment's records and content.
func (v *verification) inside(seg *segment.Segment, s seal.Segment, d *digester) error {
	root, n := seg.Root()
	if seal.RootText(root) != s.Root || n != s.Items {
		return fmt.Errorf("its %d item records have root %s; the leaf says %d and %s", n, seal.RootText(root), s.Items, s.Root)
	}
	seq, content := s.First, 0
	tally := map[evidence.Outcome]int{}
	for line := range seg.Lines() {
		var r evidence.Record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("record %d is no JSON: %w", seq, err)
		}
		if r.Format != evidence.RecordFormat || r.Seq != seq || !r.Outcome.Valid() || r.Size < 0 {
			return fmt.Errorf("record %d: format %q, number %d, outcome %q, size %d", seq, r.Format, r.Seq, r.Outcome, r.Size)
		}
		seq++
		if r.Size > 0 {
			content++
		}
		if r.Part != nil {
			v.mu.Lock()
			v.parts[r.Part.Item] = append(v.parts[r.Part.Item], partRef{s.Number, r})
			v.mu.Unlock()
		} else if err := v.content(seg, r, d); err != nil {
			v.problem(s.Object, "record %d, %q: %v", r.Seq, r.Path, trim(err))
		}
		if r.Part == nil || r.Part.Last {
			tally[r.Outcome]++
		}
	}
	if content != seg.Entries() {
		return fmt.Errorf("%d records have content, and there are %d entries", content, seg.Entries())
	}
	v.items.Add(int64(n))
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tally == nil {
		v.tally = map[evidence.Outcome]int{}
	}
	for k, x := range tally {
		v.tally[k] += x
	}
	return nil
}

// content checks the bytes of an item that lies in one segment.
func (v *verification) content(seg *segment.Segment, r evidence.Record, d *digester) error {
	if r.Size == 0 {
		return nil
	}
	e, ok := seg.Entry(r.Seq)
	if !ok {
		return errors.New("has no content in the segment")
	}
	if err := e.CheckCRC(); err != nil {
		return err
	}
	d.reset(r)
	at := 0
	for _, f := range e.Frames {
		if err := d.frame(e.Data[at:at+f.Stored], f.Content); err != nil {
			return err
		}
		at += f.Stored
	}
	v.bytes.Add(d.size)
	return d.compare(r.Size, r.SHA256, r.SHA1, r.MD5)
}

// wholeItems checks the items that lie in parts: each part by itself and the
// whole, in one pass over their content.
func (v *verification) wholeItems(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(v.o.Workers)
	for _, item := range slices.Sorted(maps.Keys(v.parts)) {
		refs := v.parts[item]
		slices.SortFunc(refs, func(a, b partRef) int { return a.r.Part.Number - b.r.Part.Number })
		g.Go(func() error {
			err := v.wholeItem(ctx, refs)
			if err != nil && ctx.Err() == nil {
				v.problem(v.b.Segments[refs[0].segment-1].Object, "item %d, %q: %v", item, refs[0].r.Path, trim(err))
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

func (v *verification) wholeItem(ctx context.Context, refs []partRef) error {
	whole, err := newDigester()
	if err != nil {
		return err
	}
	defer whole.dec.Close()
	last := refs[len(refs)-1].r
	whole.reset(evidence.Record{SHA1: last.Part.WholeSHA1, MD5: last.Part.WholeMD5})
	var off int64
	for i, ref := range refs {
		r := ref.r
		if r.Part.Number != i+1 || r.Part.Offset != off || r.Part.Last && i != len(refs)-1 || r.Part.Item != refs[0].r.Seq {
			return fmt.Errorf("part %d (record %d) does not follow the one before", r.Part.Number, r.Seq)
		}
		off += r.Size
		if err := v.part(ctx, ref, whole); err != nil {
			return fmt.Errorf("part %d (record %d): %w", r.Part.Number, r.Seq, err)
		}
	}
	v.bytes.Add(whole.size)
	if !last.Part.Last {
		if v.b.End != nil {
			return errors.New("its last part is missing from a bundle that was ended")
		}
		return nil
	}
	return whole.compare(last.Part.WholeSize, last.Part.WholeSHA256, last.Part.WholeSHA1, last.Part.WholeMD5)
}

// part checks one part and adds its content to the whole.
func (v *verification) part(ctx context.Context, ref partRef, whole *digester) error {
	r := ref.r
	if r.Size == 0 {
		return nil
	}
	e, err := v.b.place(ctx, ref.segment, r.Seq)
	if err != nil {
		return err
	}
	if err := e.CheckCRC(); err != nil {
		return err
	}
	part := &digester{sha256: sha256.New()}
	if r.SHA1 != "" {
		part.sha1 = sha1.New()
	}
	if r.MD5 != "" {
		part.md5 = md5.New()
	}
	at := 0
	for _, f := range e.Frames {
		if err := whole.frame(e.Data[at:at+f.Stored], f.Content); err != nil {
			return err
		}
		if r.Part.Number > 1 {
			part.write(whole.buf)
		}
		at += f.Stored
	}
	if r.Part.Number == 1 { // the whole is no more than this so far
		return whole.compare(r.Size, r.SHA256, r.SHA1, r.MD5)
	}
	return part.compare(r.Size, r.SHA256, r.SHA1, r.MD5)
}

// totals compares the end leaf's counts with what was read.
func (v *verification) totals() {
	e := v.b.End
	if e == nil || len(v.r.Problems) > 0 {
		return
	}
	items := 0
	for _, n := range v.tally {
		items += n
	}
	if uint64(items) != e.Items || e.Bytes != v.bytes.Load() || !maps.Equal(e.Outcomes, v.tally) {
		v.problem("end leaf", "counts %d items, %d bytes and %v; the records give %d, %d and %v", e.Items, e.Bytes, e.Outcomes, items, v.bytes.Load(), v.tally)
	}
}

// digester decodes frames and hashes what they hold.
type digester struct {
	dec               *zstd.Decoder
	buf               []byte
	sha256, sha1, md5 hash.Hash
	size              int64
}

func newDigester() (*digester, error) {
	dec, err := newDecoder()
	return &digester{dec: dec, sha256: sha256.New()}, err
}

// reset begins an item; SHA-1 and MD5 are computed where the record has them.
func (d *digester) reset(r evidence.Record) {
	d.size, d.sha1, d.md5 = 0, nil, nil
	d.sha256.Reset()
	if r.SHA1 != "" {
		d.sha1 = sha1.New()
	}
	if r.MD5 != "" {
		d.md5 = md5.New()
	}
}

func (d *digester) frame(stored []byte, content int) (err error) {
	if d.buf, err = decode(d.dec, stored, content, d.buf); err == nil {
		d.write(d.buf)
	}
	return err
}

func (d *digester) write(b []byte) {
	d.size += int64(len(b))
	for _, h := range []hash.Hash{d.sha256, d.sha1, d.md5} {
		if h != nil {
			h.Write(b)
		}
	}
}

func (d *digester) compare(size int64, sha256, sha1, md5 string) error {
	if d.size != size {
		return fmt.Errorf("holds %d bytes; the record says %d", d.size, size)
	}
	for _, c := range []struct {
		name string
		h    hash.Hash
		want string
	}{{"SHA-256", d.sha256, sha256}, {"SHA-1", d.sha1, sha1}, {"MD5", d.md5, md5}} {
		if c.h == nil {
			continue
		}
		if got := hex.EncodeToString(c.h.Sum(nil)); got != c.want {
			return fmt.Errorf("%s of its content is %s; the record says %q", c.name, got, c.want)
		}
	}
	return nil
}
