package intake

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// TakenIn is an error where the case's log has no intake of this bundle: it
// wraps ErrNotIn where it has none at all, and bundle.ErrVerify where what was
// taken in under this id has another root and so is another bundle.
func TakenIn(ctx context.Context, st store.Store, b *bundle.Bundle) error {
	ref, err := received(ctx, st, b)
	if here := refOf(b); err == nil && *ref != *here {
		return fmt.Errorf("%w: %s has the root %s; what was taken into %s under this id has %s", bundle.ErrVerify, b, here.Root, st, ref.Root)
	}
	return err
}

// received finds what the case's log says of this bundle: this very one where
// it was taken in, else what was last taken in under its id.
func received(ctx context.Context, st store.Store, b *bundle.Bundle) (*custody.BundleRef, error) {
	log, err := custody.Open(st, b.Header.Case, time.Now)
	if err != nil {
		return nil, err
	}
	here := refOf(b)
	var last *custody.BundleRef
	for r, err := range log.Entries(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the custody log: %w", err)
		}
		if r.Event != custody.Received || r.Bundle == nil || r.Bundle.ID != here.ID {
			continue
		}
		if last = r.Bundle; *last == *here {
			return last, nil
		}
	}
	if last == nil {
		return nil, fmt.Errorf("%w: %s, in %s", ErrNotIn, here.ID, store.Place(st, custody.Prefix(b.Header.Case)))
	}
	return last, nil
}

// Record appends one event about a bundle that the store has taken in
// (verified, analyzed), signed by its actor. Of another bundle it is the error
// of TakenIn.
func Record(ctx context.Context, st store.Store, b *bundle.Bundle, event custody.Event, details map[string]string, s *keys.Signer, now func() time.Time) (int64, error) {
	if err := TakenIn(ctx, st, b); err != nil {
		return 0, err
	}
	return enter(ctx, st, b, custody.Entry{Event: event, Bundle: refOf(b), Details: details}, s, now)
}

// RecordFailed appends that a bundle failed verification. It pins the one that
// was taken in: what is damaged may show another root, or none of its own.
func RecordFailed(ctx context.Context, st store.Store, b *bundle.Bundle, details map[string]string, s *keys.Signer, now func() time.Time) (int64, error) {
	ref, err := received(ctx, st, b)
	if err != nil {
		return 0, err
	}
	return enter(ctx, st, b, custody.Entry{Event: custody.Verified, Bundle: ref, Details: details}, s, now)
}

func enter(ctx context.Context, st store.Store, b *bundle.Bundle, e custody.Entry, s *keys.Signer, now func() time.Time) (int64, error) {
	log, err := custody.Open(st, b.Header.Case, now)
	if err != nil {
		return 0, err
	}
	e.Details = clipped(maps.Clone(e.Details))
	return log.Append(ctx, e, s)
}
