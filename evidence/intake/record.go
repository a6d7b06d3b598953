package intake

import (
	"context"
	"maps"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store"
)

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
