package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/all"
	"github.com/hozen-dfir/hozen/analyze/report"
	"github.com/hozen-dfir/hozen/analyze/worker"
	"github.com/hozen-dfir/hozen/analyze/yara"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/rules"
)

// analyzeFlags are the flags of analyze.
type analyzeFlags struct {
	rules, iocs, identities, to []string
	out, caseID, signKey        string
	store                       string
	workers                     int
	timeout                     time.Duration
	memory                      string
	csv, failOnFindings, events bool
	starter                     bool
}

func newAnalyzeCommand(app *cli.App) *cobra.Command {
	var f analyzeFlags
	cmd := &cobra.Command{
		Use:   "analyze TARGET… --rules PATH… --iocs PATH…",
		Short: "Sweep bundles, folders and files with YARA rules and indicators",
		Long: `Sweeps bundles (folder, ZIP, s3://), plain folders and files. Items are read
straight from the segments, decrypted in memory, and examined in worker processes
that can reach neither files nor network: one that crashes, hangs or eats memory
costs one item, which is listed as not scanned. Rules that are too slow for an item
cost themselves: the others are tried without them, and they are named. Captures are read as well: flows,
DNS, HTTP and TLS names are matched, bodies and streams are scanned. --events
prints all that was read there; for that no rules are needed. Archives and
compressed files are swept as they are, not unpacked.

With --out the findings are written to a folder (findings.jsonl, findings.csv,
unscanned.jsonl, events.jsonl, sweep.json, summary.json) and sealed as a bundle
below it that names the bundles they came from and the digest of every rule file. It is
encrypted to --to, or to the identities given.

Of several bundles one that can't be opened, or is not what was sealed, costs
itself and not the others.

Exit codes: 0 done, 3 an item was not scanned to its end, or a rule file or a
bundle not used, 4 a bundle failed verification, 5 findings (with
--fail-on-findings).`,
		Example: `  hozen analyze b/ --identity keys/ --rules rules/yara --iocs rules/ioc --out findings/
  hozen analyze b1/ b2.zip s3://evidence/b3 --identity keys/ --rules rules.zip --json
  hozen analyze /mnt/image --iocs domains.txt --csv
  hozen analyze traffic.pcapng --events`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runAnalyze(cmd.Context(), app, f, args) },
	}
	identityFlag(cmd, &f.identities)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.rules, "rules", nil, "YARA rule `path`: file, folder or zip (repeatable)")
	fl.StringArrayVar(&f.iocs, "iocs", nil, "list of indicators, `path` of a file or folder (repeatable)")
	fl.BoolVar(&f.starter, "starter", false, "look for the small starter set of rules and indicators that is built in")
	fl.StringVar(&f.out, "out", "", "new `folder` for the findings and their bundle")
	fl.StringArrayVar(&f.to, "to", nil, "age `recipient` of the findings bundle (repeatable)")
	fl.StringVar(&f.caseID, "case", "", "case `id` of the findings (default: the first bundle's)")
	fl.StringVar(&f.signKey, "sign-key", "", "key `folder` that signs the findings (default: a key for this sweep)")
	fl.StringVar(&f.store, "store", "", "the `store` that took the bundles in: its custody log gets an entry that they were analyzed; needs --sign-key")
	fl.IntVar(&f.workers, "workers", 0, "worker processes (0: one a core)")
	fl.DurationVar(&f.timeout, "timeout", worker.DefaultTimeout, "time for one item; each 2 MiB of it give a second more, up to 6 hours")
	fl.StringVar(&f.memory, "memory", "1GiB", "memory of one worker `size`")
	fl.BoolVar(&f.csv, "csv", false, "print findings as CSV")
	fl.BoolVar(&f.events, "events", false, "print what captures hold: flows, DNS, HTTP, TLS (with --out it is in events.jsonl anyway)")
	fl.BoolVar(&f.failOnFindings, "fail-on-findings", false, "exit 5 where there are findings")
	return cmd
}

