package verify

import (
	"sync"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Segments are few and large: near the end most workers would wait for the one
// that has the last. Those without a segment take items of those who have one.

// lendFrom is the least content for which handing an item over is worth it.
const lendFrom = 64 << 10

// loan is one item of somebody's segment.
type loan struct {
	seg  *segment.Segment
	r    brief
	err  error
	done *sync.WaitGroup
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
		l.err = v.content(l.seg, l.r, d)
		l.done.Done()
	}
}

// loans are the items of one segment that are being checked, and what was wrong
// with those that were, in the order of records.
type loans struct {
	v     *verification
	seg   *segment.Segment
	where string
	out   []*loan
	done  sync.WaitGroup
}

// check gives an item to whoever has nothing to do, or checks it here.
func (l *loans) check(r brief, d *digester) {
	item := &loan{seg: l.seg, r: r, done: &l.done}
	if r.Size >= lendFrom {
		l.done.Add(1)
		select {
		case l.v.lent <- item:
			l.out = append(l.out, item)
			return
		default:
			l.done.Done()
		}
	}
	if item.err = l.v.content(l.seg, r, d); item.err != nil {
		l.out = append(l.out, item)
	}
}

// settle waits for what was given away, and reports.
func (l *loans) settle() {
	l.done.Wait()
	for _, item := range l.out {
		if item.err != nil {
			l.v.wrong(l.where, "record %d, %q: %v", item.r.Seq, item.r.Path, bundle.Reason(item.err))
		}
	}
	l.out = nil
}
