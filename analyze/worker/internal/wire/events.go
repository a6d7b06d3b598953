package wire

import (
	"encoding/json"
	"fmt"

	"github.com/hozen-dfir/hozen/analyze"
)

// EventsLimit bounds the bytes of the events of an item of size bytes: a
// capture of the smallest packets, each a flow of its own, stays below it.
func EventsLimit(size int64) int64 { return 64<<20 + 12*size }

// EventsHead returns the head of an Events frame; events, as AppendEvent writes
// them, follow it.
func EventsHead(id uint64) []byte {
	var e encoder
	e.uint(id)
	return e
}

// DecodeEvents reads the payload of an Events frame. The events share b.
func DecodeEvents(b []byte) (id uint64, events []byte, err error) {
	d := decoder{b: b}
	id = d.uint()
	return id, d.b, d.err
}

// AppendEvent appends what an analyzer says in an event; whose it is, the parent
// knows.
func AppendEvent(b []byte, ev *analyze.Event) ([]byte, error) {
	at, err := ev.Time.MarshalText()
	if err != nil {
		return b, err
	}
	if ev.Time.IsZero() {
		at = nil
	}
	e := encoder(b)
	for _, f := range [][]byte{[]byte(ev.Analyzer), []byte(ev.Kind), at, []byte(ev.Text), ev.Facts} {
		e.bytes(f)
	}
	return e, nil
}

// DecodeEvent reads the first event in b and returns what follows it. The
// event's facts share b, and are looked at by CheckEvents alone.
func DecodeEvent(b []byte) (ev analyze.Event, rest []byte, err error) {
	d := decoder{b: b}
	ev.Analyzer, ev.Kind = string(d.bytes()), string(d.bytes())
	if at := d.bytes(); len(at) > 0 && ev.Time.UnmarshalText(at) != nil {
		d.fail("time of an event")
	}
	ev.Text, ev.Facts = string(d.bytes()), d.bytes()
	return ev, d.b, d.err
}

// CheckEvents reports events that are malformed, or whose facts are no object:
// what a worker says is not trusted.
func CheckEvents(b []byte) error {
	for len(b) > 0 {
		ev, rest, err := DecodeEvent(b)
		if err != nil {
			return err
		}
		if !GoodFacts(ev.Facts) {
			return fmt.Errorf("%w: facts of an event", ErrFrame)
		}
		b = rest
	}
	return nil
}

// GoodFacts reports whether facts of an event are one JSON object, or none.
func GoodFacts(b []byte) bool {
	return len(b) == 0 || b[0] == '{' && json.Valid(b)
}
