package bundle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
)

// runs puts the parts of items together.
type runs struct {
	open map[uint64]*Item // those that may go on, by the record of their item's first part
	cut  []*Item          // those that can't
	lost bool             // something could not be read: what is missing may lie there
}

// join reads a record and returns the item that it completes.
func (rs *runs) join(line []byte, number int) (*Item, error) {
	var r evidence.Record
	if err := evidence.ParseRecord(line, &r); err != nil {
		return nil, fmt.Errorf("%w: segment %d: a record can't be read: %w", ErrVerify, number, err)
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%w: segment %d: record %d: %w", ErrVerify, number, r.Seq, err)
	}
	p := Part{Segment: number, Seq: r.Seq, Size: r.Size, SHA256: r.SHA256}
	if r.Part == nil {
		it := &Item{Record: r}
		if r.Size > 0 {
			it.Parts = []Part{p}
		}
		return it, nil
	}
	p.Offset = r.Part.Offset
	it, err := rs.run(r, number)
	if it == nil {
		return nil, err
	}
	if it.add(r, p); !it.ended {
		return nil, err
	}
	delete(rs.open, r.Part.Item)
	if it.first > 1 {
		rs.cut = append(rs.cut, it)
		return nil, err
	}
	it.Torn = false
	it.Record.SHA256, it.Record.SHA1, it.Record.MD5 = r.Part.WholeSHA256, r.Part.WholeSHA1, r.Part.WholeMD5
	if it.Record.Size != r.Part.WholeSize {
		return nil, fmt.Errorf("%w: segment %d: item %d has %d bytes in its parts and states %d", ErrVerify, number, r.Part.Item, it.Record.Size, r.Part.WholeSize)
	}
	return it, nil
}

// run returns the run that a part continues, or begins: the first part does, and
// any behind a gap, so that what can be proved is not lost with what can't. Such a
// gap is an error, unless what is missing may lie where nothing could be read. A
// part that came already has no run.
func (rs *runs) run(r evidence.Record, number int) (*Item, error) {
	it, due := rs.open[r.Part.Item], 1
	if it != nil {
		due = it.first + len(it.Parts)
	}
	if r.Part.Number == due && it.upTo() == r.Part.Offset {
		if it == nil {
			it = &Item{Torn: true, first: 1}
			rs.open[r.Part.Item] = it
		}
		return it, nil
	}
	err := fmt.Errorf("%w: segment %d: record %d is part %d of item %d; part %d was due", ErrVerify, number, r.Seq, r.Part.Number, r.Part.Item, due)
	if r.Part.Number <= due {
		return nil, err
	}
	if it != nil {
		rs.cut = append(rs.cut, it)
	}
	if rs.lost {
		err = nil
	}
	it = &Item{Torn: true, first: r.Part.Number}
	rs.open[r.Part.Item] = it
	return it, err
}

// upTo is where in the item the next part must lie.
func (it *Item) upTo() int64 {
	if it == nil {
		return 0
	}
	last := it.Parts[len(it.Parts)-1]
	return last.Offset + last.Size
}

// add appends a part to a run.
func (it *Item) add(r evidence.Record, p Part) {
	it.Parts, it.ended = append(it.Parts, p), r.Part.Last
	it.Record = r
	it.Record.Seq, it.Record.Size, it.Record.Part = r.Part.Item, p.Offset+p.Size-it.Parts[0].Offset, nil
	if it.first > 1 {
		it.Record.Seq = it.Parts[0].Seq
	}
	it.Record.SHA256, it.Record.SHA1, it.Record.MD5 = "", "", "" // of the part
}

// torn are the runs that are no whole items, by sequence number.
func (rs *runs) torn() []*Item {
	out := rs.cut
	for _, it := range rs.open {
		out = append(out, it)
	}
	for _, it := range out {
		var why []string
		if it.first > 1 {
			why = append(why, fmt.Sprintf("these are its bytes from %d on: what comes before could not be read", it.Parts[0].Offset))
		}
		switch {
		case it.ended:
		case rs.lost:
			why = append(why, fmt.Sprintf("what came after byte %d is not there, or could not be read", it.upTo()))
		default:
			why = append(why, "the collection ended before this item did")
		}
		it.Record.Outcome, it.Record.Error = evidence.Partial, strings.Join(why, "; ")
	}
	slices.SortFunc(out, func(a, b *Item) int { return cmp.Compare(a.Record.Seq, b.Record.Seq) })
	return out
}
