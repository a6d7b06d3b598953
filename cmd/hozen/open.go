package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store/open"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// identityFlag adds --identity.
func identityFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringArrayVar(to, "identity", nil, "age identity `file`, or a folder made by keys new (repeatable)")
}

// loadIdentities reads every identity that was named.
func loadIdentities(ctx context.Context, app *cli.App, paths []string) ([]age.Identity, error) {
	var out []age.Identity
	for _, p := range paths {
		ids, err := keys.LoadIdentities(p, app.Asker(ctx))
		if err != nil {
			return nil, collectcmd.KeyError("identity", collectcmd.WantIdentity, err)
		}
		out = append(out, ids...)
	}
	return out, nil
}

// openObjects finds a bundle: a folder, a ZIP file, or s3://bucket/prefix.
func openObjects(ctx context.Context, arg string) (bundle.Objects, error) {
	if open.IsS3(arg) {
		if err := collectcmd.CheckAddress(arg); err != nil {
			return nil, err
		}
		s, err := open.Store(ctx, arg)
		if err != nil {
			return nil, err
		}
		return bundle.StoreObjects(s, ""), nil
	}
	st, err := os.Stat(arg)
	if err != nil {
		return nil, cli.WithHint(fmt.Errorf("bundle: %w", err), "name the folder, ZIP or s3:// prefix of a bundle")
	}
	switch {
	case st.IsDir():
		return bundle.DirObjects(arg)
	case !st.Mode().IsRegular(): // opening a pipe waits for ever
		return nil, cli.WithHint(fmt.Errorf("bundle: %s is neither a folder nor a file", arg), notBundleHint)
	}
	o, err := bundle.ZipObjects(arg)
	if err != nil && !errors.Is(err, bundle.ErrVerify) {
		err = cli.WithHint(err, notBundleHint)
	}
	return o, err
}

const notBundleHint = "name the folder, ZIP or s3:// prefix that holds README.txt, seal and segments"

// openBundle opens a bundle as it is, problems and all.
func openBundle(ctx context.Context, arg string, ids []age.Identity) (*bundle.Bundle, error) {
	o, err := openObjects(ctx, arg)
	if err != nil {
		return nil, readError(err)
	}
	b, err := bundle.Open(ctx, o, ids...)
	if err == nil {
		err = onlyBegun(b)
	}
	if errors.Is(err, bundle.ErrNotBundle) {
		err = cli.WithHint(err, notBundleHint)
	} else {
		err = storeError(err)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return b, nil
}

// onlyBegun is an error where a collection died between its header and the
// first checkpoint: nothing was sealed yet, so nothing can have been altered.
func onlyBegun(b *bundle.Bundle) error {
	if b.Last.Size > 0 {
		return nil
	}
	for name := range b.Names() {
		if name != "README.txt" && name != "verify.sh" && name != "seal/000000.json" && !durable.IsTemp(name) {
			return nil
		}
	}
	return fmt.Errorf("%s: %w yet: its collection died before anything was sealed", b, bundle.ErrNotBundle)
}

// openSound opens a bundle for reading what is in it: its seal must hold, and
// there must be an identity where it is encrypted.
func openSound(ctx context.Context, arg string, ids []age.Identity) (*bundle.Bundle, error) {
	b, err := openBundle(ctx, arg, ids)
	if err != nil {
		return nil, err
	}
	if err := b.Check(); err != nil {
		return nil, cli.WithHint(cli.WithCode(cli.VerifyFailed, errors.Join(err, b.Close())),
			"hozen verify lists every problem; hozen recover gives back what can still be proved")
	}
	if !b.CanRead() {
		return nil, cli.WithHint(errors.Join(fmt.Errorf("%s is encrypted, and no identity was given", arg), b.Close()), "give --identity FILE")
	}
	if err := fits(b, ids); err != nil {
		return nil, cli.WithHint(errors.Join(fmt.Errorf("%s: %w", arg, err), b.Close()),
			"give --identity of one of its recipients; hozen keys show names those of a key folder")
	}
	return b, nil
}

// fits is an error where the header's list of recipients has none of ids. It
// saves reading a segment to learn that; an identity that does not say whose
// it is gets the benefit of the doubt.
func fits(b *bundle.Bundle, ids []age.Identity) error {
	to := b.Header.Recipients
	if !b.Encrypted() || len(to) == 0 {
		return nil
	}
	for _, id := range ids {
		k, ok := id.(*keys.Identity)
		if !ok || slices.Contains(to, k.ID()) {
			return nil
		}
	}
	return fmt.Errorf("%w: it is encrypted to %s", bundle.ErrNoIdentity, strings.Join(to, ", "))
}

// readError gives an error from reading a bundle its exit code.
func readError(err error) error {
	if errors.Is(err, bundle.ErrVerify) {
		return cli.WithCode(cli.VerifyFailed, err)
	}
	return err
}

// reading is a bundle that is read for what is in it.
type reading struct {
	*bundle.Bundle
	altered int  // things around the items that are not as they were sealed
	unread  bool // there are some that the place did not give
}

// openToRead is openSound with identities still to be loaded. What was altered
// around the items is told at once; they can be read all the same, for the seal
// speaks of each of them.
func openToRead(ctx context.Context, app *cli.App, arg string, identities []string) (*reading, error) {
	ids, err := loadIdentities(ctx, app, identities)
	if err != nil {
		return nil, err
	}
	b, err := openSound(ctx, arg, ids)
	if err != nil {
		return nil, err
	}
	wrong, unread := lookAround(ctx, app, b)
	return &reading{b, len(wrong), unread}, nil
}

// lookAround warns of what is wrong around the items, or could not be read.
func lookAround(ctx context.Context, app *cli.App, b *bundle.Bundle) (wrong []bundle.Problem, unread bool) {
	wrong, errs := verify.Around(ctx, b)
	for _, p := range wrong {
		app.Warnf("%s", p)
	}
	for _, err := range errs {
		app.Warnf("%v", err)
	}
	return wrong, len(errs) > 0
}

// whole ends a command that has read all of a bundle that was asked for: it may
// have been altered around that, and what an unfinished one holds may not be all
// there was.
func (b *reading) whole(app *cli.App) error {
	switch {
	case b.altered > 0:
		return cli.WithHint(cli.WithCode(cli.VerifyFailed, fmt.Errorf("%s is not what was sealed (problems around its items: %d); every item that was read is", b, b.altered)),
			"hozen verify lists every problem")
	case b.End != nil && !b.unread:
		return nil
	case b.End != nil: // told already
	case b.EndLeaf != nil:
		app.Warnf("%s is unfinished: its collection reached its end, and what comes after that was never completed", b)
	default:
		app.Warnf("%s is unfinished: its collection did not reach its end, and may have had more to take", b)
	}
	return cli.Ended(cli.Gaps)
}

// partialWhy says why an item is partial.
func partialWhy(r evidence.Record) string {
	why := strings.TrimSpace(r.Error + " " + r.Reason)
	if why == "" {
		why = fmt.Sprintf("%d ranges of it could not be read", len(r.Lost))
	}
	return why
}
