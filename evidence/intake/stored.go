package intake

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// Stored is a bundle where it rests.
type Stored struct {
	*bundle.Bundle
	versions *bundle.Versions
}

// Since tells what came into the bundle's place after it was stored, as far as
// it was read: what was put over its objects, or marks them as deleted, and what
// was added. All of it is left out of what is read.
func (s *Stored) Since() (newer, added []string) {
	if s.versions == nil {
		return nil, nil
	}
	return s.versions.Newer(), s.versions.Added()
}

// OpenStored is Open, but for a store that keeps versions: there it opens the
// bundle in those that the receipts in the case's log name.
func OpenStored(ctx context.Context, st store.Store, caseID, bundleID string) (*Stored, error) {
	states, err := receipts(ctx, st, caseID, bundleID)
	if err != nil {
		return nil, err
	}
	var found *Stored
	for _, s := range states {
		next, err := s.open(ctx, st, caseID, bundleID)
		if err == nil && next != nil && found != nil {
			next, err = found.whole(ctx, next)
		}
		if err != nil {
			return nil, err
		}
		if next != nil {
			found = next
		}
	}
	if found != nil {
		return found, nil
	}
	b, err := Open(ctx, st, caseID, bundleID)
	if err != nil {
		return nil, err
	}
	return &Stored{Bundle: b}, nil
}

// whole is what was stored later, where that is the same bundle when more of
// it was there; else nothing.
func (s *Stored) whole(ctx context.Context, later *Stored) (*Stored, error) {
	here := refOf(s.Bundle)
	if later.Last.Size <= here.Size {
		return nil, nil
	}
	if ok, err := begins(ctx, later.Bundle, here); err != nil || !ok {
		return nil, err
	}
	return later, nil
}

// state is a bundle as one or more intakes stored it.
type state struct {
	ref     custody.BundleRef
	objects map[string]store.Info // by name in the bundle
	kept    bool                  // the store told versions
}

// receipts reads from the case's log what was stored under the bundle's id, in
// the order of the log. What can't be read of it, or ought not to be believed,
// is left to whoever holds the bundle against the log.
func receipts(ctx context.Context, st store.Store, caseID, bundleID string) ([]*state, error) {
	log, err := custody.Open(st, caseID, time.Now)
	if err != nil {
		return nil, err
	}
	var out []*state
	byRef := map[custody.BundleRef]*state{}
	for r, err := range log.Entries(ctx) {
		if err != nil {
			return out, ctx.Err()
		}
		if r.Event != custody.Stored || r.Receipt == nil || r.Bundle == nil || r.Bundle.ID != bundleID {
			continue
		}
		receipt, err := log.GetReceipt(ctx, *r.Receipt)
		if err != nil || receipt.Bundle != bundleID {
			continue
		}
		s := byRef[*r.Bundle]
		if s == nil {
			s = &state{ref: *r.Bundle, objects: map[string]store.Info{}}
			byRef[s.ref], out = s, append(out, s)
		}
		s.take(receipt, Prefix(caseID, bundleID))
	}
	return out, ctx.Err()
}

// take adds what a receipt tells. Of an object that two tell of the first counts:
// the log is in the order of time, and what is written over comes later.
func (s *state) take(r custody.Receipt, prefix string) {
	for _, o := range r.Objects {
		name, ok := strings.CutPrefix(o.Key, prefix)
		if _, had := s.objects[name]; !ok || had || o.Size < 0 || store.CheckKey(o.Key) != nil {
			continue
		}
		s.objects[name] = o
		s.kept = s.kept || o.VersionID != ""
	}
}

// open opens the bundle as it was stored; nil where there are no versions of it,
// or they make no such bundle.
func (s *state) open(ctx context.Context, st store.Store, caseID, bundleID string) (*Stored, error) {
	if !s.kept {
		return nil, nil
	}
	v := bundle.VersionObjects(st, Prefix(caseID, bundleID), s.objects)
	b, err := bundle.Open(ctx, v)
	switch {
	case errors.Is(err, store.ErrDenied), errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
		return nil, err
	case err != nil || b.Check() != nil || b.Header.Case != caseID || *refOf(b) != s.ref:
		return nil, nil
	}
	return &Stored{b, v}, nil
}
