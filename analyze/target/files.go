package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// maxDepth bounds the folders inside folders that Files enters. The names of
// one folder per level are held in memory.
const maxDepth = 1000

// Files is a plain folder, swept to the bottom, or a single file. Links are
// not followed (but for the path given itself), and only regular files are
// opened. A file that states no size, as those of proc, is read to its end, 16
// MiB at most. Items come sorted by name within each folder. Owners have the
// names that this system gives them.
type Files struct {
	path string
	own  string
}

// Without leaves a folder out of the sweep: the one that its findings are
// written to, which would be findings of findings. It need not be there yet.
func (f *Files) Without(folder string) *Files {
	f.own = folder
	return f
}

// NewFiles returns the target for a path; an error if nothing is there.
func NewFiles(path string) (*Files, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	return &Files{path: path}, nil
}

// Name implements analyze.Target.
func (f *Files) Name() string { return f.path }

// Parent implements analyze.Target.
func (f *Files) Parent() analyze.Parent { return analyze.Parent{Kind: "files", Name: f.path} }

// Inputs implements analyze.Target.
func (f *Files) Inputs(ctx context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		st, err := os.Stat(f.path)
		if err != nil {
			yield(analyze.Input{}, err)
			return
		}
		top := f.path
		if !st.IsDir() {
			top = filepath.Dir(f.path)
		}
		root, err := os.OpenRoot(top)
		if err != nil {
			yield(analyze.Input{}, err)
			return
		}
		w := &walk{ctx: ctx, root: root, top: top, yield: yield, madeUp: map[uint64]bool{}, owners: owners{}, place: place(f.path)}
		if f.own != "" {
			w.own, _ = os.Stat(f.own) // one that is not there is not met
		}
		if st.IsDir() {
			w.folder(".", 0)
		} else {
			w.single(f.path)
		}
		// root stays open: Fetch may still be called for what was yielded
		// last. Its finalizer closes it.
	}
}

// walk is one pass over a tree. Its methods return false to stop.
type walk struct {
	ctx   context.Context
	root  *os.Root
	top   string
	yield func(analyze.Input, error) bool
	// madeUp tells of devices met so far whether the kernel makes up what is
	// on them.
	madeUp map[uint64]bool
	own    fs.FileInfo // of what Without names; nil: nothing
	owners owners
	place  map[string]string // Details of all records
}

// place says where the items of a target are, for indicators that are whole
// paths: analyze.DetailTop and DetailTopAbs.
func place(path string) map[string]string {
	m := map[string]string{analyze.DetailTop: filepath.ToSlash(path)}
	if abs, err := filepath.Abs(path); err == nil {
		m[analyze.DetailTopAbs] = filepath.ToSlash(abs)
	}
	return m
}

// give yields an item.
func (w *walk) give(in analyze.Input) bool {
	in.Record.Details = w.place
	return w.yield(in, nil)
}

// single yields the one file that was named, following it if it is a link.
func (w *walk) single(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return w.yield(analyze.Input{}, err)
	}
	if w.root, err = os.OpenRoot(filepath.Dir(real)); err != nil {
		return w.yield(analyze.Input{}, err)
	}
	if d, err := w.root.Open("."); err == nil {
		w.note(d)
		d.Close()
	}
	if st, err := w.root.Lstat(filepath.Base(real)); err == nil && !st.Mode().IsRegular() {
		return w.give(unswept(path, "not a regular file, and not opened"))
	}
	return w.entry(filepath.Base(real), path, 0)
}

// folder yields what rel holds.
func (w *walk) folder(rel string, depth int) bool {
	names, err := w.names(rel)
	if err != nil {
		return w.give(unreadable(w.shown(rel), evidence.TypeDir, err))
	}
	if bundled(w.shown(rel), names) && !w.give(unswept(w.shown(rel), inBundle)) {
		return false
	}
	for _, name := range names {
		if w.ctx.Err() != nil {
			return false
		}
		in := name
		if rel != "." {
			in = rel + string(filepath.Separator) + name
		}
		if !w.entry(in, w.shown(in), depth) {
			return false
		}
	}
	return true
}

func (w *walk) names(rel string) ([]string, error) {
	d, err := w.root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	w.note(d)
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// note remembers what kind of filesystem a folder is on.
func (w *walk) note(d *os.File) {
	if st, err := d.Stat(); err == nil {
		if _, ok := w.madeUp[device(st)]; !ok {
			w.madeUp[device(st)] = madeUp(d)
		}
	}
}

// shown is the path as the user would write it.
func (w *walk) shown(rel string) string {
	if rel == "." {
		return filepath.ToSlash(w.top)
	}
	if strings.HasSuffix(w.top, string(filepath.Separator)) {
		return filepath.ToSlash(w.top + rel)
	}
	return filepath.ToSlash(w.top + string(filepath.Separator) + rel)
}

func (w *walk) entry(rel, shown string, depth int) bool {
	st, err := w.root.Lstat(rel)
	if err != nil {
		return w.give(unreadable(shown, evidence.TypeUnknown, err))
	}
	if pseudo(w.root, rel, st) {
		return w.give(skipped(shown, "a system's own tree (proc, sysfs and the like)"))
	}
	if w.own != nil && os.SameFile(st, w.own) {
		return w.give(skipped(shown, "where this sweep writes its findings"))
	}
	r := record(shown, st)
	w.owners.fill(&r, st)
	switch {
	case st.IsDir() && depth >= maxDepth:
		return w.give(unswept(shown, fmt.Sprintf("deeper than %d folders", maxDepth)))
	case st.IsDir():
		return w.give(analyze.Input{Record: r}) && w.folder(rel, depth+1)
	case st.Mode().IsRegular() && (st.Size() == 0 || w.madeUp[device(st)]):
		return w.give(w.unsized(rel, shown, st, r))
	case st.Mode().IsRegular() && st.Size() > analyze.MaxSize:
		r.Outcome, r.Error = evidence.Failed, fmt.Sprintf("%d bytes; at most %d are examined", st.Size(), int64(analyze.MaxSize))
	case st.Mode().IsRegular():
		w.lone(rel, shown, st, &r)
		return w.give(w.file(rel, st, r))
	}
	if st.Mode()&fs.ModeSymlink != 0 {
		if target, err := w.root.Readlink(rel); err == nil {
			r.SetTarget(target)
		}
	}
	return w.give(analyze.Input{Record: r})
}

// file is an item whose blocks are read on demand. The file is opened anew for
// each block: no number of items holds more than a few descriptors.
func (w *walk) file(rel string, st fs.FileInfo, r evidence.Record) analyze.Input {
	root := w.root
	blocks := analyze.Blocks(st.Size())
	return analyze.Input{Record: r, Size: st.Size(), Blocks: blocks,
		Fetch: func(_ context.Context, i int) ([]byte, error) {
			f, err := openRegular(root, rel, st)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			b := make([]byte, blocks[i].Size)
			n, err := f.ReadAt(b, blocks[i].Offset)
			if n < len(b) && errors.Is(err, io.EOF) {
				return nil, errors.New("the file got shorter during the sweep")
			}
			if n == len(b) {
				err = nil
			}
			return b, err
		}}
}

// openRegular opens what st described and nothing that took its place.
func openRegular(root *os.Root, rel string, st fs.FileInfo) (*os.File, error) {
	f, err := root.OpenFile(rel, openFlags, 0)
	if err != nil {
		return nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(st, now) {
		err = errors.New("the file was replaced during the sweep")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
