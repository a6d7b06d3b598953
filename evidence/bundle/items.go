package bundle

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"

	"github.com/hozen-dfir/hozen/evidence"
)

// Item is one item of a bundle, its parts put together.
type Item struct {
	// Record is the item's record. Of an item in parts it is the last part's,
	// with Size and digests of the whole and Seq of the first.
	Record evidence.Record
	Parts  []Part // where the content is, in order
	// Torn says that the collection ended before the item did; Size is what
	// there is, and there is no digest of the whole.
	Torn bool
}

// Part is one run of an item's content.
type Part struct {
	Segment int // number, from 1
	Seq     uint64
	Offset  int64 // in the item
	Size    int64
	SHA256  string
}

// Items yields every item in the order of their (last) records. An error for
// one segment is yielded with a nil item, and the next segment goes on.
func (b *Bundle) Items(ctx context.Context) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		torn := map[uint64]*Item{}
		for n := 1; n <= len(b.Segments); n++ {
			seg, err := b.cache.get(ctx, n)
			if err != nil {
				if ctx.Err() == nil && !errors.Is(err, ErrNoIdentity) {
					err = fmt.Errorf("%w; its leaf counts %d item records in it", err, b.Segments[n-1].Items)
				}
				if !yield(nil, err) || ctx.Err() != nil || errors.Is(err, ErrNoIdentity) {
					return
				}
				continue
			}
			for k := n + 1; k <= min(n+readAhead(), len(b.Segments)); k++ {
				go b.cache.get(ctx, k) // the cache owns the result
			}
			for line := range seg.Lines() {
				it, err := join(torn, line, n)
				if (it != nil || err != nil) && !yield(it, err) {
					return
				}
			}
		}
		for _, it := range tornItems(torn) {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// readAhead is how many segments are read beside the one that is looked at.
func readAhead() int { return min(runtime.GOMAXPROCS(0), cachedSegments-2) }

// join reads a record and returns the item that it completes.
func join(torn map[uint64]*Item, line []byte, number int) (*Item, error) {
	var r evidence.Record
	if err := evidence.ParseRecord(line, &r); err != nil {
		return nil, fmt.Errorf("%w: segment %d: a record is no JSON: %w", ErrVerify, number, err)
	}
	if err := cmp.Or(r.Check(), r.Stated(line)); err != nil {
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
	it := torn[r.Part.Item]
	if it == nil {
		it = &Item{Torn: true}
		torn[r.Part.Item] = it
	}
	if n := len(it.Parts); r.Part.Number != n+1 || n > 0 && it.Parts[n-1].Offset+it.Parts[n-1].Size != p.Offset {
		return nil, fmt.Errorf("%w: segment %d: record %d is part %d of item %d; part %d was due", ErrVerify, number, r.Seq, r.Part.Number, r.Part.Item, n+1)
	}
	it.Parts = append(it.Parts, p)
	it.Record = r
	it.Record.Seq, it.Record.Size, it.Record.Part = r.Part.Item, p.Offset+p.Size, nil
	if !r.Part.Last {
		it.Record.SHA256, it.Record.SHA1, it.Record.MD5 = "", "", ""
		return nil, nil
	}
	delete(torn, r.Part.Item)
	it.Torn = false
	it.Record.SHA256, it.Record.SHA1, it.Record.MD5 = r.Part.WholeSHA256, r.Part.WholeSHA1, r.Part.WholeMD5
	if it.Record.Size != r.Part.WholeSize {
		return nil, fmt.Errorf("%w: segment %d: item %d has %d bytes in its parts and states %d", ErrVerify, number, r.Part.Item, it.Record.Size, r.Part.WholeSize)
	}
	return it, nil
}

// tornItems are those whose last part never came, by sequence number.
func tornItems(torn map[uint64]*Item) []*Item {
	var out []*Item
	for _, it := range torn {
		it.Record.Outcome = evidence.Partial
		it.Record.Error = "the collection ended before this item did"
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b *Item) int { return cmp.Compare(a.Record.Seq, b.Record.Seq) })
	return out
}

func (r *contentReader) end() error {
	if r.sum == nil {
		return io.EOF
	}
	if got := hex.EncodeToString(r.sum.Sum(nil)); got != r.want {
		return fmt.Errorf("%w: SHA-256 of the content is %s; the record says %q", ErrVerify, got, r.want)
	}
	return io.EOF
}
