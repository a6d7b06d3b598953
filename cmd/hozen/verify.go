package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/input"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/tsa"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	identities, keys, tsaRoots []string
	root                       string
	store, signKey             string
	quick, requireKnown        bool
	workers                    int
}

func newVerifyCommand(app *cli.App) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check that a bundle is what was sealed",
		Long: `Checks a bundle (folder, ZIP file or s3:// prefix): every segment as stored, the
header, every leaf, the tree, every checkpoint and its signature, the time stamp
and countersignatures. With an identity it opens each segment and checks every
record and every item's bytes too.

It says which checks ran and which could not. A signature by a key that nobody
vouched for (--key) is reported as "signer unknown". Exit codes: 0 all that ran
passed, 3 the bundle is unfinished (its collection, or who countersigned it, died)
and what there is passed, 4 something is not as it was sealed.`,
		Example: `  hozen verify b/
  hozen verify b/ --identity keys/ --key examiner-public/ --require-known-signer
  hozen verify b.zip --quick --root lusab-babad-gutih-tugad-mizup-kozah`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runVerify(cmd, app, f, args[0]) },
	}
	identityFlag(cmd, &f.identities)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.keys, "key", nil, "verifier `key` that you vouch for, a file of them, or a key folder (repeatable)")
	fl.StringArrayVar(&f.tsaRoots, "tsa-root", nil, "PEM `file` of certificates that a time stamp may lead to (repeatable)")
	fl.StringVar(&f.root, "root", "", "the `root` that was written down: six words, hex or base64")
	fl.BoolVar(&f.quick, "quick", false, "check the seal and the segments as stored; open none")
	fl.BoolVar(&f.requireKnown, "require-known-signer", false, "fail (4) unless a key given by --key signed or countersigned")
	fl.StringVar(&f.store, "store", "", "the `store` whose custody log gets an entry that the bundle was verified; needs --sign-key")
	fl.StringVar(&f.signKey, "sign-key", "", "key `folder` that signs that entry")
	fl.IntVar(&f.workers, "workers", 0, "how many segments to check at once (0: one a core)")
	return cmd
}

func (f *verifyFlags) check(rootSet bool) error {
	switch {
	case (f.store == "") != (f.signKey == ""):
		return cli.Usagef("--store and --sign-key go together: an entry in the custody log is signed by its actor")
	case f.workers < 0 || f.workers > maxWorkers:
		return cli.Usagef("--workers %d: want 1 to %d, or 0 for one a core", f.workers, maxWorkers)
	case !rootSet: // an empty one must not pass for "nothing to compare"
		return nil
	}
	if err := seal.CheckRootForm(f.root); err != nil {
		return cli.WithCode(cli.Usage, fmt.Errorf("--root: %w", err))
	}
	return nil
}

func runVerify(cmd *cobra.Command, app *cli.App, f verifyFlags, target string) error {
	ctx := cmd.Context()
	if err := f.check(cmd.Flags().Changed("root")); err != nil {
		return err
	}
	known, err := loadKnown(f.keys)
	if err != nil {
		return err
	}
	token, err := tokenChecker(f.tsaRoots)
	if err != nil {
		return cli.WithHint(cli.BadFlag("tsa-root", err), "name a file of certificates in PEM")
	}
	signer, err := loadActor(ctx, app, "sign-key", f.signKey)
	if err != nil {
		return err
	}
	var log store.Store // whose custody log gets an entry
	if f.store != "" {
		if log, err = openStore(ctx, f.store); err != nil {
			return err
		}
	}
	ids, err := loadIdentities(ctx, app, f.identities)
	if err != nil {
		return err
	}
	b, err := openBundle(ctx, target, ids)
	if err != nil {
		return err
	}
	defer b.Close()
	var total int64
	for _, s := range b.Segments {
		total += s.Size
	}
	debug.SetGCPercent(50) // segments are large, and their memory is used again: collecting early costs nothing
	p := app.Progress("verifying")
	p.SetTotal(0, total)
	o := verify.Options{
		Quick: f.quick, Root: f.root, Workers: f.workers,
		Known:    func(vkey string) bool { _, ok := known.Lookup(vkey); return ok },
		Progress: func(n int64) { p.Add(0, n) },
		Token:    token,
	}
	r, err := verify.Bundle(ctx, b, o)
	p.Done()
	if err != nil {
		if errors.Is(err, bundle.ErrNoIdentity) {
			err = cli.WithHint(err, "without --identity everything but the segments' content can be checked")
		}
		return readError(err)
	}
	if err := showReport(app, target, r); err != nil {
		return err
	}
	if log != nil {
		if err := recordVerified(ctx, app, log, b, r, signer); err != nil {
			return errors.Join(verdict(r, f), err)
		}
	}
	return verdict(r, f)
}

