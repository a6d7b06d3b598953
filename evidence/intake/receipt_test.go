package intake

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// versioned is a store like a bucket: a put's answer tells the version, and a
// look at the object the rest.
type versioned struct {
	store.Store
	newest string
	look   error
}

func (v *versioned) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	_, err := v.Store.Put(ctx, key, body, size, sum)
	return store.Info{Key: key, Size: size, SHA256: sum, VersionID: "v1"}, err
}

func (v *versioned) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := v.Store.Stat(ctx, key)
	info.VersionID, info.Retain, info.Hold = v.newest, "COMPLIANCE until 2033-01-01T00:00:00Z", true
	return info, errors.Join(err, v.look)
}

// The receipt holds what the store tells of each object: version, time and
// retention, the latter as far as the examiner may look.
func TestReceiptFacts(t *testing.T) {
	place := made(t)
	for name, c := range map[string]struct {
		newest string
		look   error
		held   bool
		want   error
	}{
		"told":      {"v1", nil, true, nil},
		"put alone": {"v1", store.ErrDenied, false, nil},
		"shadowed":  {"v2", nil, false, bundle.ErrVerify},
	} {
		d, _ := vault(t)
		st := &versioned{d, c.newest, c.look}
		_, err := Put(t.Context(), Request{Store: st, Bundle: opened(t, place), Signer: examiner(t), Now: time.Now})
		if !errors.Is(err, c.want) {
			t.Fatalf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		log, err := custody.Open(st, "IR-1", time.Now)
		check(t, err)
		for r, err := range log.Entries(t.Context()) {
			check(t, err)
			if r.Receipt == nil {
				continue
			}
			receipt, err := log.GetReceipt(t.Context(), *r.Receipt)
			check(t, err)
			for _, o := range receipt.Objects {
				if o.VersionID != "v1" || o.Hold != c.held || (o.Retain != "") != c.held || o.Modified.IsZero() == c.held {
					t.Errorf("%s: %+v", name, o)
				}
			}
		}
	}
}
