package bundle

import (
	"context"
	"fmt"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// StoreObjects reads the bundle under prefix in a store.
func StoreObjects(s store.Store, prefix string) Objects { return storeObjects{s, prefix} }

type storeObjects struct {
	s      store.Store
	prefix string
}

func (o storeObjects) List(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for info, err := range store.ListAll(ctx, o.s, o.prefix) {
		if err != nil {
			return nil, err
		}
		if len(out) > maxObjects {
			return nil, fmt.Errorf("more than %d objects under %s", maxObjects, o.prefix)
		}
		out[strings.TrimPrefix(info.Key, o.prefix)] = info.Size
	}
	return out, nil
}

func (o storeObjects) Open(ctx context.Context, name string) (Object, error) {
	obj, err := o.s.Open(ctx, o.prefix+name, "")
	if err != nil {
		return nil, err
	}
	return storeObject{obj}, nil
}
func (o storeObjects) Close() error   { return nil }
func (o storeObjects) String() string { return store.Place(o.s, o.prefix) }

type storeObject struct{ store.Object }

func (o storeObject) Size() int64 { return o.Info().Size }
