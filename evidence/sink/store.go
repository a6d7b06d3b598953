package sink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// storeOutput is a prefix in a store.
type storeOutput struct {
	s      store.Store
	prefix string
	spill  string // folder for what the store refused; "" for none

	mu     sync.Mutex
	second Output
	cause  error
}

// NewStore puts each object under prefix in s as it is made, with no local
// copy. Where the store can't be reached any more and spill is a folder, that
// object and all later ones go there instead; they keep their names.
func NewStore(s store.Store, prefix, spill string) Output {
	return &storeOutput{s: s, prefix: prefix, spill: spill}
}

// Spilled is implemented by outputs that may have put objects elsewhere.
type Spilled interface {
	// Spilled names the folder that holds what the store refused, and why.
	Spilled() (folder string, cause error)
}

func (o *storeOutput) Put(ctx context.Context, name string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.second == nil {
		sum := sha256.Sum256(body)
		_, err := o.s.Put(ctx, o.prefix+name, bytes.NewReader(body), int64(len(body)), hex.EncodeToString(sum[:]))
		if err == nil || errors.Is(err, store.ErrUnconfirmed) {
			return nil // an unconfirmed put is settled at intake
		}
		if o.spill == "" || errors.Is(err, store.ErrExists) {
			return err
		}
		second, serr := NewDir(o.spill)
		if serr != nil {
			return errors.Join(err, serr)
		}
		o.second, o.cause = second, err
	}
	return o.second.Put(ctx, name, body)
}

func (o *storeOutput) Spilled() (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.second == nil {
		return "", nil
	}
	return o.spill, o.cause
}

func (o *storeOutput) Close() error {
	if o.second != nil {
		return o.second.Close()
	}
	return nil
}
func (o *storeOutput) String() string { return store.Place(o.s, o.prefix) }
