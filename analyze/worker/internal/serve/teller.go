package serve

import (
	"fmt"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// teller passes the events of one item on to the parent, in pieces, within
// limits.
type teller struct {
	send    func(id uint64, events []byte) error
	id      uint64
	events  []byte
	left    int64 // bytes that may still be sent
	dropped int
	broken  error // the parent is gone
}

func newTeller(send func(uint64, []byte) error, m *wire.ItemMsg) *teller {
	return &teller{send: send, id: m.ID, left: wire.EventsLimit(m.Size)}
}

// hook is Subject.Event, nil where nobody listens.
func (t *teller) hook(now *run) func(analyze.Event) {
	if t.send == nil {
		return nil
	}
	return func(e analyze.Event) {
		e.Analyzer = now.maker
		t.add(e)
	}
}

func (t *teller) add(e analyze.Event) {
	if !wire.GoodFacts(e.Facts) {
		t.dropped++
		return
	}
	before := len(t.events)
	b, err := wire.AppendEvent(t.events, &e)
	n := len(b) - before
	if err != nil || n > maxOne || int64(n) > t.left || t.broken != nil {
		t.dropped++
		return
	}
	t.left -= int64(n)
	if t.events = b; len(t.events) >= eventsPiece {
		t.flush()
	}
}

func (t *teller) flush() {
	t.broken = t.send(t.id, t.events)
	t.events = t.events[:0]
}

// end sends what is left; what was dropped is a fault, never silence.
func (t *teller) end(out *collector) {
	if len(t.events) > 0 && t.broken == nil {
		t.flush()
	}
	if t.dropped > 0 {
		out.fault(analyze.FaultAnalyzer, "", fmt.Sprintf("%d events beyond the limits of one item were dropped", t.dropped))
	}
}
