//go:build !linux

package live

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/source"
	"github.com/hozen-dfir/hozen/collect/source/salvage"
	"github.com/hozen-dfir/hozen/evidence"
)

const foldNames = true // the usual case of Windows and macOS

// rootDir is the top of the host: on Windows the system drive.
func rootDir() string {
	if runtime.GOOS != "windows" {
		return "/"
	}
	if d := os.Getenv("SystemDrive"); d != "" {
		return d + `\`
	}
	return `C:\`
}

func hostOS() collect.OS {
	if runtime.GOOS == "windows" {
		return collect.Windows
	}
	return collect.Darwin
}

// tree is the Source of this package where only the portable os package is
// used: no extended attributes, owners or birth times. Every component is
// looked at before it is passed, so links are not followed; unlike on Linux
// that look and the opening are two steps.
type tree struct {
	info collect.SourceInfo
	root *os.Root
}

func open(top string, info collect.SourceInfo) (collect.Source, error) {
	r, err := os.OpenRoot(top)
	if err != nil {
		return nil, fmt.Errorf("open tree %q: %w", top, err)
	}
	return &tree{info: info, root: r}, nil
}

// Info implements collect.Source.
func (t *tree) Info() collect.SourceInfo { return t.info }

// Close implements collect.Source.
func (t *tree) Close() error { return t.root.Close() }

// Crossing implements collect.Source. Only links lead elsewhere here, and
// those are not followed.
func (t *tree) Crossing(string, evidence.Stat) string { return "" }

// local returns path relative to the top, after a look at every component
// above the last.
func (t *tree) local(path string) (string, error) {
	comps, err := source.Components(path)
	if err != nil {
		return "", err
	}
	for i := 1; i < len(comps); i++ {
		at := filepath.Join(comps[:i]...)
		fi, err := t.root.Lstat(at)
		if err != nil {
			return "", fmt.Errorf("open %q: %w", path, err)
		}
		if fi.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
			target, _ := t.root.Readlink(at)
			return "", &source.LinkError{Path: path, Component: "/" + filepath.ToSlash(at), Target: target}
		}
	}
	return filepath.Join(append([]string{"."}, comps...)...), nil
}

// Lstat implements collect.Source.
func (t *tree) Lstat(path string) (evidence.Stat, error) {
	at, err := t.local(path)
	if err != nil {
		return evidence.Stat{}, err
	}
	fi, err := t.root.Lstat(at)
	if err != nil {
		return evidence.Stat{}, fmt.Errorf("stat %q: %w", path, err)
	}
	st := evidence.StatOf(fi)
	if st.Type == evidence.TypeSymlink {
		target, err := t.root.Readlink(at)
		if err != nil {
			return st, fmt.Errorf("read link %q: %w", path, err)
		}
		st.SetTarget(target)
	}
	return st, nil
}

// ReadDir implements collect.Source.
func (t *tree) ReadDir(ctx context.Context, path string) iter.Seq2[collect.Entry, error] {
	return func(yield func(collect.Entry, error) bool) {
		st, err := t.Lstat(path)
		if err == nil && st.Type != evidence.TypeDir {
			err = fmt.Errorf("read directory %q: it is a %s", path, st.Type)
		}
		if err != nil {
			yield(collect.Entry{}, err)
			return
		}
		at, _ := t.local(path)
		f, err := t.root.Open(at)
		if err != nil {
			yield(collect.Entry{}, fmt.Errorf("open directory %q: %w", path, err))
			return
		}
		defer f.Close()
		if err := readSorted(ctx, f, yield); err != nil {
			yield(collect.Entry{}, fmt.Errorf("read directory %q: %w", path, err))
		}
	}
}

// Open implements collect.Source.
func (t *tree) Open(_ context.Context, path string) (evidence.Content, evidence.Stat, error) {
	at, err := t.local(path)
	if err != nil {
		return nil, evidence.Stat{}, err
	}
	before, err := t.root.Lstat(at)
	if err != nil {
		return nil, evidence.Stat{}, fmt.Errorf("open %q: %w", path, err)
	}
	if !before.Mode().IsRegular() {
		return nil, evidence.Stat{}, fmt.Errorf("open %q: %s: not a regular file, never opened", path, evidence.TypeOf(before.Mode()))
	}
	f, err := t.root.Open(at)
	if err != nil {
		return nil, evidence.Stat{}, fmt.Errorf("open %q: %w", path, err)
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(before, now) {
		err = errors.New("replaced while opening")
	}
	if err != nil {
		f.Close()
		return nil, evidence.Stat{}, fmt.Errorf("open %q: %w", path, err)
	}
	opt := salvage.Options{Size: now.Size(), Max: now.Size() + Growth, Skippable: skippable}
	return &content{Reader: salvage.New(f, opt), f: f}, evidence.StatOf(now), nil
}

// skippable can't tell errors of a medium by number on every system; any
// error of a read is one of its range, and salvage bounds how many it takes.
func skippable(error) bool { return true }

type content struct {
	*salvage.Reader
	f *os.File
}

// Finish implements evidence.Content.
func (c *content) Finish() evidence.Finish {
	lost, more := c.Lost()
	f := evidence.Finish{Lost: lost, LostMore: more, Changed: c.Cut()}
	if fi, err := c.f.Stat(); err == nil {
		st := evidence.StatOf(fi)
		f.After = &st
	}
	return f
}

// Close implements evidence.Content.
func (c *content) Close() error { return c.f.Close() }
