package bundle

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// Versions reads a bundle as it was put into a store that keeps versions: what
// somebody laid over an object, added or marked as deleted since is not seen.
type Versions struct {
	newest  storeObjects
	objects map[string]store.Info

	mu    sync.Mutex
	newer map[string]bool
	added []string
}

// VersionObjects reads the bundle under prefix whose objects, by name, were
// stored as told: each in its version, and where that is none, as it is now.
func VersionObjects(s store.Store, prefix string, objects map[string]store.Info) *Versions {
	return &Versions{newest: storeObjects{s, prefix}, objects: objects, newer: map[string]bool{}}
}

// List implements Objects.
func (v *Versions) List(ctx context.Context) (map[string]int64, error) {
	there, err := v.newest.List(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int64, len(v.objects))
	for name, info := range v.objects {
		out[name] = info.Size
		delete(there, name)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.added = slices.Sorted(maps.Keys(there))
	return out, nil
}

// Open implements Objects. What is newest is looked at first: mostly it is the
// version that was stored, and that is one request less. It is taken too where
// that version is no more: what it is worth, the seal tells.
func (v *Versions) Open(ctx context.Context, name string) (Object, error) {
	newest, err := v.newest.s.Open(ctx, v.newest.prefix+name, "")
	stored := v.objects[name].VersionID
	switch {
	case err != nil && (stored == "" || !notThere(err)):
		return nil, err
	case err == nil && (stored == "" || newest.Info().VersionID == stored):
		return storeObject{newest}, nil
	}
	o, verr := v.newest.s.Open(ctx, v.newest.prefix+name, stored)
	if err == nil && notThere(verr) {
		return storeObject{newest}, nil
	}
	if err == nil {
		newest.Close()
	}
	if verr != nil {
		return nil, verr
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.newer[name] = true
	return storeObject{o}, nil
}

// Newer names the objects opened so far over which something else was put, or
// which were marked as deleted.
func (v *Versions) Newer() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.newer))
}

// Added names what lay there when the bundle was opened and is none of it.
func (v *Versions) Added() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.added)
}

// Close implements Objects.
func (v *Versions) Close() error { return nil }

func (v *Versions) String() string { return v.newest.String() }
