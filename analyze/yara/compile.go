//go:build cgo

package yara

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"runtime"
	"slices"
	"strings"

	yr "github.com/hillu/go-yara/v4"
	"golang.org/x/sync/errgroup"
)

// Compile reads rule files, folders of them (.yar .yara .rule .rules) and zip
// files, and compiles each file that can be compiled. What can't is in the
// reports, which are in the order of the paths; the error is for a path that
// isn't there and for sets beyond the bounds. A set without rules is no error;
// a path without any has a report that says so.
func Compile(ctx context.Context, paths []string) (*Compiled, []FileReport, error) {
	r := newReader()
	defer r.close()
	ends := make([]int, len(paths)) // in r.sources, of each path
	for i, p := range paths {
		if err := r.path(p); err != nil {
			return nil, nil, fmt.Errorf("rules in %s: %w", p, err)
		}
		ends[i] = len(r.sources)
	}
	c, reports, err := r.compile(ctx)
	if err != nil {
		return nil, nil, err
	}
	return c, append(reports, barren(paths, ends, reports)...), nil
}

// barren names the paths that gave no rule, where no problem says so already:
// a sweep without the rules that were asked for must not look like one with.
func barren(paths []string, ends []int, reports []FileReport) (out []FileReport) {
	from := 0
	for i, p := range paths {
		speaks := func(f FileReport) bool { return f.Rules > 0 || len(f.Errors) > 0 || f.Skipped == again }
		if !slices.ContainsFunc(reports[from:ends[i]], speaks) {
			f := FileReport{Name: p}
			if ends[i] == from+1 && reports[from].Name == p {
				f = reports[from]
			}
			f.fail(0, "no rule in it (in folders and zip files, rule files end in .yar, .yara, .rule or .rules)")
			if f.SHA256 != "" {
				reports[from] = f
			} else {
				out = append(out, f)
			}
		}
		from = ends[i]
	}
	return out
}

// CompileFS is Compile for a tree that is built in; names get prefix.
func CompileFS(ctx context.Context, tree fs.FS, prefix string) (*Compiled, []FileReport, error) {
	r := newReader()
	if err := r.walk(tree, prefix); err != nil {
		return nil, nil, fmt.Errorf("rules in %s: %w", prefix, err)
	}
	return r.compile(ctx)
}

// compile tries each file alone, on all cores, then puts the good ones into
// one set: a compiler can't go on after an error.
func (r *reader) compile(ctx context.Context) (*Compiled, []FileReport, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range r.sources {
		if s.text == nil || s.report.Skipped != "" || len(s.report.Errors) > 0 {
			continue
		}
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.try()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	rules, err := r.join()
	if err != nil {
		return nil, nil, err
	}
	c, err := r.pack(rules)
	r.included()
	reports := make([]FileReport, len(r.sources))
	for i, s := range r.sources {
		reports[i] = s.report
	}
	return c, reports, err
}

func newCompiler() (*yr.Compiler, error) {
	c, err := yr.NewCompiler()
	if err != nil {
		return nil, fmt.Errorf("libyara: %w", err)
	}
	for _, name := range externalNames() {
		if err := c.DefineVariable(name, ""); err != nil {
			c.Destroy()
			return nil, fmt.Errorf("libyara: external variable %s: %w", name, err)
		}
	}
	return c, nil
}

// add compiles s into c; refused says why an include was refused.
func (s *source) add(c *yr.Compiler) (refused []string, err error) {
	c.SetIncludeCallback(func(name, from, _ string) []byte {
		b, err := s.include(name, from)
		if err != nil {
			refused = append(refused, fmt.Sprintf("include %q: %v", name, err))
			return nil
		}
		return b
	})
	err = c.AddString(string(s.text), s.report.Namespace)
	return refused, err
}

func (s *source) try() error {
	c, err := newCompiler()
	if err != nil {
		return err
	}
	defer c.Destroy()
	refused, err := s.add(c)
	for _, w := range c.Warnings[:min(len(c.Warnings), MaxProblems)] {
		s.report.Warnings = append(s.report.Warnings, s.problem(w))
	}
	if err == nil && len(refused) == 0 {
		rules, err := c.GetRules()
		if err != nil {
			s.report.fail(0, "%v", err)
			return nil
		}
		s.report.Rules = len(rules.GetRules())
		rules.Destroy()
		return nil
	}
	for _, e := range c.Errors[:min(len(c.Errors), MaxProblems)] {
		s.report.Errors = append(s.report.Errors, s.problem(e))
	}
	for _, m := range refused {
		s.report.fail(0, "%s", m)
	}
	if len(s.report.Errors) == 0 {
		s.report.fail(0, "%v", err)
	}
	return nil
}

var unknownModule = regexp.MustCompile(`^unknown module "(.*)"`)

func (s *source) problem(m yr.CompilerMessage) Problem {
	p := Problem{File: s.report.Name, Line: m.Line, Message: strings.ToValidUTF8(m.Text, "\uFFFD")}
	if found := unknownModule.FindStringSubmatch(m.Text); found != nil {
		p.Message = fmt.Sprintf("needs the module %q, which this build of libyara lacks", found[1])
	}
	if m.Filename != "" { // an include, whose name means nothing without the file that asked for it
		p.Message = fmt.Sprintf("in include %q, line %d: %s", m.Filename, m.Line, p.Message)
		p.Line = 0
	}
	return p
}

// join compiles all good files into one set. A file that fails only together
// with the others is reported too, and the rest is tried again without it.
func (r *reader) join() (*yr.Rules, error) {
	for {
		c, err := newCompiler()
		if err != nil {
			return nil, err
		}
		bad := r.addAll(c)
		if bad == nil {
			rules, err := c.GetRules()
			c.Destroy()
			return rules, err
		}
		c.Destroy()
		bad.report.Rules = 0
	}
}

func (r *reader) addAll(c *yr.Compiler) (bad *source) {
	for _, s := range r.sources {
		if s.text == nil || s.report.Skipped != "" || len(s.report.Errors) > 0 {
			continue
		}
		includes := s.report.Includes
		s.report.Includes = nil // noted when it was tried alone
		_, err := s.add(c)
		s.report.Includes = includes
		if err != nil {
			s.report.fail(0, "together with the other files: %v", err)
			return s
		}
	}
	return nil
}

func (r *reader) pack(rules *yr.Rules) (*Compiled, error) {
	defer rules.Destroy()
	h := blobHead{Files: map[string]string{}, Loose: map[string]bool{}}
	for _, s := range r.sources {
		if s.report.Rules > 0 {
			h.Files[s.report.Namespace] = s.report.Name
			h.Rules += s.report.Rules
			h.Entry = h.Entry || s.entry
			if independent(s.text) {
				h.Loose[s.report.Namespace] = true
			}
		}
	}
	var b bytes.Buffer
	if err := rules.Write(&b); err != nil {
		return nil, fmt.Errorf("libyara: saving compiled rules: %w", err)
	}
	blob, err := pack(h, b.Bytes())
	return &Compiled{Rules: h.Rules, blob: blob}, err
}
