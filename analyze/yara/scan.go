//go:build cgo

package yara

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	yr "github.com/hillu/go-yara/v4"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Available reports whether this build has YARA.
func Available() bool { return true }

// Version returns the version of go-yara's libyara, "" without it.
func Version() string { return libyaraVersion }

// Analyzer scans items with one set of rules. It serves one goroutine at a
// time; several may share the process.
type Analyzer struct {
	opts    Options
	rules   *yr.Rules
	scanner *yr.Scanner
	files   map[string]string
	now     *scan
	empty   bool
	entry   bool // a rule may ask for the entry point
	stale   bool // the scanner may hold an entry point
	bounded bool // the time is the context's, not that of the options

	first time.Duration   // per cent of the time for all rules together
	loose map[string]bool // namespaces whose rules don't need each other
	parts []part          // of the rules, once they were needed one by one
}

// New returns the analyzer "yara" over compiled rules (Compiled.Marshal).
func New(blob []byte, opts Options) (*Analyzer, error) {
	h, saved, err := unpack(blob)
	if err != nil {
		return nil, err
	}
	rules, err := yr.ReadRules(bytes.NewReader(saved))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	a := &Analyzer{opts: opts.withDefaults(), rules: rules, files: h.Files, empty: h.Rules == 0, entry: h.Entry,
		first: firstShare, loose: h.Loose}
	if err := a.renew(); err != nil {
		rules.Destroy()
		return nil, err
	}
	return a, nil
}

// renew makes a scanner, in the place of one that there may be.
func (a *Analyzer) renew() error {
	s, err := yr.NewScanner(a.rules)
	if err != nil {
		return fmt.Errorf("libyara: %w", err)
	}
	if a.scanner != nil {
		a.scanner.Destroy()
	}
	s.SetCallback(a)
	a.scanner, a.stale = s, false
	return nil
}

// expect notes whether the item could leave its entry point in the scanner:
// libyara (4.5.2, scanner.c) looks for one until it has found one, and holds on
// to it, so that every later item would seem to have it too.
func (a *Analyzer) expect(head []byte, whole bool) {
	if a.entry && (!whole || bytes.HasPrefix(head, []byte("MZ")) || bytes.HasPrefix(head, []byte("\x7fELF"))) {
		a.stale = true
	}
}

// Close frees what libyara holds for the analyzer.
func (a *Analyzer) Close() error {
	a.scanner.Destroy()
	a.rules.Destroy()
	return nil
}

// Name returns "yara".
func (a *Analyzer) Name() string { return "yara" }

// Wants is true for items with content, empty files among them.
func (a *Analyzer) Wants(r evidence.Record) bool {
	return !a.empty && (r.Outcome.HasBytes() || r.Outcome == evidence.Empty)
}

// Examine scans the item's content: in one piece up to Options.WholeLimit,
// in overlapping blocks beyond.
func (a *Analyzer) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	if s.Body == nil {
		return nil
	}
	whole, err := s.Bytes(a.opts.WholeLimit)
	if err != nil {
		return err
	}
	head := whole[:min(len(whole), headLen)]
	var blocks *blocks
	if whole == nil && s.Size > 0 {
		blocks = newBlocks(ctx, s.Body, s.Size, a.opts.Block)
		if head, err = blocks.head(); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.stale {
		if err := a.renew(); err != nil {
			return err
		}
	}
	x := ExternalsOf(s.Record, head)
	a.expect(head, blocks == nil)
	a.now = &scan{a: a, subject: s, report: report}
	defer func() { a.now = nil }()
	run := func(d time.Duration) error {
		if err := a.prepare(x, d); err != nil {
			return err
		}
		if blocks == nil {
			return a.explain(a.scanner.ScanMem(whole))
		}
		err := a.explain(a.scanner.ScanMemBlocks(blocks))
		if blocks.err != nil {
			return blocks.err
		}
		return err
	}
	var left time.Duration
	left, a.bounded = a.limit(ctx)
	until := time.Now().Add(left / 100 * partsEnd)
	err = run(left / 100 * a.first)
	if errors.Is(err, ErrTimeout) && ctx.Err() == nil && time.Until(until) >= time.Second {
		err = a.inParts(ctx, until, err, run)
	}
	return err
}

// prepare sets the item's variables and how long it may take.
func (a *Analyzer) prepare(x Externals, d time.Duration) error {
	values := x.values()
	for i, name := range externalNames() {
		if err := a.scanner.DefineVariable(name, values[i]); err != nil {
			return fmt.Errorf("libyara: external variable %s: %w", name, err)
		}
	}
	seconds := max(1, (d+time.Second-1)/time.Second)
	a.scanner.SetTimeout(seconds * time.Second)
	return nil
}

// ErrTimeout marks items that took longer than allowed.
var ErrTimeout = errors.New("the scan took longer than allowed")

// errScanTimeout is ERROR_SCAN_TIMEOUT of libyara's error.h.
const errScanTimeout = 26

func (a *Analyzer) explain(err error) error {
	var e yr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.Code == errScanTimeout && a.bounded:
		return fmt.Errorf("%w: %w", ErrTimeout, context.DeadlineExceeded)
	case errors.As(err, &e) && e.Code == errScanTimeout:
		return fmt.Errorf("%w (%s)", ErrTimeout, a.opts.Timeout)
	case errors.As(err, &e) && e.RuleIdentifier != "":
		return fmt.Errorf("libyara: rule %s in %s: %w", e.RuleIdentifier, e.Namespace, err)
	}
	return fmt.Errorf("libyara: %w", err)
}
