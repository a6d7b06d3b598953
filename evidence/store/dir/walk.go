package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// maxDepth bounds how deep List goes: no key has more components.
const maxDepth = store.MaxKey / 2

// walk lists objects in the order of their keys' bytes, as S3 does: a folder
// sorts as its name and a slash, so "a-b" comes before "a/b".
type walk struct {
	ctx    context.Context
	d      *Dir
	prefix string
	strays bool // yield what is no object too
	yield  func(store.Info, error) bool
}

// folder lists what is below dir; false ends the listing.
func (w *walk) folder(dir string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield(store.Info{}, err)
		return false
	}
	if strings.Count(dir, "/") > maxDepth {
		return w.yield(store.Info{}, fmt.Errorf("listing %s: folders nested too deep", w.d.name))
	}
	entries, err := w.read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		w.yield(store.Info{}, fmt.Errorf("listing %s: %w", w.d.name, classify(err, store.ErrNotFound)))
		return false
	}
	for _, e := range entries {
		if !w.entry(path.Join(dir, e.name), e.dir) {
			return false
		}
	}
	return true
}

func (w *walk) entry(key string, isDir bool) bool {
	if isDir {
		if p := key + "/"; !strings.HasPrefix(p, w.prefix) && !strings.HasPrefix(w.prefix, p) {
			return true
		}
		return w.folder(key)
	}
	if !strings.HasPrefix(key, w.prefix) {
		return true
	}
	st, err := w.d.root.Lstat(key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case store.CheckKey(key) != nil || err == nil && !st.Mode().IsRegular():
		return !w.strays || w.yield(store.Info{Key: key, Size: -1}, nil)
	case err != nil:
		w.yield(store.Info{}, fmt.Errorf("listing %s: %w", w.d.name, classify(err, store.ErrNotFound)))
		return false
	}
	return w.yield(infoOf(key, st), nil)
}

type entry struct {
	name string
	dir  bool
}

// sortName is what the entry's keys begin with.
func (e entry) sortName() string {
	if e.dir {
		return e.name + "/"
	}
	return e.name
}

func (w *walk) read(dir string) ([]entry, error) {
	f, err := w.d.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var out []entry
	for _, n := range names {
		if (w.strays || n.IsDir() || n.Type().IsRegular()) && !durable.IsTemp(n.Name()) {
			out = append(out, entry{n.Name(), n.IsDir()})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.sortName(), b.sortName()) })
	return out, nil
}

// dirOf is the deepest folder that holds every key with the prefix.
func dirOf(prefix string) string {
	if i := strings.LastIndexByte(prefix, '/'); i > 0 {
		return prefix[:i]
	}
	return "."
}
