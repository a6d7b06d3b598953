package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// brief is what checking needs of a record: what is kept of parts until their
// turn comes.
type brief struct {
	Seq               uint64
	Source, Path      string
	Size              int64
	SHA256, SHA1, MD5 string
	Part              *evidence.Part
	Lost              []evidence.Range // those that are zeros to the last byte
}

func briefOf(r *evidence.Record) brief {
	b := brief{r.Seq, r.Source, r.RawPath(), r.Size, r.SHA256, r.SHA1, r.MD5, r.Part, r.Lost}
	if r.LostMore { // one of them covers bytes that could be read
		b.Lost = nil
	}
	return b
}

// deepWorker opens segments and checks all that is in them.
func (v *verification) deepWorker(ctx context.Context, next <-chan seal.Segment) error {
	d, err := newDigester()
	if err != nil {
		v.leave()
		return err
	}
	defer d.dec.Close()
	if err := v.deepSegments(ctx, next, d); err != nil {
		return err
	}
	v.help(d)
	return nil
}

// deepSegments is a worker's work of its own.
func (v *verification) deepSegments(ctx context.Context, next <-chan seal.Segment, d *digester) (err error) {
	defer v.leave()
	var buf []byte
	for s := range next {
		var seg *segment.Segment
		seg, buf, err = v.b.Load(ctx, s, buf)
		switch {
		case errors.Is(err, bundle.ErrNoIdentity), ctx.Err() != nil:
			return err
		case err != nil:
			v.notOpened(s.Object, err)
			v.chains.finished(s.Number)
			continue
		}
		switch err := v.inside(ctx, seg, s, d); {
		case ctx.Err() != nil: // what was found then may be that nobody waits any more
			return ctx.Err()
		case err != nil:
			v.wrong(s.Object, "%v", bundle.Reason(err))
			v.unopened.Add(1) // not to its end
		}
		v.chains.finished(s.Number)
		v.progress(s.Size)
	}
	return nil
}

// inside checks one segment's records and content. Parts that continue an item
// come last: they may have to wait for another worker, and others for the first
// parts that are in here.
func (v *verification) inside(ctx context.Context, seg *segment.Segment, s seal.Segment, d *digester) error {
	root, n := seg.Root()
	if seal.RootText(root) != s.Root || n != s.Items {
		return fmt.Errorf("its %d item records have root %s; the leaf says %d and %s", n, seal.RootText(root), s.Items, s.Root)
	}
	seq, content := s.First, 0
	tally := map[evidence.Outcome]int{}
	var parts []brief
	lent := loans{v: v, seg: seg, where: s.Object}
	defer lent.settle(d) // before the segment's memory is used again
	for line := range seg.Lines() {
		var full evidence.Record
		if err := evidence.ParseRecord(line, &full); err != nil {
			return fmt.Errorf("record %d can't be read: %w", seq, err)
		}
		if err := full.Check(); err != nil {
			return fmt.Errorf("record %d: %w", seq, err)
		}
		if full.Seq != seq {
			return fmt.Errorf("record %d has number %d", seq, full.Seq)
		}
		if e, ok := seg.Entry(seq); ok && !segment.Fits(e.Name, entryName(&full)) {
			return fmt.Errorf("record %d: entry %q is not named for its path %q", seq, e.Name, full.Path)
		}
		r := briefOf(&full)
		seq++
		if r.Size > 0 {
			content++
		}
		switch {
		case r.Part == nil:
			lent.check(r, d)
		case r.Part.Number == 1:
			v.part(ctx, seg, s, r, d)
		default:
			parts = append(parts, r)
		}
		if r.Part == nil || r.Part.Last {
			tally[full.Outcome]++
		}
	}
	if content != seg.Entries() {
		return fmt.Errorf("%d records have content, and there are %d entries", content, seg.Entries())
	}
	v.items.Add(int64(n))
	v.count(tally)
	lent.settle(d)
	for _, r := range parts {
		v.part(ctx, seg, s, r, d)
	}
	return nil
}

// entryName is the name that a record's path gives its entry.
func entryName(r *evidence.Record) string {
	name := evidence.EntryName(r.Source, r.RawPath())
	if r.Part != nil {
		name = evidence.PartName(name, r.Part.Number)
	}
	return name
}

func (v *verification) count(tally map[evidence.Outcome]int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for k, n := range tally {
		v.tally[k] += n
	}
}

// content checks the bytes of an item that lies in one segment.
func (v *verification) content(seg *segment.Segment, r brief, d *digester) error {
	if r.Size == 0 {
		return d.nothing(r)
	}
	e, ok := seg.Entry(r.Seq)
	if !ok {
		return errors.New("has no content in the segment")
	}
	if err := e.CheckCRC(); err != nil {
		return err
	}
	d.reset(r.SHA1 != "", r.MD5 != "")
	if d.lost, d.from = r.Lost, 0; r.Part != nil {
		d.from = r.Part.Offset
	}
	said := int64(0)
	for _, f := range e.Frames {
		said += int64(f.Content)
	}
	if said != r.Size { // kept or not, so that the same is said of a part whenever its turn comes
		return fmt.Errorf("its frames hold %d bytes; the record says %d", said, r.Size)
	}
	if d.keep {
		d.content = slices.Grow(d.content, int(said))
	}
	at := 0
	for _, f := range e.Frames {
		if err := d.frame(e.Data[at:at+f.Stored], f.Content); err != nil {
			return err
		}
		at += f.Stored
	}
	if d.notLost != nil {
		return d.notLost
	}
	v.bytes.Add(d.size)
	return d.compare(r.Size, r.SHA256, r.SHA1, r.MD5)
}

