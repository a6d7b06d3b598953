package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/intake"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

func newStoreGetCommand(app *cli.App) *cobra.Command {
	var where, caseID, out, key string
	cmd := &cobra.Command{
		Use:   "get BUNDLE-ID --store STORE --case CASE --out PLACE",
		Short: "Copy a bundle out of a store, and verify the copy",
		Long: `Copies a bundle out of a store and verifies the copy. The copy is made beside
PLACE, as PLACE.unverified, and gets its name only when it was verified: where
verification fails (4), or the store stops answering, nothing is left of it. It
fails too where the case's custody log has the intake of another bundle under
this id. With --key the log gets an entry that it was verified, or failed.

From a bucket that keeps versions the copy is made of those that the receipts in
the custody log name: what was put over them, marks them as deleted, or was added
later, is left out, and told of.

Exit codes: 0 it is copied and verified, 3 likewise, but the bundle is unfinished,
other objects or versions came into its place since, or the custody log does not
say that it was taken in or can't be read, 4 it is not what was sealed, or not what
was taken in.`,
		Example: `  hozen store get 20260117t093000z-web01-5f0c9a2e --store vault/ --case IR-1 --out copy/
  hozen store get 20260117t093000z-web01-5f0c9a2e --store s3://evidence --case IR-1 --out copy.zip --key keys/`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if where == "" || caseID == "" || out == "" {
				return cli.Usagef("store get needs --store, --case and --out")
			}
			if err := errors.Join(evidence.ValidCase(caseID), evidence.ValidBundle(args[0])); err != nil {
				return cli.WithCode(cli.Usage, err)
			}
			if err := collectcmd.OutsideBundles("out", out); err != nil {
				return err
			}
			signer, err := loadActor(cmd.Context(), app, "key", key)
			if err != nil {
				return err
			}
			return get(cmd.Context(), app, where, caseID, args[0], out, signer)
		},
	}
	storeFlag(cmd, &where)
	f := cmd.Flags()
	f.StringVar(&caseID, "case", "", "the case's `id`")
	f.StringVar(&out, "out", "", "the new `place`: folder or file.zip")
	f.StringVar(&key, "key", "", "record in the custody log, signed by this key `folder`, that the bundle was verified")
	return cmd
}

// get copies, verifies and, with a signer, records.
func get(ctx context.Context, app *cli.App, where, caseID, id, to string, signer *keys.Signer) error {
	st, err := openStore(ctx, where)
	if err != nil {
		return err
	}
	stored, err := intake.OpenStored(ctx, st, caseID, id)
	if err != nil {
		return custodyError(err)
	}
	b := stored.Bundle
	defer b.Close()
	held, err := isTheOne(ctx, app, st, b, signer) // before anything is copied
	if err != nil {
		return err
	}
	c, err := newCopying(to)
	if err != nil {
		return err
	}
	defer c.discard(app)
	bar := app.Progress("getting")
	err = intake.Get(ctx, b, c.out, func(n int64) { bar.Add(1, n) })
	bar.Done()
	if err = errors.Join(err, c.close()); err != nil {
		err = storeError(fmt.Errorf("getting %s: %w", id, err))
		if errors.Is(err, bundle.ErrVerify) {
			err = cli.WithHint(err, inStore(st, caseID, id))
			if signer != nil {
				err = errors.Join(err, recordFailed(ctx, app, st, b, signer))
			}
		}
		return err
	}
	r, err := verifyCopy(ctx, c.temp)
	if err != nil {
		return err
	}
	if r.OK() {
		if err := c.place(); err != nil {
			return err
		}
	}
	if err := showReport(app, to, r); err != nil {
		return err
	}
	failed := verdict(r, verifyFlags{})
	if (since(app, stored) || !held) && failed == nil {
		failed = cli.Ended(cli.Gaps)
	}
	if signer != nil {
		if err := recordVerified(ctx, app, st, b, r, signer); err != nil {
			return errors.Join(failed, err)
		}
	}
	if !r.OK() {
		failed = cli.WithHint(failed, inStore(st, caseID, id))
	}
	return failed
}

