package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// unread is an object that the place did not give: a folder that denies it, a
// disk that fails, a store that stopped answering.
type unread struct {
	where string
	err   error
}

// notRead takes the error of reading an object. One of the object is a problem
// of the bundle's. One of the place is none: nobody knows then whether the
// object is what was sealed, and it is not said that it isn't.
func (v *verification) notRead(where string, err error) {
	switch {
	case errors.Is(err, bundle.ErrVerify), errors.Is(err, fs.ErrNotExist), errors.Is(err, store.ErrNotFound):
		v.problem(where, "%v", bundle.Reason(err))
	case errors.Is(err, context.Canceled): // told by whoever cancelled
	default:
		if !strings.Contains(err.Error(), where) {
			err = fmt.Errorf("reading %s: %w", where, err)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.unread = append(v.unread, unread{where, err})
	}
}

// notOpened is notRead of a segment, of which nothing is known then.
func (v *verification) notOpened(where string, err error) {
	v.unopened.Add(1)
	if errors.Is(err, bundle.ErrVerify) {
		v.notStored.Add(1)
	}
	v.notRead(where, err)
}

// gappy reports whether something could not be read, so that what is missing
// elsewhere proves nothing.
func (v *verification) gappy() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.unread) > 0
}

// endUnread is the error of a check that could not read everything. Where
// something is wrong with the bundle all the same, that comes first, and what
// could not be read stands beside it.
func (v *verification) endUnread() error {
	if len(v.unread) == 0 {
		return nil
	}
	if len(v.r.Problems) == 0 {
		return fmt.Errorf("%d objects could not be read, and nothing is wrong with the others: %w", len(v.unread), v.unread[0].err)
	}
	for _, u := range v.unread {
		v.problem(u.where, "%v", u.err)
	}
	return nil
}
