package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// errDerived marks derived content that is refused.
var errDerived = errors.New("derived content refused")

// admit refuses derived content that is too deep or too much.
func (r *run) admit(n int) error {
	if r == nil {
		return fmt.Errorf("%w: no item is under examination", errDerived)
	}
	if r.inside {
		return fmt.Errorf("%w: it was found inside derived content", errDerived)
	}
	allowed := max(derivedFloor, derivedTimes*r.item.Size)
	if r.derived+int64(n) > allowed {
		err := fmt.Errorf("%w: more than %d bytes of one item", errDerived, allowed)
		r.out.fault(analyze.FaultAnalyzer, r.maker, err.Error())
		return err
	}
	r.derived += int64(n)
	return nil
}

// derive is the Deriver of every analyzer in this worker. What goes wrong with
// derived content is a fault of the item; the error is for the maker to stop.
func (e *examiner) derive(ctx context.Context, parent *analyze.Subject, d analyze.Derived) error {
	now := e.now
	if err := now.admit(len(d.Bytes)); err != nil {
		return err
	}
	now.inside = true
	defer func() { now.inside = false }()
	s := derivedSubject(parent, d)
	for _, a := range e.analyzers {
		if a.Name() != now.maker && now.late[a.Name()] < maxLate {
			e.piece(ctx, a, s, d)
		}
	}
	return ctx.Err()
}

// Bounds of the time that derived content takes, so that one rule that is slow
// for it does not cost the item all that comes after.
const (
	pieceShare = 8 // of the time that is left one analyzer gets an eighth for one piece
	maxLate    = 3 // pieces not done in time; an analyzer gets no more of the item then
)

// piece offers one piece of derived content to one analyzer.
func (e *examiner) piece(ctx context.Context, a analyze.Analyzer, s *analyze.Subject, d analyze.Derived) {
	now, limit, began := e.now, e.now.limit, time.Now()
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end) / pieceShare
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := e.one(ctx, a, s, &d.Where)
	if err == nil {
		return
	}
	why := "in " + d.Name + ": " + explain(err, limit.Round(time.Millisecond))
	if time.Since(began) > limit/2 {
		if now.late[a.Name()]++; now.late[a.Name()] == maxLate {
			why += fmt.Sprintf("; it is piece %d that takes too long, and those after it were not examined", maxLate)
		}
	}
	now.out.fault(analyze.FaultAnalyzer, a.Name(), why)
}

// derivedSubject is content without an item of its own: its record has a name,
// a size and a digest, and no path that a rule for paths could match twice.
func derivedSubject(parent *analyze.Subject, d analyze.Derived) *analyze.Subject {
	b := d.Bytes
	r := evidence.Record{Format: evidence.RecordFormat, Seq: parent.Record.Seq, Source: parent.Record.Source,
		Path: d.Name, Outcome: evidence.Collected, Size: int64(len(b)),
		SHA256: digest(b), Stat: evidence.Stat{Type: evidence.TypeStream}}
	var body io.ReaderAt = bytes.NewReader(b)
	return &analyze.Subject{Bundle: parent.Bundle, Record: r, Size: r.Size, Body: body,
		Bytes: func(limit int64) ([]byte, error) {
			if int64(len(b)) > limit {
				return nil, nil
			}
			return b, nil
		}}
}
