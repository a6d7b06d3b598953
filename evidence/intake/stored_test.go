package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// keeping is a store that keeps versions: what was put into it is v1 of each
// object, and what others put since v2; nil marks it as deleted.
type keeping struct {
	store.Store
	newer map[string][]byte
	gone  bool // v1 is no more
}

type newest struct {
	*bytes.Reader
	info store.Info
}

func (n newest) Info() store.Info { return n.info }
func (newest) Close() error       { return nil }

type first struct{ store.Object }

func (f first) Info() store.Info {
	i := f.Object.Info()
	i.VersionID = "v1"
	return i
}

func (k *keeping) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	i, err := k.Store.Put(ctx, key, body, size, sum)
	i.VersionID = "v1"
	return i, err
}

func (k *keeping) Open(ctx context.Context, key, version string) (store.Object, error) {
	b, there := k.newer[key]
	switch {
	case version == "" && there && b == nil || version == "v1" && there && k.gone:
		return nil, fmt.Errorf("%w: %s", store.ErrNotFound, key)
	case version == "" && there:
		return newest{bytes.NewReader(b), store.Info{Key: key, Size: int64(len(b)), VersionID: "v2"}}, nil
	}
	o, err := k.Store.Open(ctx, key, "")
	if err != nil {
		return nil, err
	}
	return first{o}, nil
}

func (k *keeping) Stat(ctx context.Context, key string) (store.Info, error) {
	o, err := k.Open(ctx, key, "")
	if err != nil {
		return store.Info{}, err
	}
	defer o.Close()
	return o.Info(), nil
}

func (k *keeping) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for i, err := range k.Store.List(ctx, prefix) {
			if b, there := k.newer[i.Key]; there && b == nil {
				continue
			}
			if !yield(i, err) {
				return
			}
		}
		for key, b := range k.newer {
			if _, err := k.Store.Stat(ctx, key); err != nil && strings.HasPrefix(key, prefix) {
				yield(store.Info{Key: key, Size: int64(len(b))}, nil)
			}
		}
	}
}

// Who may put can lay something over every object of a bundle, add some, mark
// some as deleted: the one that was taken in is given out, and that is told.
func TestNewerVersions(t *testing.T) {
	d, _ := vault(t)
	st := &keeping{Store: d, newer: map[string][]byte{}}
	b := opened(t, made(t))
	done, err := Put(t.Context(), Request{Store: st, Bundle: b, Signer: examiner(t), Now: time.Now})
	check(t, err)
	names := slices.Collect(func(yield func(string) bool) {
		for info, err := range d.List(t.Context(), done.Prefix) {
			check(t, err)
			if !yield(strings.TrimPrefix(info.Key, done.Prefix)) {
				return
			}
		}
	})
	get := func() ([]string, []string, error) {
		s, err := OpenStored(t.Context(), st, "IR-1", done.Bundle)
		if err != nil {
			return nil, nil, err
		}
		defer s.Close()
		place := filepath.Join(t.TempDir(), "copy")
		out, err := sink.NewDir(place)
		check(t, err)
		defer out.Close()
		if err := Get(t.Context(), s.Bundle, out, nil); err != nil {
			return nil, nil, err
		}
		r, err := verify.Bundle(t.Context(), opened(t, place), verify.Options{})
		check(t, err)
		if !r.OK() || r.Root != done.Root || len(r.Signatures) != 2 {
			t.Errorf("the copy: %v, %d signatures", r.Problems, len(r.Signatures))
		}
		newer, added := s.Since()
		return newer, added, nil
	}
	if newer, added, err := get(); err != nil || len(newer)+len(added) > 0 {
		t.Errorf("as it was stored: %q, %q, %v", newer, added, err)
	}
	for i, name := range names {
		st.newer[done.Prefix+name] = [][]byte{[]byte("something else"), nil}[i%2]
	}
	st.newer[done.Prefix+"seal/000099.json"] = []byte("added")
	newer, added, err := get()
	check(t, err)
	if d := cmp.Diff(names, newer); d != "" {
		t.Errorf("put over: %s", d)
	}
	if d := cmp.Diff([]string{"seal/000099.json"}, added); d != "" {
		t.Errorf("added: %s", d)
	}
	st.gone = true // the versions that the receipt names: what is newest is all there is
	if _, _, err := get(); !errors.Is(err, bundle.ErrNotBundle) && !errors.Is(err, bundle.ErrVerify) {
		t.Errorf("without the versions that were stored: %v", err)
	}
	st.newer = nil // a bucket that was copied has other versions
	if _, _, err := get(); err != nil {
		t.Errorf("in a bucket that was copied: %v", err)
	}
}