// isTheOne is an error where what the store holds is not what its custody log
// says was taken in, and, for whoever wants that recorded, where the log says
// nothing of it. Else it reports whether the log says that it is. What a bundle
// shows to be damaged by itself is left to its check.
func isTheOne(ctx context.Context, app *cli.App, st store.Store, b *bundle.Bundle, signer *keys.Signer) (bool, error) {
	err := intake.TakenIn(ctx, st, b)
	switch {
	case err == nil || ctx.Err() != nil:
		return true, ctx.Err()
	case errors.Is(err, intake.ErrOther) && b.Check() != nil:
		return false, nil
	case errors.Is(err, intake.ErrOther):
		failed := custodyError(err)
		if signer != nil {
			failed = errors.Join(failed, recordOther(ctx, app, st, b, err, signer))
		}
		return false, failed
	case signer != nil:
		return false, custodyError(err)
	}
	app.Warnf("it could not be held against the custody log: %v", err)
	return false, nil
}

// since warns of what came into a bundle's place after it was stored.
func since(app *cli.App, s *intake.Stored) bool {
	newer, added := s.Since()
	if len(newer) > 0 {
		app.Warnf("%d objects have newer versions than those that were stored, which were copied (%s): somebody put others over them, or deleted them", len(newer), newer[0])
	}
	if len(added) > 0 {
		app.Warnf("%d objects that no receipt names lie with the bundle, and were left out (%s)", len(added), added[0])
	}
	return len(newer)+len(added) > 0
}

// recordFailed records that what the store holds is not what was sealed: the
// copy ended at the first thing wrong, so all of it is looked at.
func recordFailed(ctx context.Context, app *cli.App, st store.Store, b *bundle.Bundle, signer *keys.Signer) error {
	r, err := verify.Bundle(ctx, b, verify.Options{Quick: true})
	if err != nil {
		return storeError(err)
	}
	if r.OK() {
		return nil // it is whole now: that must have been on its way
	}
	return recordVerified(ctx, app, st, b, r, signer)
}

// inStore says where to look at what the store holds instead of a copy.
func inStore(st store.Store, caseID, id string) string {
	return fmt.Sprintf("no copy was left; hozen verify %s names every problem", store.Place(st, intake.Prefix(caseID, id)))
}

func verifyCopy(ctx context.Context, place string) (*verify.Report, error) {
	c, err := openBundle(ctx, place, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return verify.Bundle(ctx, c, verify.Options{Quick: true})
}

// unverified ends the name of a copy that is not whole and verified yet.
const unverified = ".unverified"

// copying is a copy under way. What is not placed is discarded.
type copying struct {
	out      sink.Output
	to, temp string
	zip      bool
	closed   bool
	placed   bool
}

// newCopying begins a copy that will be at the path to, which must not exist
// or be an empty folder.
func newCopying(to string) (*copying, error) {
	c := &copying{to: filepath.Clean(to), zip: strings.HasSuffix(strings.ToLower(to), ".zip")}
	c.temp = c.to + unverified
	if err := free(c.to, c.zip); err != nil {
		return nil, cli.WithHint(err, "a copy never takes the place of anything: name a new one with --out")
	}
	_, err := os.Lstat(c.temp)
	switch {
	case err == nil:
		return nil, cli.WithHint(fmt.Errorf("output %s: %w", c.temp, fs.ErrExist), "a copy that broke off lies there, and proves nothing: remove it")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("output: %w", err)
	case c.zip:
		c.out, err = sink.NewZip(c.temp)
	default:
		c.out, err = sink.NewDir(c.temp)
	}
	return c, err
}

// free is an error where something is at a path: anything for a file, anything
// but an empty folder for a folder.
func free(path string, file bool) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && st.IsDir() && !file {
		var names []os.DirEntry
		if names, err = os.ReadDir(path); len(names) == 0 && err == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return fmt.Errorf("output %s: %w", path, fs.ErrExist)
}

func (c *copying) close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	return c.out.Close()
}

// place gives the copy its name.
func (c *copying) place() error {
	err := free(c.to, c.zip)
	if err == nil {
		if err = os.Remove(c.to); errors.Is(err, fs.ErrNotExist) { // an empty folder
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(c.temp, c.to)
	}
	if err != nil {
		return fmt.Errorf("naming the copy: %w", err)
	}
	c.placed = true
	if d, err := os.Open(filepath.Dir(c.to)); err == nil { // the name must last as well; not every system can
		_ = d.Sync()
		d.Close()
	}
	return nil
}

// discard leaves nothing of a copy that was not placed, or says that it could not.
func (c *copying) discard(app *cli.App) {
	_ = c.close() // what was written counts no more
	if c.placed {
		return
	}
	if err := os.RemoveAll(c.temp); err != nil {
		app.Warnf("what was copied is not verified, proves nothing, and could not be removed: %v", err)
	}
}
