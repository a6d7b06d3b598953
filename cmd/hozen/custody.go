package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/intake"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

func newCustodyCommand(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "custody",
		Short:   "Show and verify a case's record of custody",
		Example: "  hozen custody verify --store vault/ --case IR-1",
	}
	cmd.AddCommand(newCustodyShowCommand(app), newCustodyVerifyCommand(app), newCustodyScriptCommand(app))
	return cmd
}

// caseLog opens the log that --store and --case name.
func caseLog(ctx context.Context, where, caseID string) (*custody.Log, error) {
	if where == "" || caseID == "" {
		return nil, cli.Usagef("this needs --store and --case")
	}
	if err := evidence.ValidCase(caseID); err != nil {
		return nil, cli.WithCode(cli.Usage, err)
	}
	st, err := openStore(ctx, where)
	if err != nil {
		return nil, err
	}
	return custody.Open(st, caseID, time.Now)
}

func newCustodyShowCommand(app *cli.App) *cobra.Command {
	var where, caseID string
	cmd := &cobra.Command{
		Use:   "show --store STORE --case CASE",
		Short: "Show every entry of a case's log",
		Example: `  hozen custody show --store vault/ --case IR-1
  hozen custody show --store s3://evidence --case IR-1 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := caseLog(cmd.Context(), where, caseID)
			if err != nil {
				return err
			}
			n := 0
			for r, err := range log.Entries(cmd.Context()) {
				if err != nil {
					return unreadable(err)
				}
				n++
				if err := showEntry(app, r); err != nil {
					return err
				}
			}
			if n == 0 {
				return noLog(caseID, where)
			}
			return nil
		},
	}
	storeFlag(cmd, &where)
	cmd.Flags().StringVar(&caseID, "case", "", "the case's `id`")
	return cmd
}

func noLog(caseID, where string) error {
	return cli.WithHint(fmt.Errorf("case %s has no custody log in %s", caseID, where),
		fmt.Sprintf("hozen store ls --store %s shows the cases that are there", where))
}

// unreadable tells a log that can't be reached from one that is damaged.
func unreadable(err error) error {
	if !errors.Is(err, custody.ErrDamaged) {
		return storeError(err)
	}
	return cli.WithHint(cli.WithCode(cli.VerifyFailed, err), "hozen custody verify names every problem")
}

func showEntry(app *cli.App, r custody.Record) error {
	if app.JSON { // the line that was signed: members of later versions too
		line, _, _ := bytes.Cut(r.Raw, []byte("\n"))
		return app.Emit(json.RawMessage(line))
	}
	w := &strings.Builder{}
	line := func(format string, args ...any) { fmt.Fprintln(w, cli.Short(fmt.Sprintf(format, args...))) }
	line("%3d  %s  %-9s  %s (%s)", r.Index, r.Time.Format(time.RFC3339), r.Event, r.Person, r.Role)
	if r.Bundle != nil {
		line("     bundle   %s, %d leaves, root %s", r.Bundle.ID, r.Bundle.Size, r.Bundle.Root)
	}
	if !r.Occurred.IsZero() {
		line("     happened %s", r.Occurred.Format(time.RFC3339))
	}
	for _, f := range [][2]string{{"purpose", r.Purpose}, {"basis", r.Basis}, {"place", r.Place}, {"note", r.Note}} {
		if f[1] != "" {
			line("     %-8s %s", f[0], f[1])
		}
	}
	if r.Receipt != nil {
		line("     receipt  %s, sha256 %s", r.Receipt.Object, r.Receipt.SHA256)
	}
	var details []string
	for k, v := range r.Details {
		if v != "" {
			details = append(details, k)
		}
	}
	slices.Sort(details)
	for _, k := range details {
		line("     %s: %s", k, r.Details[k])
	}
	line("     signed   %s", r.VKey)
	_, err := fmt.Fprint(app.Out, w.String())
	return err
}

func newCustodyVerifyCommand(app *cli.App) *cobra.Command {
	var where, caseID, root string
	var known []string
	var size int64
	var requireKnown bool
	cmd := &cobra.Command{
		Use:   "verify --store STORE --case CASE",
		Short: "Check a case's log: signatures, chain, tree, checkpoints, receipts",
		Long: `Checks every entry's signature and its link to the one before, every checkpoint
against the tree of the entries, every receipt, and that nothing else lies there.
What no log can show by itself is that its newest entries were taken away: note
the size and the root it prints, and give them next time with --size and --root.

Exit codes: 0 the log holds together (its signers may be unknown), 1 there is no
log, 3 it holds together, but for gaps as a writer that died leaves them too (a
missing checkpoint, a receipt that no entry names) or what this version can't
check, 4 it is damaged.`,
		Example: `  hozen custody verify --store vault/ --case IR-1 --key examiner-public/
  hozen custody verify --store s3://evidence --case IR-1 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if given := cmd.Flags().Changed; given("root") != given("size") {
				return cli.Usagef("--root and --size go together")
			} else if given("size") && size <= 0 {
				return cli.Usagef("--size %d: want the number of entries that the root was noted for", size)
			} else if given("root") {
				if err := seal.CheckRootForm(root); err != nil {
					return cli.WithCode(cli.Usage, fmt.Errorf("--root: %w", err))
				}
			}
			o := custody.VerifyOptions{}
			var err error
			if o.Known, err = loadKnown(known); err != nil {
				return err
			}
			if root != "" {
				o.Pins = []custody.Pin{{Size: size, Root: root}}
			}
			log, err := caseLog(cmd.Context(), where, caseID)
			if err != nil {
				return err
			}
			r, err := log.Verify(cmd.Context(), o)
			if err != nil {
				return storeError(err)
			}
			if err := showCustodyReport(app, r); err != nil {
				return err
			}
			return custodyVerdict(r, where, requireKnown)
		},
	}
	storeFlag(cmd, &where)
	f := cmd.Flags()
	f.StringVar(&caseID, "case", "", "the case's `id`")
	f.StringArrayVar(&known, "key", nil, "verifier `key` that you vouch for, a file of them, or a key folder (repeatable)")
	f.StringVar(&root, "root", "", "the `root` that was noted earlier")
	f.Int64Var(&size, "size", 0, "the `number` of entries it was noted for")
	f.BoolVar(&requireKnown, "require-known-signer", false, "fail (4) unless every signer's key was given by --key")
	return cmd
}

