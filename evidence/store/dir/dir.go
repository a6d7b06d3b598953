// Package dir is the store in a plain folder: each object is a file, written
// whole, once and to stay. Where the disk wants a name for what is only half
// written, that lies at the top of the folder (.hozen-tmp-…), and stays there
// when its writer is killed; it may be removed once nobody writes.
package dir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"syscall"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// fileMode is that of objects: what they hold is the owner's and the group's.
const fileMode = 0o640

// Dir is a store in a folder. Links below it never lead out of it.
type Dir struct {
	root *os.Root
	name string
}

// Open opens the store in an existing folder; store.ErrNoBucket where there is
// none.
func Open(folder string) (*Dir, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", classify(err, store.ErrNoBucket))
	}
	return &Dir{root, folder}, nil
}

// Create is Open that makes the folder where it is missing.
func Create(folder string) (*Dir, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("making the store: %w", classify(err, store.ErrNoBucket))
	}
	return Open(folder)
}

// Close releases the folder.
func (d *Dir) Close() error { return d.root.Close() }

// String names the folder.
func (d *Dir) String() string { return d.name }

// Put implements store.Store. The digest is checked while the bytes pass.
func (d *Dir) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, err
	}
	if _, err := d.root.Lstat(key); err == nil {
		return d.same(ctx, key, size, sum)
	}
	// A temporary file that a dying writer leaves must lie in no bundle: there
	// it would be something that the seal does not speak of.
	err := durable.WriteNewFrom(d.root, ".", key, fileMode, func(w io.Writer) error {
		return copyChecked(ctx, w, body, size, sum)
	})
	if errors.Is(err, fs.ErrExist) {
		return d.same(ctx, key, size, sum)
	}
	if err != nil {
		return store.Info{}, fmt.Errorf("putting an object into %s: %w", d.name, classify(err, store.ErrNotFound))
	}
	info, err := d.Stat(ctx, key)
	info.SHA256 = sum
	return info, err
}

func copyChecked(ctx context.Context, w io.Writer, body io.ReaderAt, size int64, sum string) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), &reader{ctx, io.NewSectionReader(body, 0, size)})
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %d bytes instead of %d", store.ErrChecksum, n, size)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("%w: bytes have SHA-256 %s, stated was %.64s", store.ErrChecksum, got, sum)
	}
	return nil
}

// same settles a Put on a key that is taken: fine where the bytes are the same.
func (d *Dir) same(ctx context.Context, key string, size int64, sum string) (store.Info, error) {
	o, err := d.Open(ctx, key, "")
	if err != nil {
		return store.Info{}, fmt.Errorf("%w: %s can't be compared: %v", store.ErrExists, key, err)
	}
	defer o.Close()
	info := o.Info()
	if info.Size != size {
		return info, fmt.Errorf("%w with other content: %s in %s", store.ErrExists, key, d.name)
	}
	err = copyChecked(ctx, io.Discard, o, size, sum)
	if errors.Is(err, store.ErrChecksum) {
		return info, fmt.Errorf("%w with other content: %s in %s", store.ErrExists, key, d.name)
	}
	info.SHA256 = sum
	return info, err
}

// Open implements store.Store. A folder has one version of each object; asking
// for another finds nothing.
func (d *Dir) Open(_ context.Context, key, version string) (store.Object, error) {
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	if version != "" {
		return nil, fmt.Errorf("%w: %s in version %q", store.ErrNotFound, key, version)
	}
	st, err := d.root.Lstat(key)
	if err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", store.ErrNotFound, key)
	}
	var f *os.File
	if err == nil {
		f, err = d.root.Open(key)
	}
	if err != nil {
		return nil, fmt.Errorf("opening an object of %s: %w", d.name, classify(err, store.ErrNotFound))
	}
	now, err := f.Stat()
	if err != nil || !os.SameFile(st, now) {
		f.Close()
		return nil, fmt.Errorf("opening %s: it changed meanwhile", key)
	}
	return &object{f, infoOf(key, now)}, nil
}

// Stat implements store.Store. A folder knows no digests.
func (d *Dir) Stat(_ context.Context, key string) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, err
	}
	st, err := d.root.Lstat(key)
	if err != nil {
		return store.Info{}, fmt.Errorf("looking at an object of %s: %w", d.name, classify(err, store.ErrNotFound))
	}
	if !st.Mode().IsRegular() {
		return store.Info{}, fmt.Errorf("%w: %s is no regular file", store.ErrNotFound, key)
	}
	return infoOf(key, st), nil
}

// List implements store.Store.
func (d *Dir) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return d.list(ctx, prefix, false)
}

// ListAll implements store.Strays.
func (d *Dir) ListAll(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return d.list(ctx, prefix, true)
}

func (d *Dir) list(ctx context.Context, prefix string, strays bool) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := store.CheckPrefix(prefix); err != nil {
			yield(store.Info{}, err)
			return
		}
		w := walk{ctx, d, prefix, strays, yield}
		w.folder(dirOf(prefix))
	}
}

func infoOf(key string, st fs.FileInfo) store.Info {
	return store.Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()}
}

// classify adds the error that callers decide by. absent is what a missing
// file means here.
func classify(err, absent error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR): // a file stands where a folder would
		return fmt.Errorf("%w: %w", absent, err)
	}
	return err
}

// object is an open file.
type object struct {
	*os.File
	info store.Info
}

// Info implements store.Object.
func (o *object) Info() store.Info { return o.info }

// reader stops reading when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

var (
	_ store.Store  = (*Dir)(nil)
	_ store.Strays = (*Dir)(nil)
)