func verdict(r *verify.Report, f verifyFlags) error {
	switch {
	case !r.OK():
		return cli.WithCode(cli.VerifyFailed, fmt.Errorf("verification failed: %d problems, the first at %s", len(r.Problems), r.Problems[0]))
	case f.requireKnown && !r.KnownSigner:
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, errors.New("signer unknown: no key given by --key signed or countersigned this bundle")),
			"give the examiner's verifier key with --key")
	case r.State == seal.Unfinished:
		return cli.Ended(cli.Gaps)
	}
	return nil
}

func showReport(app *cli.App, target string, r *verify.Report) error {
	if app.JSON {
		if r.Problems == nil { // none is an empty list to a program, not null
			r.Problems = []bundle.Problem{}
		}
		return app.Emit(r)
	}
	w := &strings.Builder{}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-11s %s\n", label, cli.Short(fmt.Sprintf(format, args...)))
	}
	line("bundle", "%s (case %s)", r.Bundle, r.Case)
	line("state", "%s", r.State)
	line("root", "%s", r.Words)
	line("", "%s (%d leaves)", r.Root, r.Leaves)
	for _, s := range r.Signatures {
		line(signatureLabel(s), "%s — %s", s.VKey, standing(s))
	}
	for _, c := range r.Checks {
		line(c.Status, "%s: %s", c.Name, c.Detail)
	}
	line("read", "%d segments, %s stored; %d item records, %s of content", r.Segments, cli.Bytes(r.Stored), r.Items, cli.Bytes(r.Bytes))
	for _, t := range r.Tail {
		line("unsealed", "%s: after the last checkpoint, proves nothing", t)
	}
	for _, p := range r.Problems {
		line("PROBLEM", "%s", p)
	}
	switch {
	case !r.OK():
		line("FAILED", "%s is not what was sealed", target)
	case r.HalfSigned:
		line("UNFINISHED", "a countersignature was never completed; the bundle is as it was sealed")
	case r.State == seal.Unfinished && r.Ended:
		line("UNFINISHED", "the collection reached its end, and what comes after that was never completed; what is under the last checkpoint is as it was sealed")
	case r.State == seal.Unfinished:
		line("UNFINISHED", "the collection did not reach its end; what is under the last checkpoint is as it was sealed")
	case !r.KnownSigner:
		line("OK", "%s is what its signer sealed — signer unknown", target)
	default:
		line("OK", "%s is what its signer sealed — signer known", target)
	}
	_, err := fmt.Fprint(app.Out, w.String())
	return err
}

func signatureLabel(s verify.Signature) string {
	if s.Cosigner {
		return "cosigned"
	}
	return "signed"
}

func standing(s verify.Signature) string {
	switch {
	case s.Known:
		return "signer known"
	case s.Ephemeral:
		return "signer unknown (a key made for this one collection)"
	default:
		return "signer unknown"
	}
}

// maxRoots bounds a file of certificates, in bytes: all that a system trusts are
// a quarter of a megabyte.
const maxRoots = 16 << 20

// tokenChecker checks time stamps against the certificates in the files named
// by --tsa-root.
func tokenChecker(files []string) (func(token, message []byte) (verify.TimeStamp, error), error) {
	var pems [][]byte
	for _, f := range files {
		b, err := input.Small(f, maxRoots)
		if err != nil {
			return nil, err
		}
		if _, err := tsa.Pool([][]byte{b}); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		pems = append(pems, b)
	}
	pool, err := tsa.Pool(pems)
	if err != nil {
		return nil, err
	}
	return func(token, message []byte) (verify.TimeStamp, error) {
		s, err := tsa.Verify(token, message, pool)
		return verify.TimeStamp{Time: s.Time, Signer: s.Signer, Trusted: s.Trusted}, err
	}, nil
}
