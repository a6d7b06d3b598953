package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// TakenIn is an error where the case's log has no intake of this bundle: it
// wraps ErrNotIn where it has none at all, or one from before the bundle was
// whole, and ErrOther where what was taken in under this id is another one.
func TakenIn(ctx context.Context, st store.Store, b *bundle.Bundle) error {
	ref, err := received(ctx, st, b)
	if err != nil || *ref == *refOf(b) {
		return err
	}
	if grown, err := begins(ctx, b, ref); err != nil {
		return err
	} else if grown {
		return fmt.Errorf("%w: %s, in %s, where it ends after %d leaves", ErrNotIn, ref.ID, store.Place(st, custody.Prefix(b.Header.Case)), ref.Size)
	}
	return other(st, b, ref)
}

func other(st store.Store, b *bundle.Bundle, ref *custody.BundleRef) error {
	return fmt.Errorf("%w: %s has the root %s; what was taken into %s had %s", ErrOther, b, refOf(b).Root, st, ref.Root)
}

// sameAsTaken is ErrOther where another bundle was taken in under this one's id
// (refs): neither the same, nor what this one was before it was whole, nor what
// the store holds and this one is the beginning of.
func sameAsTaken(ctx context.Context, st store.Store, b *bundle.Bundle, refs []custody.BundleRef) error {
	here := *refOf(b)
	if slices.Contains(refs, here) {
		return nil
	}
	for _, ref := range refs {
		ok, err := begins(ctx, b, &ref)
		if err == nil && ref.Size > here.Size {
			ok, err = beginsStored(ctx, st, b, &ref)
		}
		if err != nil {
			return err
		}
		if !ok {
			return other(st, b, &ref)
		}
	}
	return nil
}

// begins reports whether a bundle is what ref pins, or went on from there. Its
// seal has been checked: each checkpoint is over its own leaves.
func begins(ctx context.Context, b *bundle.Bundle, ref *custody.BundleRef) (bool, error) {
	if ref.Size > b.Last.Size || b.Check() != nil {
		return false, nil
	}
	pub, err := keys.ParseVKey(b.Header.Signer.VKey)
	if err != nil {
		return false, nil
	}
	note, err := b.ReadObject(ctx, fmt.Sprintf("seal/%06d.checkpoint", ref.Size-1), seal.MaxCheckpoint)
	if err != nil {
		return false, err
	}
	c, err := seal.OpenCheckpoint(note, pub)
	return err == nil && c.Size == ref.Size && seal.RootText(c.Root) == ref.Root, nil
}

// beginsStored reports whether the store holds the bundle that ref pins, and
// this one is its beginning.
func beginsStored(ctx context.Context, st store.Store, b *bundle.Bundle, ref *custody.BundleRef) (bool, error) {
	s, err := Open(ctx, st, b.Header.Case, b.Header.Bundle)
	if errors.Is(err, bundle.ErrNotBundle) || errors.Is(err, bundle.ErrVerify) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer s.Close()
	if ok, err := begins(ctx, s, ref); err != nil || !ok {
		return false, err
	}
	return begins(ctx, s, refOf(b))
}

// received finds what the case's log says of this bundle: this very one where
// it was taken in, else what was last taken in under its id.
func received(ctx context.Context, st store.Store, b *bundle.Bundle) (*custody.BundleRef, error) {
	refs, err := intakes(ctx, st, b)
	here := *refOf(b)
	switch {
	case err != nil:
		return nil, err
	case slices.Contains(refs, here):
		return &here, nil
	case len(refs) == 0:
		return nil, fmt.Errorf("%w: %s, in %s", ErrNotIn, here.ID, store.Place(st, custody.Prefix(b.Header.Case)))
	}
	return &refs[len(refs)-1], nil
}

// intakes are what the case's log says was received under the bundle's id.
func intakes(ctx context.Context, st store.Store, b *bundle.Bundle) (refs []custody.BundleRef, err error) {
	log, err := custody.Open(st, b.Header.Case, time.Now)
	if err != nil {
		return nil, err
	}
	for r, err := range log.Entries(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading the custody log: %w", err)
		}
		if isIntake(r, b) {
			refs = append(refs, *r.Bundle)
		}
	}
	return refs, nil
}

func isIntake(r custody.Record, b *bundle.Bundle) bool {
	return r.Event == custody.Received && r.Bundle != nil && r.Bundle.ID == b.Header.Bundle
}
