package rules

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
)

func TestEmbeddedDefinitions(t *testing.T) {
	var s artifacts.Set
	for _, p := range append(s.LoadFS(Artifacts, "artifacts", false), s.Check()...) {
		t.Error(p)
	}
	for _, d := range s.All() {
		if len(d.Profiles) == 0 {
			t.Errorf("%s:%d: %s names no profile", d.File, d.Line, d.Name)
		}
		if len(d.OS) == 0 {
			t.Errorf("%s:%d: %s names no supported_os", d.File, d.Line, d.Name)
		}
		if strings.Contains(d.File, "/linux/") != d.Supports(collect.Linux) {
			t.Errorf("%s: %s supports %v", d.File, d.Name, d.OS)
		}
	}
	for _, os := range []collect.OS{collect.Linux, collect.Windows} {
		if defs, _ := s.Asked(collect.ProfileTriage, nil, os); len(defs) == 0 {
			t.Errorf("triage asks for nothing on %s", os)
		}
	}
}

func TestStarterContentIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		fsys    fs.FS
		pattern string
	}{"yara": {YARA, "yara/*.yar"}, "ioc": {IOC, "ioc/*.txt"}} {
		if files, err := fs.Glob(c.fsys, c.pattern); err != nil || len(files) == 0 {
			t.Errorf("%s: %v, %q", name, err, files)
		}
	}
}