func runAnalyze(ctx context.Context, app *cli.App, f analyzeFlags, args []string) (err error) {
	if err := f.check(app); err != nil {
		return err
	}
	debug.SetGCPercent(50) // segments are large and soon garbage: collecting them early costs little
	memory, err := cli.ParseSize("memory", f.memory)
	if err == nil && memory < minMemory {
		err = cli.Usagef("--memory %s: want %s at least", f.memory, cli.Bytes(minMemory))
	}
	if err != nil {
		return err
	}
	sources, err := f.sources(app)
	if err != nil {
		return err
	}
	r := &sweepRun{analyzeFlags: f, app: app, damaged: new(atomic.Int64)}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	defer r.signer.Destroy()
	cfg, facts, err := all.Compile(ctx, sources)
	showRuleProblems(app, facts)
	if err != nil {
		return rulesError(err)
	}
	o, err := openTargets(ctx, args, f.out, r.ids, r.damaged)
	defer func() {
		for _, b := range o.bundles {
			b.Close()
		}
	}()
	if err != nil {
		return err
	}
	twice(app, o.bundles)
	if err := r.canRecord(ctx, o.bundles); err != nil {
		return err
	}
	pool, err := worker.Start(ctx, worker.Options{Config: cfg, Workers: f.workers, Timeout: f.timeout, Memory: memory, Spool: f.spool(),
		Log: func(line string) { app.Warnf("%s", line) }})
	if err != nil {
		return fmt.Errorf("starting worker processes: %w", err)
	}
	defer pool.Close()
	if _, missing := pool.Guards(); len(missing) > 0 {
		app.Notef("workers run with less protection than they could: %v", missing)
	}
	facts.Tool, facts.Analyzers = "hozen", pool.Analyzers()
	facts.Version, _ = cli.Version()
	facts.Options = map[string]string{"timeout": f.timeout.String(), "memory": f.memory}
	for _, t := range o.targets {
		facts.Parents = append(facts.Parents, t.Parent())
	}
	r.facts, r.bundles = facts, o.bundles
	return r.sweep(ctx, o.targets, pool)
}

// spool is the folder where events wait for their turn, "" where nobody wants any.
func (f *analyzeFlags) spool() string {
	switch {
	case f.out != "":
		return f.out
	case f.events:
		return os.TempDir()
	}
	return ""
}

// Bounds of what may be asked of workers. One with less memory could not even
// hold the rules.
const (
	maxWorkers = 256
	minMemory  = 64 << 20
)

func (f *analyzeFlags) check(app *cli.App) error {
	switch {
	case len(f.rules)+len(f.iocs) == 0 && !f.starter && !f.events:
		return cli.WithHint(cli.Usagef("nothing to look for"), "give --rules and --iocs, or --starter for the small set that is built in; --events lists what captures hold")
	case len(f.rules)+len(f.iocs) > 0 && f.starter:
		return cli.Usagef("--starter stands alone; its files are in rules/yara and rules/ioc too")
	case f.events && f.csv:
		return cli.Usagef("--events and --csv exclude each other: --csv has the columns of findings")
	case app.JSON && f.csv:
		return cli.Usagef("--json and --csv exclude each other")
	case f.workers < 0 || f.workers > maxWorkers:
		return cli.Usagef("--workers %d: want 1 to %d, or 0 for one a core", f.workers, maxWorkers)
	case f.timeout <= 0:
		return cli.Usagef("--timeout %v: want a time above 0", f.timeout)
	case f.store != "" && f.signKey == "":
		return cli.Usagef("--store needs --sign-key: an entry in the custody log is signed by its actor")
	case len(f.to) > 0 && f.out == "":
		return cli.Usagef("--to goes with --out")
	}
	if f.caseID != "" {
		if err := evidence.ValidCase(f.caseID); err != nil {
			return cli.BadFlag("case", err)
		}
	}
	return collectcmd.OutsideBundles("out", f.out)
}

// sources are the rules and indicators to look for: those named, or the
// starter set that is built in.
func (f *analyzeFlags) sources(app *cli.App) (all.Options, error) {
	o := all.Options{Rules: f.rules, IOCs: f.iocs, Events: f.events}
	if !f.starter {
		return o, nil
	}
	var err error
	if o.IOCsFS, err = fs.Sub(rules.IOC, "ioc"); err != nil {
		return o, err
	}
	if !yara.Available() {
		app.Warnf("%v: only indicators are looked for", yara.ErrNoYARA)
		return o, nil
	}
	o.RulesFS, err = fs.Sub(rules.YARA, "yara")
	return o, err
}

// rulesError is wrong use: --rules and --iocs name what can't be looked for.
func rulesError(err error) error {
	if errors.Is(err, yara.ErrNoYARA) || errors.Is(err, context.Canceled) {
		return err
	}
	err = cli.WithCode(cli.Usage, err)
	if errors.Is(err, all.ErrNothing) {
		return cli.WithHint(err, "see the messages above; nothing was swept")
	}
	return cli.WithHint(err, "--rules takes YARA files, folders and zips of them; --iocs lists of indicators, or folders of them")
}

// printer shows findings and events on standard output, as table, CSV (which has
// no events) or JSON lines.
type printer struct {
	add   func(analyze.Finding) error
	event func(analyze.Event) error
	flush func() error
}

