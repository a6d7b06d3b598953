package verify

import (
	"slices"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Segments are few and large: near the end most workers would wait for the one
// that has the last. Those without a segment take items of those who have one.

// lendFrom is the least work, in bytes of content, that is worth handing over;
// recordCost is what a record counts for besides.
const (
	lendFrom   = 64 << 10
	recordCost = 4 << 10
)

// loan is some items of somebody's segment.
type loan struct {
	seg   *segment.Segment
	items []brief
	errs  []error // what is wrong with each
	done  *sync.WaitGroup
}

// leave says that a worker has no more segments. Once none has, nobody lends.
func (v *verification) leave() {
	if v.atWork.Add(-1) == 0 {
		close(v.lent)
	}
}

// help checks items of other workers until nobody has any.
func (v *verification) help(d *digester) {
	for l := range v.lent {
		v.take(l, d)
	}
}

// take checks what is lent.
func (v *verification) take(l *loan, d *digester) {
	defer l.done.Done()
	for i, r := range l.items {
		l.errs[i] = v.content(l.seg, r, d)
	}
}

// loans are the items of one segment that are being checked, and what was wrong
// with those that were, in the order of records.
type loans struct {
	v     *verification
	seg   *segment.Segment
	where string
	next  []brief // to be checked together
	work  int64   // that they come to
	out   []*loan
	done  sync.WaitGroup
}

// check adds an item to those that are checked next.
func (l *loans) check(r brief, d *digester) {
	l.next = append(l.next, r)
	if l.work += min(r.Size, lendFrom) + recordCost; l.work >= lendFrom { // a lie about a size may be of any
		l.flush(d)
	}
}

// flush gives the items that come next to whoever has nothing to do, or checks
// them here.
func (l *loans) flush(d *digester) {
	items := &loan{l.seg, l.next, make([]error, len(l.next)), &l.done}
	l.next, l.work = nil, 0
	l.done.Add(1)
	select {
	case l.v.lent <- items:
	default:
		l.v.take(items, d)
		if !slices.ContainsFunc(items.errs, func(err error) bool { return err != nil }) {
			l.next = items.items[:0]
			return
		}
	}
	l.out = append(l.out, items)
}

// settle checks what is left, waits for what was given away, and reports.
func (l *loans) settle(d *digester) {
	if len(l.next) > 0 {
		l.flush(d)
	}
	l.done.Wait()
	for _, items := range l.out {
		for i, err := range items.errs {
			if r := items.items[i]; err != nil {
				l.v.wrong(l.where, "record %d, %q: %v", r.Seq, r.Path, bundle.Reason(err))
			}
		}
	}
	l.out = nil
}
