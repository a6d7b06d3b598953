package run

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/hozen-dfir/hozen/evidence"
)

// governor keeps the budgets.
type governor struct {
	b     Budget
	stop  context.Context // ends when taking must end; its cause says why
	io    *rate.Limiter
	burst int
	pacer *pacer

	underWay atomic.Int64 // bytes read of items that are not settled, for progress

	mu    sync.Mutex
	spent int64 // bytes taken, and promised to items under way
	holes int64 // bytes of holes admitted, of files that have many
	few   int64 // and of the others
	links *links
}

// sparseFrom is how many bytes of holes a file may have before they count. What
// a compressing file system saves looks like holes, and is mostly below it.
const sparseFrom = 64 << 30

// fewHoles is how many times Budget.MaxSparse the holes of files with fewer may
// come to: a million files of 64 GiB cost nothing either.
const fewHoles = 8

// ioBurst is how much may be read at once under a limit: a tenth of a second's
// worth, so that short looks at the rate are right, and never more than a
// second's: who reads slowly is still seen to read (see drain).
func ioBurst(perSecond int64) int { return int(min(max(perSecond/10, min(perSecond, 4<<10)), 1<<20)) }

func newGovernor(stop context.Context, b Budget) *governor {
	g := &governor{b: b, stop: stop, pacer: newPacer(stop, b.CPU), links: newLinks()}
	if b.IO > 0 {
		g.burst = ioBurst(b.IO)
		g.io = rate.NewLimiter(rate.Limit(b.IO), g.burst)
	}
	return g
}

// cut is an error that ends an item by a budget; its text is the reason.
type cut struct{ reason string }

func (c cut) Error() string        { return c.reason }
func (c cut) Is(target error) bool { return target == evidence.ErrBudget }

// stopped is why taking has ended, or "".
func (g *governor) stopped() string {
	if g.stop.Err() == nil {
		return ""
	}
	return context.Cause(g.stop).Error()
}

// file reports whether an item is read from a file, rather than made here. A
// stream that states a size is one that has no name any more.
func file(r evidence.Record) bool {
	return r.Type == evidence.TypeFile || r.Type == evidence.TypeADS || r.Type == evidence.TypeStream && r.StatLen > 0
}

// admit decides about an item before it is handed over. One that a budget
// forbids loses its content and gets the reason; one that may be read is
// watched while it is. It returns the bytes that it promised.
func (g *governor) admit(it *evidence.Item) (reserved int64) {
	if it.Open == nil || !file(it.Record) {
		return 0
	}
	n := it.Record.StatLen
	if why := g.refuse(&it.Record); why != "" {
		it.Open = nil
		it.Record.Outcome, it.Record.Reason = evidence.Skipped, why
		return 0
	}
	g.pacer.pace()
	open := it.Open
	it.Open = func(ctx context.Context) (evidence.Content, error) {
		if why := g.stopped(); why != "" {
			return nil, cut{why}
		}
		c, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return &watched{Content: c, g: g, promised: n}, nil
	}
	return n
}

// holes are the bytes of a file that take no room where it lies, as far as its
// source tells.
func holes(r *evidence.Record) int64 {
	if r.Method == "os" && runtime.GOOS == "linux" || r.Method == "ntfs" {
		return r.StatLen - r.Alloc
	}
	return 0
}

// refuse says why a file must not be read; otherwise it promises its bytes.
func (g *governor) refuse(r *evidence.Record) string {
	n := r.StatLen
	if why := g.stopped(); why != "" {
		return why
	}
	if g.b.MaxFile > 0 && n > g.b.MaxFile {
		return fmt.Sprintf("budget max-file: the file has %d bytes, %d are allowed", n, g.b.MaxFile)
	}
	if why := g.tooMuch(r); why != "" {
		return why
	}
	if !g.spend(n) {
		return g.overTotal(n)
	}
	return ""
}

// tooMuch bounds what costs nothing where it lies: further names, and holes.
func (g *governor) tooMuch(r *evidence.Record) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if why := g.links.refuse(r); why != "" {
		return why
	}
	return g.tooSparse(r.StatLen, holes(r))
}

