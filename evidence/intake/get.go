package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// Open opens a bundle where it rests. Where another one lies in its place the
// error is ErrOther.
func Open(ctx context.Context, st store.Store, caseID, bundleID string) (*bundle.Bundle, error) {
	b, err := bundle.Open(ctx, bundle.StoreObjects(st, Prefix(caseID, bundleID)))
	if err != nil {
		return nil, err
	}
	if h := b.Header; b.Check() == nil && (h.Case != caseID || h.Bundle != bundleID) {
		b.Close()
		return nil, fmt.Errorf("%w: %s holds %s of case %s", ErrOther, b, h.Bundle, h.Case)
	}
	return b, nil
}

// Get copies a bundle out of a store, checking the seal first and each segment
// as it passes. Where the store's bytes are not those that were sealed the
// error wraps bundle.ErrVerify, and the copy must not be used. The caller
// verifies the copy where it lies.
func Get(ctx context.Context, b *bundle.Bundle, out sink.Output, progress func(int64)) error {
	if err := b.Check(); err != nil {
		return err
	}
	want := digests(b)
	for _, name := range order(b) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := copyObject(ctx, b, name, want[name], out, progress); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// digests are those of the segments, by object.
func digests(b *bundle.Bundle) map[string]string {
	out := make(map[string]string, len(b.Segments))
	for _, s := range b.Segments {
		out[s.Object] = s.SHA256
	}
	return out
}

// maxObject bounds an object that is copied through memory.
const maxObject = 300 << 20

func copyObject(ctx context.Context, b *bundle.Bundle, name, sha256 string, out sink.Output, progress func(int64)) error {
	o, err := b.Objects().Open(ctx, name)
	if err != nil {
		return err
	}
	defer o.Close()
	if o.Size() > maxObject {
		return fmt.Errorf("%w: %d bytes, at most %d", bundle.ErrVerify, o.Size(), maxObject)
	}
	buf := make([]byte, o.Size())
	if n, err := o.ReadAt(buf, 0); n < len(buf) {
		return errors.Join(errors.New("reading it from the store"), err)
	}
	if sha256 != "" && hexSum(buf) != sha256 {
		return fmt.Errorf("%w: the store's bytes are not those that were sealed", bundle.ErrVerify)
	}
	if err := out.Put(ctx, name, buf); err != nil {
		return err
	}
	if progress != nil {
		progress(int64(len(buf)))
	}
	return nil
}
