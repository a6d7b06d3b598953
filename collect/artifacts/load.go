package artifacts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxFiles bounds how many files one folder of definitions may hold.
const maxFiles = 10_000

// LoadFS reads every *.yaml and *.yml below dir of fsys into the set.
func (s *Set) LoadFS(fsys fs.FS, dir string, user bool) []Problem {
	var problems []Problem
	files := 0
	err := fs.WalkDir(fsys, dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, Problem{File: p, Text: err.Error()})
			return nil
		}
		if ext := strings.ToLower(path.Ext(p)); e.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		if files++; files > maxFiles {
			return fmt.Errorf("more than %d definition files", maxFiles)
		}
		problems = append(problems, s.loadFile(fsys, p, p, user)...)
		return nil
	})
	if err != nil {
		problems = append(problems, Problem{File: dir, Text: err.Error()})
	}
	return problems
}

// loadFile reads the file p, which messages call name.
func (s *Set) loadFile(fsys fs.FS, p, name string, user bool) []Problem {
	// Asked before it is opened: opening a fifo waits for a writer.
	fi, err := fs.Stat(fsys, p)
	if err == nil && !fi.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return []Problem{{File: name, Text: err.Error()}}
	}
	f, err := fsys.Open(p)
	if err != nil {
		return []Problem{{File: name, Text: err.Error()}}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return []Problem{{File: name, Text: err.Error()}}
	}
	defs, problems := Parse(name, data)
	s.read += len(defs)
	for _, d := range defs {
		d.User = user
	}
	return append(problems, s.Add(defs...)...)
}

// LoadPath reads a definition file, or all those of a folder, named by hand.
// A folder without any is a Problem, for somebody expects something of it.
func (s *Set) LoadPath(name string) []Problem {
	fi, err := os.Stat(name)
	if err != nil {
		return []Problem{{File: name, Text: err.Error()}}
	}
	before := s.read
	var problems []Problem
	if fi.IsDir() {
		problems = s.LoadFS(os.DirFS(name), ".", true)
	} else {
		problems = s.loadFile(os.DirFS(filepath.Dir(name)), filepath.Base(name), name, true)
	}
	if s.read == before && len(problems) == 0 {
		problems = []Problem{{File: name, Text: "holds no definitions (*.yaml)"}}
	}
	return problems
}