// tooSparse says why holes are too many, or counts them.
func (g *governor) tooSparse(n, holes int64) string {
	if g.b.MaxSparse == 0 || holes <= 0 {
		return ""
	}
	used, most := &g.holes, g.b.MaxSparse
	if holes <= sparseFrom {
		used, most = &g.few, min(most, math.MaxInt64/fewHoles)*fewHoles
	}
	if holes > most-*used {
		return fmt.Sprintf("budget max-sparse: %d of the file's %d bytes are holes; %d are allowed in all, of which %d are used up", holes, n, most, *used)
	}
	*used += holes
	return ""
}

// overTotal says that n bytes more are too many.
func (g *governor) overTotal(n int64) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Sprintf("budget max-total: %d bytes more would exceed the %d allowed, of which %d are used up", n, g.b.MaxTotal, g.spent)
}

// spend promises n bytes of the total, if they are left.
func (g *governor) spend(n int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.b.MaxTotal > 0 && n > g.b.MaxTotal-g.spent { // the sum could be more than any number
		return false
	}
	g.spent += n
	return true
}

// settle replaces a promise by what was really taken.
func (g *governor) settle(promised, taken int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spent += taken - promised
}

// pace holds reading that no item shows to the budgets.
func (g *governor) pace(n int) error {
	g.pacer.pace()
	for g.io != nil && n > 0 {
		part := min(n, g.burst)
		if g.io.WaitN(g.stop, part) != nil {
			break
		}
		n -= part
	}
	if why := g.stopped(); why != "" {
		return cut{why}
	}
	return nil
}

// watched is content under budgets.
type watched struct {
	evidence.Content
	g        *governor
	promised int64 // of the total
	off      int64
	extra    int64 // promised beyond promised
	end      error // why reading was ended
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	if w.end != nil {
		return 0, w.end
	}
	if why := w.g.stopped(); why != "" {
		return 0, w.cut(why)
	}
	w.g.pacer.pace()
	if w.g.io != nil {
		p = p[:min(len(p), w.g.burst)]
	}
	if m := w.g.b.MaxFile; m > 0 && w.off+int64(len(p)) > m {
		if w.off >= m {
			return w.last(fmt.Sprintf("budget max-file: the file grew beyond the %d bytes allowed", m))
		}
		p = p[:m-w.off]
	}
	if w.g.b.MaxSparse > 0 && w.off-w.promised > sparseFrom {
		return 0, w.cut(fmt.Sprintf("budget max-sparse: the file grew by more than %d bytes before it was read", int64(sparseFrom)))
	}
	n, err := w.Content.Read(p)
	if !w.promise(n) {
		return 0, w.cut(w.g.overTotal(int64(n)))
	}
	w.off += int64(n)
	w.g.underWay.Add(int64(n))
	if w.g.io != nil && n > 0 {
		if werr := w.g.io.WaitN(w.g.stop, n); werr != nil && err == nil {
			err = w.cut(w.g.stopped())
		}
	}
	return n, err
}

// last looks whether there is anything beyond what may be read.
func (w *watched) last(why string) (int, error) {
	var one [1]byte
	n, err := w.Content.Read(one[:])
	if n == 0 {
		return 0, err
	}
	return 0, w.cut(why)
}

func (w *watched) cut(why string) error {
	if why == "" {
		why = ReasonInterrupted
	}
	w.end = cut{why}
	return w.end
}

// promise takes bytes beyond those promised on admission from the total.
func (w *watched) promise(n int) bool {
	over := w.off + int64(n) - w.promised - w.extra
	if over <= 0 {
		return true
	}
	if !w.g.spend(over) {
		return false
	}
	w.extra += over
	return true
}

// Finish implements evidence.Content. What a file holds beyond the size it
// stated at first is lost, too, when reading was cut; of the rest before that
// the sink knows.
func (w *watched) Finish() evidence.Finish {
	w.g.settle(w.extra, 0) // the whole is settled with the record
	w.g.underWay.Add(-w.off)
	f := w.Content.Finish()
	if w.end == nil {
		return f
	}
	from := max(w.off, w.promised)
	if f.After != nil && f.After.StatLen > from {
		f.Lost = append(f.Lost, evidence.Range{Offset: from, Length: f.After.StatLen - from, Error: w.end.Error()})
	}
	return f
}
