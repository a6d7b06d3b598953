package sourcetest

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// Factory makes a source that holds the nodes. It may leave nodes out and say
// so in Fixture.Absent. Cleaning up is its own business (t.Cleanup).
type Factory func(t *testing.T, nodes []Node) Fixture

// suite is one run over one fixture.
type suite struct {
	Fixture
	nodes []Node
}

// Run tests a source against the contract of collect.Source.
func Run(t *testing.T, f Factory) {
	nodes := Nodes()
	s := &suite{Fixture: f(t, nodes)}
	for _, n := range nodes {
		if s.Absent[n.Path] == "" {
			s.nodes = append(s.nodes, n)
		}
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"info", s.info}, {"lstat", s.lstat}, {"missing", s.missing},
		{"links are not followed", s.links}, {"hostile paths", s.hostile},
		{"names that differ in case", s.fold},
		{"readdir", s.readDir}, {"readdir errors", s.readDirErrors}, {"readdir stops", s.readDirStops},
		{"open", s.open}, {"open refuses", s.openRefuses}, {"denied", s.denied},
		{"concurrent use", s.concurrent}, {"after close", s.closed}, // closes the source: last
	} {
		t.Run(c.name, c.run)
	}
}

// at gives the source path of a fixture path.
func (s *suite) at(p string) string {
	if p == "/" && s.Base != "" {
		return s.Base
	}
	return strings.TrimSuffix(s.Base, "/") + p
}

func (s *suite) has(p string) bool {
	for _, n := range s.nodes {
		if n.Path == p {
			return true
		}
	}
	return false
}

var nameGrammar = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func (s *suite) info(t *testing.T) {
	in := s.Source.Info()
	if !nameGrammar.MatchString(in.Name) {
		t.Errorf("name %q does not follow [a-z0-9-]{1,32}", in.Name)
	}
	if in.Kind == "" || in.Method == "" || in.OS == "" {
		t.Errorf("kind, method and OS must be stated: %+v", in)
	}
}

func (s *suite) lstat(t *testing.T) {
	if st, err := s.Source.Lstat(s.at("/")); err != nil || st.Type != evidence.TypeDir {
		t.Errorf("root: %v, type %q", err, st.Type)
	}
	for _, n := range s.nodes {
		st, err := s.Source.Lstat(s.at(n.Path))
		if err != nil {
			t.Errorf("%q: %v", n.Path, err)
			continue
		}
		if st.Type != n.Type {
			t.Errorf("%q: type %q, want %q", n.Path, st.Type, n.Type)
		}
		if n.Type == evidence.TypeFile && st.StatLen != int64(len(n.Data)) {
			t.Errorf("%q: size %d, want %d", n.Path, st.StatLen, len(n.Data))
		}
		if n.Type == evidence.TypeSymlink && st.RawTarget() != n.Target {
			t.Errorf("%q: target %q, want %q", n.Path, st.RawTarget(), n.Target)
		}
		if st.MTime.IsZero() {
			t.Errorf("%q: no mtime", n.Path)
		}
	}
}

func (s *suite) missing(t *testing.T) {
	for _, p := range []string{"/nope", "/dir/nope", "/nope/nope", "/names/with  space", "/smal", "/small2"} {
		if _, err := s.Source.Lstat(s.at(p)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Lstat %q: %v, want fs.ErrNotExist", p, err)
		}
		if c, _, err := s.Source.Open(context.Background(), s.at(p)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open %q: %v, want fs.ErrNotExist", p, err)
			shut(c)
		}
	}
	if _, err := s.Source.Lstat(s.at("/small/below")); err == nil {
		t.Error("Lstat of a name below a file worked")
	}
}

// links checks that no method follows a link in any component.
func (s *suite) links(t *testing.T) {
	for _, p := range []string{"/link-dir/inside", "/link-dir/sub/deep", "/dir/link-up/etc/passwd", "/link-loop/x"} {
		if _, err := s.Source.Lstat(s.at(p)); err == nil {
			t.Errorf("Lstat followed a link in %q", p)
		}
	}
	for _, p := range []string{"/link-file", "/link-dir", "/link-absolute", "/link-dangling", "/link-loop", "/link-dir/inside"} {
		c, _, err := s.Source.Open(context.Background(), s.at(p))
		if err == nil {
			t.Errorf("Open followed the link %q", p)
			shut(c)
		}
	}
	for _, p := range []string{"/link-dir", "/link-dir/sub", "/dir/link-up"} {
		if names, err := list(context.Background(), s.Source, s.at(p)); err == nil {
			t.Errorf("ReadDir followed the link %q: %q", p, names)
		}
	}
}

// hostile checks that odd paths end in errors: never a panic, never an escape.
func (s *suite) hostile(t *testing.T) {
	paths := []string{"", "small", ".", "..", "/..", "/../..", "/dir/../small", "/dir/./inside", "/dir//inside",
		"/small\x00", "/\x00", "/dir/inside/", "/" + strings.Repeat("a", 256), strings.Repeat("/a", 5000),
		"/" + strings.Repeat("x", 1<<20)}
	for _, p := range paths {
		full := p
		if strings.HasPrefix(p, "/") {
			full = s.at(p)
		}
		if _, err := s.Source.Lstat(full); err == nil {
			t.Errorf("Lstat took %.40q", p)
		}
		if c, _, err := s.Source.Open(context.Background(), full); err == nil {
			t.Errorf("Open took %.40q", p)
			shut(c)
		}
		if _, err := list(context.Background(), s.Source, full); err == nil {
			t.Errorf("ReadDir took %.40q", p)
		}
	}
}

func (s *suite) fold(t *testing.T) {
	if s.Source.Info().Fold {
		if _, err := s.Source.Lstat(s.at("/SMALL")); err != nil {
			t.Errorf("a source that folds case does not find /SMALL: %v", err)
		}
		return
	}
	if _, err := s.Source.Lstat(s.at("/SMALL")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("/SMALL: %v, want fs.ErrNotExist", err)
	}
}

// children lists the fixture's names in one directory.
func (s *suite) children(dir string) map[string]evidence.FileType {
	out := map[string]evidence.FileType{}
	for _, n := range s.nodes {
		if path.Dir(n.Path) == dir {
			out[n.Path[strings.LastIndexByte(n.Path, '/')+1:]] = n.Type
		}
	}
	return out
}
