// Package durable writes files that must last: whole or not at all, never in
// place of another, and still there after the power fails.
//
// The order is that of every careful writer: a temporary file in the target's
// folder or another of the same disk, fsync, a rename that refuses to replace,
// fsync of the folder. On
// Linux the temporary file has no name where the filesystem allows it, so that
// not even kill -9 leaves anything behind.
package durable

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// TempPrefix begins the names of temporary files. A reader of a folder ignores
// such names: they are the remains of a write that did not finish.
const TempPrefix = ".hozen-tmp-"

// IsTemp reports whether the last component of name is a temporary file's.
func IsTemp(name string) bool {
	return strings.HasPrefix(name[strings.LastIndexByte(name, '/')+1:], TempPrefix)
}

// WriteNew makes the file name (relative to root, slash-separated) with what
// write writes, and the folders on the way to it. It returns nil once the file
// is durable. Where name exists the error wraps fs.ErrExist and the old file
// stays as it is; of several concurrent writers of one name exactly one wins.
// Where write fails, its error is returned and nothing is left.
//
// perm is the file's mode (0600 for secrets); folders get the same bits and
// search permission for whoever may read.
func WriteNew(root *os.Root, name string, perm fs.FileMode, write func(io.Writer) error) error {
	return WriteNewFrom(root, path.Dir(name), name, perm, write)
}

// WriteNewFrom is WriteNew with its temporary file, where that needs a name, in
// another folder of root, so that nothing but what is whole is ever seen beside
// name. Where no file can be made there or moved from there, it lies beside
// name after all, and write is called again.
func WriteNewFrom(root *os.Root, from, name string, perm fs.FileMode, write func(io.Writer) error) error {
	err := writeNew(root, from, name, perm, write)
	var elsewhere *notFromThere
	if dir := path.Dir(name); errors.As(err, &elsewhere) && from != dir {
		err = writeNew(root, dir, name, perm, write)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// notFromThere says that a temporary file could not be made where it was to
// lie, or not be moved from there.
type notFromThere struct{ error }

// Unwrap is the cause.
func (e *notFromThere) Unwrap() error { return e.error }

// WriteBytes is WriteNew for a body in memory. A large one goes past the page
// cache where the system and the filesystem can do that: what a host keeps in
// memory may be evidence, and copying it there would cost a tenth of the time
// of a collection.
func WriteBytes(root *os.Root, name string, perm fs.FileMode, body []byte) error {
	return WriteNew(root, name, perm, func(w io.Writer) error {
		n := 0
		if f, ok := w.(*os.File); ok && len(body) >= directFrom {
			n = writeDirect(f, body)
		}
		_, err := w.Write(body[n:])
		return err
	})
}

// directFrom is the size from which a body is worth the calls of writeDirect.
const directFrom = 1 << 20

func writeNew(root *os.Root, from, name string, perm fs.FileMode, write func(io.Writer) error) error {
	if _, err := root.Lstat(name); err == nil {
		return fs.ErrExist // early, before anything is written; place settles it
	}
	dir := path.Dir(name)
	if err := MkdirAll(root, dir, perm|perm&0o444>>2); err != nil {
		return err
	}
	folder, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	tmp, err := newTemp(root, folder, from, perm)
	if err != nil {
		return &notFromThere{err}
	}
	defer tmp.discard()
	if err := write(tmp.file); err != nil {
		return err
	}
	if err := tmp.file.Sync(); err != nil {
		return err
	}
	if err := tmp.place(name); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil {
		return &notFromThere{err}
	}
	return syncFolder(folder)
}

// WriteFile is WriteNew below the folder dir, which it makes where missing.
func WriteFile(dir, name string, perm fs.FileMode, write func(io.Writer) error) error {
	if err := os.MkdirAll(dir, perm|perm&0o444>>2); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return WriteNew(root, name, perm, write)
}

// MkdirAll makes the folder dir and those above it, each made durable in its
// parent.
func MkdirAll(root *os.Root, dir string, perm fs.FileMode) error {
	if dir == "." || dir == "" {
		return nil
	}
	if st, err := root.Stat(dir); err == nil {
		if !st.IsDir() {
			return fmt.Errorf("%s is no folder", dir)
		}
		return nil
	}
	if err := MkdirAll(root, path.Dir(dir), perm); err != nil {
		return err
	}
	if err := root.Mkdir(dir, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	parent, err := root.Open(path.Dir(dir))
	if err != nil {
		return err
	}
	defer parent.Close()
	return syncFolder(parent)
}

// temp is a file on its way to its name.
type temp struct {
	root   *os.Root
	folder *os.File // where it shall be
	from   *os.File // where it is
	file   *os.File
	name   string // relative to root; "" for a file without a name
	done   bool   // the name is gone or has become the target's
	closed bool
}

// namedTemp makes a temporary file with a random name in the folder dir, which
// will be one of the given folder.
func namedTemp(root *os.Root, folder *os.File, dir string, perm fs.FileMode) (*temp, error) {
	from, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	var r [8]byte
	rand.Read(r[:]) // never fails
	name := path.Join(dir, TempPrefix+hex.EncodeToString(r[:]))
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		from.Close()
		return nil, err
	}
	return &temp{root: root, folder: folder, from: from, file: f, name: name}, nil
}

// place gives the file its name unless the name is taken.
func (t *temp) place(name string) error {
	if t.name == "" {
		return t.linkUnnamed(path.Base(name))
	}
	err := t.renameNew(name)
	if err != nil && !errors.Is(err, fs.ErrExist) && notSupported(err) {
		err = t.linkNew(name)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) && notSupported(err) {
		err = t.reserve(name)
	}
	return err
}

// linkNew serves filesystems without an exclusive rename (NFS).
func (t *temp) linkNew(name string) error {
	return t.root.Link(t.name, name) // discard removes the temporary name
}

// reserve serves filesystems that have neither exclusive rename nor hard
// links: whoever creates the name may rename over it. Dying between the two
// leaves an empty file.
func (t *temp) reserve(name string) error {
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if err := t.root.Rename(t.name, name); err != nil {
		t.root.Remove(name)
		return err
	}
	t.done = true
	return nil
}

// discard closes the file and removes its temporary name.
func (t *temp) discard() {
	t.close()
	if t.name != "" && !t.done {
		t.root.Remove(t.name)
	}
	if t.from != nil {
		t.from.Close()
	}
}

func (t *temp) close() {
	if !t.closed {
		t.file.Close()
		t.closed = true
	}
}
