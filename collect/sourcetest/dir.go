package sourcetest

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// Dir is a source over the folder Root. In with Fold finds names without
// regard to ASCII case, as a Windows volume does.
type Dir struct {
	Root string
	In   collect.SourceInfo
	// Cross is asked by Crossing where set.
	Cross func(path string) string
}

// NewDir returns a source named "test" of system family os.
func NewDir(root string, family collect.OS) *Dir {
	return &Dir{Root: root, In: collect.SourceInfo{Name: "test", Kind: "folder", OS: family, Method: "os", Fold: family != collect.Linux}}
}

// Info implements collect.Source.
func (d *Dir) Info() collect.SourceInfo { return d.In }

// Close implements collect.Source.
func (d *Dir) Close() error { return nil }

// Crossing implements collect.Source.
func (d *Dir) Crossing(path string, _ evidence.Stat) string {
	if d.Cross == nil {
		return ""
	}
	return d.Cross(path)
}

// real walks path component by component; each but the last must be a folder.
func (d *Dir) real(op, path string) (string, fs.FileInfo, error) {
	fail := func(err error) (string, fs.FileInfo, error) {
		return "", nil, &fs.PathError{Op: op, Path: path, Err: err}
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsRune(path, 0) {
		return fail(fs.ErrInvalid)
	}
	at := d.Root
	fi, err := os.Lstat(at)
	if err != nil || path == "/" {
		return at, fi, err
	}
	for _, name := range strings.Split(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return fail(fs.ErrInvalid)
		}
		if !fi.IsDir() {
			return fail(fmt.Errorf("%q lies below what is no folder", name))
		}
		if at, fi, err = d.child(at, name); err != nil {
			return "", nil, err
		}
	}
	return at, fi, nil
}

func (d *Dir) child(dir, name string) (string, fs.FileInfo, error) {
	p := dir + string(filepath.Separator) + name
	fi, err := os.Lstat(p)
	if err == nil || !d.In.Fold {
		return p, fi, err
	}
	list, listErr := os.ReadDir(dir)
	if listErr != nil {
		return p, nil, listErr
	}
	for _, e := range list {
		if strings.EqualFold(e.Name(), name) {
			p = dir + string(filepath.Separator) + e.Name()
			fi, err = os.Lstat(p)
			break
		}
	}
	return p, fi, err
}

// Lstat implements collect.Source.
func (d *Dir) Lstat(path string) (evidence.Stat, error) {
	p, fi, err := d.real("lstat", path)
	if err != nil {
		return evidence.Stat{}, err
	}
	st := statOf(fi)
	if st.Type == evidence.TypeSymlink {
		to, err := os.Readlink(p)
		if err != nil {
			return st, err
		}
		st.SetTarget(to)
	}
	return st, nil
}

func statOf(fi fs.FileInfo) evidence.Stat {
	st := evidence.StatOf(fi)
	sysStat(&st, fi)
	return st
}

// ReadDir implements collect.Source.
func (d *Dir) ReadDir(ctx context.Context, path string) iter.Seq2[collect.Entry, error] {
	return func(yield func(collect.Entry, error) bool) {
		p, fi, err := d.real("readdir", path)
		if err == nil && !fi.IsDir() {
			err = &fs.PathError{Op: "readdir", Path: path, Err: fs.ErrInvalid}
		}
		var list []fs.DirEntry
		if err == nil {
			list, err = os.ReadDir(p)
		}
		sort.Slice(list, func(i, j int) bool { return list[i].Name() < list[j].Name() })
		for _, e := range list {
			if ctx.Err() != nil {
				break
			}
			if !yield(collect.Entry{Name: e.Name(), Type: evidence.TypeOf(e.Type())}, nil) {
				return
			}
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(collect.Entry{}, err)
		}
	}
}

// Open implements collect.Source.
func (d *Dir) Open(_ context.Context, path string) (evidence.Content, evidence.Stat, error) {
	p, fi, err := d.real("open", path)
	if err == nil && !fi.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	if err != nil {
		return nil, evidence.Stat{}, err
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, evidence.Stat{}, err
	}
	return &content{File: f}, statOf(fi), nil
}

type content struct{ *os.File }

var _ io.ReadCloser = (*content)(nil)

// Finish implements evidence.Content.
func (c *content) Finish() evidence.Finish {
	fi, err := c.Stat()
	if err != nil {
		return evidence.Finish{}
	}
	st := statOf(fi)
	return evidence.Finish{After: &st}
}
