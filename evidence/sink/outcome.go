package sink

import (
	"errors"
	"maps"

	"github.com/hozen-dfir/hozen/evidence"
)

// conclude sets the outcome of an item whose bytes have been read as far as
// that was possible.
func (s *splitter) conclude(r *evidence.Record, f evidence.Finish, err error) {
	r.Lost, r.LostMore = f.Lost, f.LostMore
	addDetails(r, f.Details)
	changed := f.Changed || f.After != nil && statChanged(r.Stat, *f.After)
	short := r.StatLen - s.size
	switch {
	case err != nil && s.size == 0:
		setError(r, evidence.OutcomeOf(err), err)
		return
	case err != nil:
		setError(r, evidence.Partial, err)
		if short > 0 {
			r.Lost = append(r.Lost, evidence.Range{Offset: s.size, Length: short, Error: err.Error()})
		}
	case len(f.Lost) > 0:
		r.Outcome = evidence.Partial
	case changed:
		r.Outcome = evidence.Changed
	case short > 0 && r.Alloc > 0 && r.Type == evidence.TypeFile:
		r.Outcome = evidence.Partial
		r.Lost = append(r.Lost, evidence.Range{Offset: s.size, Length: short, Error: "the file ended before the size that it states"})
	case s.size == 0:
		r.Outcome = evidence.Empty
	default:
		r.Outcome = evidence.Collected
	}
	if changed {
		r.StatAfter = f.After
	}
}

// addDetails merges into a map that other records may share.
func addDetails(r *evidence.Record, more map[string]string) {
	if len(more) == 0 {
		return
	}
	all := maps.Clone(r.Details)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	r.Details = all
}

// statChanged compares what a write to the file would have moved.
func statChanged(a, b evidence.Stat) bool {
	return a.StatLen != b.StatLen || !a.MTime.Equal(b.MTime.Time) || !a.CTime.Equal(b.CTime.Time) || a.Inode != b.Inode
}

func setError(r *evidence.Record, o evidence.Outcome, err error) {
	r.Outcome = o
	if errors.Is(err, evidence.ErrBudget) {
		r.Reason = err.Error()
		return
	}
	r.Error = err.Error()
}
