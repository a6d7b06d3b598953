package bundle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"

	"github.com/hozen-dfir/hozen/evidence"
)

// Item is one item of a bundle, its parts put together.
type Item struct {
	// Record is the item's record. Of an item in parts it is the last part's,
	// with Size and digests of the whole and Seq of the first.
	Record evidence.Record
	Parts  []Part // where the content is, in order
	// Torn says that this is a run of the item's bytes and not the whole: the
	// collection ended before the item did, or something of it could not be read.
	// The record's Error says which; Size is what there is, and there is no digest
	// of the whole. Where bytes are missing in the middle each run is an item, the
	// later ones with Seq of their first part.
	Torn bool

	first int  // number of the first part
	ended bool // with the last part
}

// Part is one run of an item's content.
type Part struct {
	Segment int // number, from 1
	Seq     uint64
	Offset  int64 // in the item
	Size    int64
	SHA256  string
}

// Items yields every item in the order of their (last) records, and then those
// that are torn. An error for one segment is yielded with a nil item, and the next
// segment goes on.
func (b *Bundle) Items(ctx context.Context) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		rs := runs{open: map[uint64]*Item{}, lost: b.broken != ""}
		for n := 1; n <= len(b.Segments); n++ {
			seg, err := b.cache.get(ctx, n)
			if err != nil {
				rs.lost = true
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
				it, err := rs.join(line, n)
				rs.lost = rs.lost || err != nil
				if (it != nil || err != nil) && !yield(it, err) {
					return
				}
			}
		}
		for _, it := range rs.torn() {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// readAhead is how many segments are read beside the one that is looked at.
func readAhead() int { return min(runtime.GOMAXPROCS(0), cachedSegments-2) }

func (r *contentReader) end() error {
	if r.sum == nil {
		return io.EOF
	}
	if got := hex.EncodeToString(r.sum.Sum(nil)); got != r.want {
		return fmt.Errorf("%w: SHA-256 of the content is %s; the record says %q", ErrVerify, got, r.want)
	}
	return io.EOF
}