func (f *analyzeFlags) printer(app *cli.App) (printer, error) {
	done := func() error { return nil }
	switch {
	case app.JSON:
		return printer{func(x analyze.Finding) error { return app.Emit(x) }, func(e analyze.Event) error { return app.Emit(e) }, done}, nil
	case f.csv:
		c, err := report.NewCSV(app.Out)
		if err != nil {
			return printer{}, err
		}
		return printer{c.Add, nil, c.Flush}, nil
	default:
		t := report.NewTable(app.Out, app.Width(), app.ColorOK())
		return printer{t.Add, t.Event, done}, nil
	}
}

// unscannedShown bounds what a terminal shows; the folder's file has them all.
const unscannedShown = 20

// sweepRun is one sweep under way.
type sweepRun struct {
	analyzeFlags
	app       *cli.App
	facts     report.Facts
	ids       []age.Identity
	readers   []age.Recipient // of the findings bundle; none: not encrypted
	signer    *keys.Signer    // the analyst's key, or one for this sweep alone
	log       store.Store     // nil without --store
	bundles   []*bundle.Bundle
	damaged   *atomic.Int64  // reads that did not give what was sealed
	folder    *report.Folder // nil without --out
	sealed    *sink.Totals   // likewise
	unscanned int
}

func (f *sweepRun) sweep(ctx context.Context, targets []analyze.Target, pool *worker.Pool) error {
	app := f.app
	show, err := f.printer(app)
	if err != nil {
		return err
	}
	if f.out != "" {
		if f.folder, err = report.Create(f.out); err != nil {
			return cli.WithHint(err, "give --out a new folder, or an empty one")
		}
	}
	bar := app.Progress("sweeping")
	var last analyze.Progress
	sum, err := analyze.Sweep(ctx, targets, pool, analyze.Sinks{
		Finding: func(x analyze.Finding) error {
			if f.folder != nil {
				if err := f.folder.Finding(x); err != nil {
					return err
				}
			}
			return show.add(x)
		},
		Event:     func(e analyze.Event) error { return f.event(e, show) },
		Unscanned: f.unscannedItem,
		Progress: func(p analyze.Progress) {
			bar.SetTotal(p.TotalItems, p.TotalBytes)
			bar.Add(p.Items-last.Items, p.Bytes-last.Bytes)
			last = p
		},
	})
	bar.Done()
	err = errors.Join(err, show.flush())
	if f.folder != nil {
		err = errors.Join(err, f.folder.Close(&f.facts, sum))
	}
	if err != nil {
		return readError(err)
	}
	if err := f.seal(ctx); err != nil {
		return err
	}
	if err := f.record(ctx); err != nil {
		return err
	}
	return f.verdict(sum)
}

func (f *sweepRun) event(e analyze.Event, show printer) error {
	if f.folder != nil {
		if err := f.folder.Event(e); err != nil {
			return err
		}
	}
	if !f.events {
		return nil
	}
	return show.event(e)
}

func (f *sweepRun) unscannedItem(u analyze.Unscanned) error {
	if u.Kind == analyze.FaultRecord {
		f.damaged.Add(1)
	}
	if f.unscanned++; f.unscanned <= unscannedShown {
		why := u.Reason
		if u.Analyzer != "" {
			why = u.Analyzer + ": " + why
		}
		f.app.Warnf("not scanned to its end: %s: %s", u.Path, why)
	}
	if f.folder != nil {
		return f.folder.Unscanned(u)
	}
	return nil
}

func (f *sweepRun) verdict(sum analyze.Summary) error {
	if f.unscanned > unscannedShown {
		f.app.Warnf("%d more items were not scanned to their end", f.unscanned-unscannedShown)
	}
	f.app.Notef("%s items, %s in %.1f s: %s findings in %s items; %s items not scanned to their end; %d of %d rule files not used in full",
		cli.Count(sum.Items), cli.Bytes(sum.Bytes), sum.Seconds, cli.Count(sum.Findings), cli.Count(sum.Flagged), cli.Count(sum.Unscanned), f.facts.Failed(), len(f.facts.Rules))
	switch {
	case f.damaged.Load() > 0:
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, errors.New("a bundle is not what was sealed: what could not be proved was not scanned")),
			"hozen verify lists every problem")
	case f.failOnFindings && sum.Findings > 0:
		return cli.Ended(cli.Findings)
	case sum.Unscanned > 0 || f.facts.Failed() > 0:
		return cli.Ended(cli.Gaps)
	}
	return nil
}

// bundleDir is where the findings bundle lies below --out.
func (f *analyzeFlags) bundleDir() string { return filepath.Join(f.out, "bundle") }