func custodyVerdict(r *custody.Report, where string, requireKnown bool) error {
	switch {
	case !r.OK():
		return cli.WithCode(cli.VerifyFailed, fmt.Errorf("the custody log of case %s is damaged: %d problems", r.Case, len(r.Problems)+r.More))
	case r.Entries == 0:
		return noLog(r.Case, where)
	case requireKnown && !r.AllKnown():
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, errors.New("signer unknown: not every signer's key was given by --key")),
			"give their verifier keys with --key (repeatable), as their owners gave them away: hozen keys export")
	case r.Gaps():
		return cli.Ended(cli.Gaps)
	}
	return nil
}

func showCustodyReport(app *cli.App, r *custody.Report) error {
	if app.JSON {
		return app.Emit(r)
	}
	w := &strings.Builder{}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-9s %s\n", label, cli.Short(fmt.Sprintf(format, args...)))
	}
	line("case", "%s", r.Case)
	line("log", "%d entries, %d checkpoints, %d receipts", r.Entries, r.Checkpoints, r.Receipts)
	line("root", "%s", r.Words)
	line("", "%s (%d entries)", r.Root, r.Entries)
	for _, s := range r.Signers {
		who := "signer unknown"
		if s.Known {
			who = "signer known"
		}
		line("signed", "%d entries by %s (%s) %s — %s", s.Entries, s.Person, s.Role, s.VKey, who)
	}
	for _, p := range r.Problems {
		line(string(p.Severity), "%s: %s", p.Where, p.What)
	}
	switch {
	case !r.OK():
		line("FAILED", "the log is not what its actors signed")
	case r.Entries == 0:
		line("EMPTY", "there is no entry")
	case !r.AllKnown():
		line("OK", "the log holds together — signer unknown")
	default:
		line("OK", "the log holds together — every signer known")
	}
	_, err := fmt.Fprint(app.Out, w.String())
	return err
}

// recordVerified appends a "verified" entry to the case's log.
func recordVerified(ctx context.Context, app *cli.App, st store.Store, b *bundle.Bundle, r *verify.Report, signer *keys.Signer) error {
	var checks []string
	for _, c := range r.Checks {
		checks = append(checks, c.Name+" "+c.Status)
	}
	details := map[string]string{"result": "passed", "state": r.State, "checks": strings.Join(checks, ", "), "place": b.String()}
	if r.OK() {
		n, err := intake.Record(ctx, st, b, custody.Verified, details, signer, time.Now)
		if errors.Is(err, intake.ErrOther) {
			return errors.Join(custodyError(err), recordOther(ctx, app, st, b, err, signer))
		}
		return recorded(app, b, custody.Verified, signer, n, err)
	}
	details["result"], details["problem"], details["root"] = "failed", r.Problems[0].String(), r.Root
	n, err := intake.RecordFailed(ctx, st, b, details, signer, time.Now)
	return recorded(app, b, custody.Verified, signer, n, err)
}

// recordOther appends that a bundle which holds together is not the one that
// was taken in.
func recordOther(ctx context.Context, app *cli.App, st store.Store, b *bundle.Bundle, why error, signer *keys.Signer) error {
	details := map[string]string{"result": "failed", "problem": bundle.Reason(why), "root": seal.RootText(b.Last.Root), "place": b.String()}
	n, err := intake.RecordFailed(ctx, st, b, details, signer, time.Now)
	return recorded(app, b, custody.Verified, signer, n, err)
}

func recordEvent(ctx context.Context, app *cli.App, st store.Store, b *bundle.Bundle, event custody.Event, details map[string]string, signer *keys.Signer) error {
	n, err := intake.Record(ctx, st, b, event, details, signer, time.Now)
	return recorded(app, b, event, signer, n, err)
}

// recorded tells of entry n, or that there is none.
func recorded(app *cli.App, b *bundle.Bundle, event custody.Event, signer *keys.Signer, n int64, err error) error {
	if err != nil {
		return custodyError(fmt.Errorf("recording %q in the custody log: %w", event, err))
	}
	app.Notef("custody: entry %d of case %s, %s, signed by %s", n, b.Header.Case, event, signer)
	return nil
}

// custodyError gives errors of writing to a log their exit code and a hint.
func custodyError(err error) error {
	switch {
	case errors.Is(err, custody.ErrDamaged):
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, err), "hozen custody verify names every problem; nothing is added to a log that is damaged")
	case errors.Is(err, intake.ErrOther):
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, err), "somebody put another bundle in its place, or gave one its id: hozen custody show tells who took in what")
	case errors.Is(err, intake.ErrNotIn):
		return cli.WithHint(err, "hozen store put takes it in; only then is there custody to record")
	}
	return storeError(err)
}

// newCustodyScriptCommand gives away the script that needs nothing of ours.
func newCustodyScriptCommand(app *cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "script",
		Short: "Print the script that checks a log with bash, openssl and sha256sum alone",
		Example: `  hozen custody script > verify-custody.sh
  bash verify-custody.sh vault/cases/IR-1/custody`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := app.Out.Write(custody.VerifyScript())
			return err
		},
	}
}
