package ioc

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze/ioc/compiled"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// Bounds on what is loaded.
const (
	MaxListBytes  = 2 << 30 // of one list, decompressed
	maxListFiles  = 10_000
	maxListDepth  = 16
	zstdMaxMemory = 128 << 20 // window of a compressed list
)

// ListReport says what became of one file.
type ListReport struct {
	Name   string `json:"name"`             // as the set and the findings name it
	SHA256 string `json:"sha256,omitempty"` // of the file as it is
	list.Report
	Skipped string `json:"skipped,omitempty"` // why the file was left out
	Error   string `json:"error,omitempty"`   // why reading it ended early, or never began
}

// OK reports whether every line of the file was taken or is a comment.
func (r ListReport) OK() bool { return r.Error == "" && r.Odd == 0 }

// LoadPaths reads lists from files and folders (.txt, .csv, .tsv, .ioc, .iocs,
// .list, .lst, .netset, .ipset, and these with .gz or .zst) and compiles them.
// A file named by hand is read whatever its ending; one in a folder that may
// hold indicators in a form that isn't read (.json, .stix2, .xml, .xlsx …) has an
// error. Trouble with one file ends
// in its report; the error is for a set that can't be made, and for a path
// that isn't there.
func LoadPaths(ctx context.Context, paths []string) (*compiled.Set, []ListReport, error) {
	l := &loader{ctx: ctx, b: compiled.NewBuilder()}
	for _, p := range paths {
		first := len(l.reports)
		if err := l.path(p); err != nil {
			return nil, l.reports, fmt.Errorf("indicators in %s: %w", p, err)
		}
		if !slices.ContainsFunc(l.reports[first:], func(r ListReport) bool { return r.Skipped == "" && (!r.OK() || r.Indicators > 0) }) {
			l.reports = append(l.reports, ListReport{Name: filepath.ToSlash(p), Error: "no indicator in it"})
		}
	}
	s, err := l.b.Compile()
	return s, l.reports, err
}

// LoadFS is LoadPaths for a file system that is built in; names get prefix.
func LoadFS(ctx context.Context, fsys fs.FS, prefix string) (*compiled.Set, []ListReport, error) {
	l := &loader{ctx: ctx, b: compiled.NewBuilder()}
	if err := l.tree(fsys, prefix); err != nil {
		return nil, l.reports, fmt.Errorf("indicators in %s: %w", prefix, err)
	}
	s, err := l.b.Compile()
	return s, l.reports, err
}

type loader struct {
	ctx     context.Context
	b       *compiled.Builder
	reports []ListReport
}

func (l *loader) path(p string) error {
	st, err := os.Stat(p)
	if err != nil {
		return err
	}
	if st.IsDir() {
		root, err := os.OpenRoot(p)
		if err != nil {
			return err
		}
		defer root.Close()
		return l.tree(root.FS(), filepath.ToSlash(p))
	}
	if !st.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	f, err := os.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.file(filepath.ToSlash(p), f)
}

func (l *loader) tree(fsys fs.FS, prefix string) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		full := strings.TrimSuffix(prefix+"/"+strings.TrimPrefix(name, "."), "/")
		switch {
		case err != nil:
			l.reports = append(l.reports, ListReport{Name: full, Error: err.Error()})
			return nil
		case strings.Count(name, "/") > maxListDepth || len(l.reports) > maxListFiles:
			return fmt.Errorf("more than %d files or %d folders deep", maxListFiles, maxListDepth)
		case d.IsDir():
			return nil
		case otherList(name):
			l.reports = append(l.reports, ListReport{Name: full, Error: "a list in a form that this version does not read: make it plain text or CSV"})
			return nil
		case !listName(name):
			l.reports = append(l.reports, ListReport{Name: full, Skipped: "not a file with an ending of lists"})
			return nil
		case !d.Type().IsRegular():
			l.reports = append(l.reports, ListReport{Name: full, Error: "not a regular file (links are not followed)"})
			return nil
		}
		f, err := fsys.Open(name)
		if err != nil {
			l.reports = append(l.reports, ListReport{Name: full, Error: err.Error()})
			return nil
		}
		defer f.Close()
		return l.file(full, f)
	})
}

func listName(name string) bool {
	name = strings.ToLower(name)
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".txt", ".csv", ".tsv", ".ioc", ".iocs", ".list", ".lst", ".netset", ".ipset":
		return true
	}
	return false
}

// otherList tells by its name what may well hold indicators (STIX, MISP, a
// sheet) and is not read: left out without a word it would be missed.
func otherList(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".jsonl", ".ndjson", ".stix", ".stix2", ".xml", ".xls", ".xlsx", ".ods":
		return true
	}
	return false
}

// file reads one list. Only an error of the set or of ctx is returned.
func (l *loader) file(name string, f io.Reader) error {
	if err := l.b.File(name); err != nil {
		return err
	}
	sum := sha256.New()
	rep := ListReport{Name: name}
	raw := io.TeeReader(f, sum)
	var stop error
	r, done, err := decompress(name, raw)
	if err == nil {
		defer done()
		limited := &io.LimitedReader{R: r, N: MaxListBytes}
		rep.Report, err = list.Read(limited, func(ind list.Indicator) error {
			if ind.Line&1023 == 0 {
				stop = l.ctx.Err()
			}
			if stop == nil {
				stop = l.b.Add(ind)
			}
			return stop
		})
		if err == nil && limited.N == 0 {
			err = fmt.Errorf("only the first %d bytes were read", int64(MaxListBytes))
		}
	}
	rep.SHA256 = digestRest(raw, sum)
	if err != nil {
		rep.Error = err.Error()
	}
	l.reports = append(l.reports, rep)
	return stop
}

// digestRest reads on to the end, so that the digest is the whole file's.
func digestRest(raw io.Reader, sum hash.Hash) string {
	if _, err := io.Copy(io.Discard, io.LimitReader(raw, MaxListBytes)); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func decompress(name string, r io.Reader) (io.Reader, func(), error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		return z, func() { z.Close() }, nil
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMaxMemory), zstd.WithDecoderMaxWindow(zstdMaxMemory))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return r, func() {}, nil
}