// maxPart is the most content that a part can have in any segment. Parts wait in
// memory for their turn.
const maxPart = segment.MaxSize - segment.PartRoom

// part checks one part by itself and adds its content to the whole item.
func (v *verification) part(ctx context.Context, seg *segment.Segment, s seal.Segment, r brief, d *digester) {
	var err error
	switch {
	case r.Size > maxPart:
		err = fmt.Errorf("holds %d bytes; no part has more than %d", r.Size, maxPart)
	case r.Part.Number == 1:
		err = v.firstPart(ctx, seg, s, r, d)
	default:
		err = v.laterPart(ctx, seg, s, r, d)
	}
	if err != nil {
		v.wrong(s.Object, "%s: %v", r, bundle.Reason(err))
	}
}

// firstPart: what was hashed of it is the beginning of the whole.
func (v *verification) firstPart(ctx context.Context, seg *segment.Segment, s seal.Segment, r brief, d *digester) error {
	err := v.content(seg, r, d)
	it, aerr := v.await(ctx, s.Number, r, d.handOver(), d)
	if aerr != nil {
		v.astray(s.Object, r, aerr)
		return err
	}
	return cmp.Or(err, v.chains.settle(it, r, err == nil))
}

// laterPart hashes into the whole what it decodes, where that is due; else it
// decodes into memory, so that only the hash of the whole has to wait.
func (v *verification) laterPart(ctx context.Context, seg *segment.Segment, s seal.Segment, r brief, d *digester) error {
	it, _, aerr := v.chains.turn(s.Number, r, nil)
	switch {
	case aerr != nil:
		v.astray(s.Object, r, aerr)
		return v.content(seg, r, d)
	case it != nil:
		d.whole = it.whole
		err := v.content(seg, r, d)
		d.whole = nil
		return cmp.Or(err, v.chains.settle(it, r, err == nil))
	}
	d.keep, d.content = true, d.content[:0]
	err := v.content(seg, r, d)
	d.keep = false
	if it, aerr = v.await(ctx, s.Number, r, nil, d); aerr != nil {
		v.astray(s.Object, r, aerr)
		return err
	}
	if err == nil && !it.broken {
		it.whole.write(d.content)
	}
	return cmp.Or(err, v.chains.settle(it, r, err == nil))
}

// await waits until a part is due, and checks items of other workers meanwhile.
func (v *verification) await(ctx context.Context, segment int, r brief, whole, d *digester) (*chain, error) {
	for ctx.Err() == nil {
		it, due, err := v.chains.turn(segment, r, whole)
		if due == nil {
			return it, err
		}
		select {
		case l := <-v.lent: // never closed while somebody has a segment
			v.take(l, d)
		case <-due:
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

// String names a part for people.
func (r brief) String() string {
	return fmt.Sprintf("record %d, part %d of %q", r.Seq, r.Part.Number, r.Path)
}

// astray keeps what is wrong with a part's place in its item until all segments
// have been seen: the part before may lie in one that can't be opened.
func (v *verification) astray(where string, r brief, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.strays) < maxProblems {
		v.strays = append(v.strays, bundle.NewProblem(where, fmt.Sprintf("%s: %v", r, err)))
	}
}

// wholes reports the parts that are not where they belong, and the items whose
// last part never came, where every segment was seen.
func (v *verification) wholes() {
	if v.gappy() || v.unopened.Load() > 0 || !v.allThere() {
		return
	}
	for _, p := range v.strays {
		v.wrong(p.Where, "%s", p.What)
	}
	for item, err := range v.chains.open {
		if v.b.EndLeaf != nil {
			v.wrong("segments", "item %d: %v", item, err)
		}
	}
}

// allThere reports whether there is no segment whose leaf could not be read.
func (v *verification) allThere() bool {
	n := len(v.b.Segments)
	return (n == 0 || v.b.Segments[n-1].Number == n) && (v.b.EndLeaf == nil || v.b.EndLeaf.Segments == n)
}

// totals compares the end leaf's counts with what was read.
func (v *verification) totals() {
	e := v.b.EndLeaf
	if e == nil || len(v.r.Problems) > 0 || v.gappy() {
		return
	}
	items := 0
	for _, n := range v.tally {
		items += n
	}
	if uint64(items) != e.Items || e.Bytes != v.bytes.Load() || !maps.Equal(e.Outcomes, v.tally) {
		v.wrong("end leaf", "counts %d items, %d bytes and %v; the records give %d, %d and %v", e.Items, e.Bytes, e.Outcomes, items, v.bytes.Load(), v.tally)
	}
}
