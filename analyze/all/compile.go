package all

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc"
	"github.com/hozen-dfir/hozen/analyze/report"
	"github.com/hozen-dfir/hozen/analyze/yara"
)

// Options of a sweep, as far as the analyzers are concerned.
type Options struct {
	Rules []string // YARA rule files, folders and zip files
	IOCs  []string // lists of indicators: files and folders
	// RulesFS and IOCsFS, where set, take the place of the two: content that
	// is built in. Findings name its files with "builtin/" before them.
	RulesFS, IOCsFS fs.FS
	// Events says that what is read out of items is wanted: then a sweep need
	// not look for anything.
	Events bool
}

// none says that there is nothing to look for, and that nobody named any.
func (o *Options) none() bool {
	return len(o.Rules)+len(o.IOCs) == 0 && o.RulesFS == nil && o.IOCsFS == nil
}

// builtIn stands before the names of files that are built in.
const builtIn = "builtin/"

// Names of the configuration's parts.
const (
	partYARA = "yara"
	partIOC  = "ioc"
)

// ErrNothing says that a sweep would look for nothing.
var ErrNothing = errors.New("nothing to look for: no usable rule and no indicator")

// Compile reads rules and indicators. It returns the configuration of the
// workers and the facts of sweep.json so far; what can't be used is in the
// facts' rule files. The error is for paths that can't be read, for sets beyond
// their bounds, for rules in a build without YARA, and ErrNothing.
func Compile(ctx context.Context, opt Options) (analyze.Config, report.Facts, error) {
	var cfg analyze.Config
	facts := report.Facts{Format: report.FactsFormat, Libraries: map[string]string{}}
	found := 0
	for _, add := range []func(context.Context, Options, *analyze.Config, *report.Facts) (int, error){addYARA, addIOC} {
		n, err := add(ctx, opt, &cfg, &facts)
		if err != nil {
			return cfg, facts, err
		}
		found += n
	}
	if found == 0 && !(opt.Events && opt.none()) {
		return cfg, facts, ErrNothing
	}
	return cfg, facts, nil
}

func addYARA(ctx context.Context, opt Options, cfg *analyze.Config, facts *report.Facts) (int, error) {
	if len(opt.Rules) == 0 && opt.RulesFS == nil {
		return 0, nil
	}
	var rules *yara.Compiled
	var files []yara.FileReport
	var err error
	if opt.RulesFS != nil {
		rules, files, err = yara.CompileFS(ctx, opt.RulesFS, builtIn)
	} else {
		rules, files, err = yara.Compile(ctx, opt.Rules)
	}
	if err != nil {
		return 0, fmt.Errorf("rules: %w", err)
	}
	for _, f := range files {
		r := report.RuleFile{Kind: partYARA, Name: f.Name, SHA256: f.SHA256, Rules: f.Rules, Skipped: f.Skipped,
			Errors: places(f.Errors), Warnings: places(f.Warnings)}
		facts.Rules = append(facts.Rules, r)
		for _, i := range f.Includes {
			facts.Rules = append(facts.Rules, report.RuleFile{Kind: partYARA, Name: i.Name, SHA256: i.SHA256,
				Skipped: "included by " + f.Name})
		}
	}
	facts.Libraries["libyara"] = yara.Version()
	if rules.Rules == 0 {
		return 0, nil
	}
	cfg.Parts = append(cfg.Parts, analyze.Part{Name: partYARA, Data: rules.Marshal()})
	return rules.Rules, nil
}

func places(ps []yara.Problem) (out []string) {
	for _, p := range ps {
		at := p.File
		if p.Line > 0 {
			at += ":" + strconv.Itoa(p.Line)
		}
		out = append(out, at+": "+p.Message)
	}
	return out
}

func addIOC(ctx context.Context, opt Options, cfg *analyze.Config, facts *report.Facts) (int, error) {
	if len(opt.IOCs) == 0 && opt.IOCsFS == nil {
		return 0, nil
	}
	var set *ioc.Set
	var lists []ioc.ListReport
	var err error
	if opt.IOCsFS != nil {
		set, lists, err = ioc.LoadFS(ctx, opt.IOCsFS, builtIn)
	} else {
		set, lists, err = ioc.LoadPaths(ctx, opt.IOCs)
	}
	if err != nil {
		return 0, fmt.Errorf("indicators: %w", err)
	}
	for _, l := range lists {
		r := report.RuleFile{Kind: partIOC, Name: l.Name, SHA256: l.SHA256, Rules: l.Indicators, Skipped: l.Skipped}
		if l.Error != "" {
			r.Errors = append(r.Errors, l.Name+": "+l.Error)
		}
		for _, o := range l.Places {
			r.Errors = append(r.Errors, fmt.Sprintf("%s:%d: %s: %q", l.Name, o.Line, o.Reason, o.Text))
		}
		if more := l.Odd - len(l.Places); more > 0 {
			r.Errors = append(r.Errors, fmt.Sprintf("%s: %d more lines were not taken", l.Name, more))
		}
		facts.Rules = append(facts.Rules, r)
	}
	if set.Len() == 0 {
		return 0, nil
	}
	cfg.Parts = append(cfg.Parts, analyze.Part{Name: partIOC, Data: set.Marshal()})
	return set.Len(), nil
}
