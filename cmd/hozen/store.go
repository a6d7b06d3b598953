package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/intake"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/open"
)

func newStoreCommand(app *cli.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Take bundles into a store, list them and get them back",
		Example: `  hozen store put b/ --store vault/ --case IR-1 --key keys/
  hozen store ls --store s3://evidence/2026`,
	}
	cmd.AddCommand(newStorePutCommand(app), newStoreGetCommand(app), newStoreLsCommand(app))
	return cmd
}

func storeFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "store", "", "the store: a `folder` or s3://bucket/prefix")
}

func newStorePutCommand(app *cli.App) *cobra.Command {
	var where, caseID, key, purpose, basis, place string
	var identities []string
	cmd := &cobra.Command{
		Use:   "put BUNDLE [REST…] --store STORE --key KEYS",
		Short: "Verify a bundle, store it, countersign it and record its custody",
		Long: `Verifies a bundle, stores every object of it (never replacing one), countersigns
the copy with the examiner's key, and writes to the case's custody log, under the
same key: collected and sealed (the collector's own statements), received, stored.
Repeating a put that broke off completes it. Where a collection's store stopped
answering, name the place in the store and the spill folder: both together are
the bundle.

Exit codes: 0 it is stored, 3 it is stored, but the bundle is unfinished or the
store did not confirm all of it, 4 the bundle, or what lies in the store under its
name, is not what was sealed.`,
		Example: `  hozen store put b/ --store vault/ --case IR-1 --key keys/
  hozen store put s3://incoming/b1 spill/ --store s3://evidence --case IR-1 --key keys/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if where == "" || key == "" {
				return cli.Usagef("store put needs --store and --key")
			}
			ctx := cmd.Context()
			if err := collectcmd.CheckAddress(where); err != nil {
				return cli.BadFlag("store", err)
			}
			if err := errors.Join(collectcmd.OutsideBundles("store", where), outsideBuckets(where, args)); err != nil {
				return err
			}
			for _, f := range [][2]string{{"purpose", purpose}, {"legal-basis", basis}, {"place", place}} {
				if err := custody.CheckText(f[1]); err != nil {
					return cli.BadFlag(f[0], err)
				}
			}
			defer cli.OutlivePipes()()
			signer, err := loadActor(ctx, app, "key", key)
			if err != nil {
				return err
			}
			b, err := openJoined(ctx, app, args, identities)
			if err != nil {
				return err
			}
			defer b.Close()
			if err := sameCase(b, caseID); err != nil {
				return err
			}
			st, err := open.Create(ctx, where)
			if err != nil {
				return noStore(where, err)
			}
			return put(ctx, app, intake.Request{Store: st, Bundle: b, Signer: signer, Purpose: purpose, Basis: basis, Place: place, Now: time.Now})
		},
	}
	storeFlag(cmd, &where)
	identityFlag(cmd, &identities)
	f := cmd.Flags()
	f.StringVar(&caseID, "case", "", "the case's `id`; it must be the bundle's")
	f.StringVar(&key, "key", "", "the examiner's key `folder`, which signs")
	f.StringVar(&purpose, "purpose", "", "why it is taken in (`text`)")
	f.StringVar(&basis, "legal-basis", "", "on which legal basis (`text`)")
	f.StringVar(&place, "place", "", "where this happens (`text`)")
	return cmd
}

// outsideBuckets refuses a store in S3 that is, or lies in, what is to be put into
// it: nobody could take out of that bundle again what does not belong to it.
func outsideBuckets(where string, bundles []string) error {
	for _, b := range bundles {
		if open.IsS3(where) && strings.HasPrefix(strings.TrimSuffix(where, "/")+"/", strings.TrimSuffix(b, "/")+"/") {
			return cli.WithHint(cli.BadFlag("store", fmt.Errorf("%s lies in the bundle %s, and would spoil it", where, b)), "name a place outside the bundle")
		}
	}
	return nil
}

func openJoined(ctx context.Context, app *cli.App, args, identities []string) (*bundle.Bundle, error) {
	ids, err := loadIdentities(ctx, app, identities)
	if err != nil {
		return nil, err
	}
	var places []bundle.Objects
	for _, a := range args {
		o, err := openObjects(ctx, a)
		if err != nil {
			return nil, readError(err)
		}
		places = append(places, o)
	}
	b, err := bundle.Open(ctx, bundle.Joined(places...), ids...)
	if err == nil {
		err = onlyBegun(b)
	}
	if errors.Is(err, bundle.ErrNotBundle) {
		return nil, cli.WithHint(err, notBundleHint)
	}
	if err != nil {
		return nil, storeError(err)
	}
	return b, nil
}

func sameCase(b *bundle.Bundle, caseID string) error {
	if caseID == "" || caseID == b.Header.Case {
		return nil
	}
	return cli.WithCode(cli.Usage, fmt.Errorf("%w: it is of case %s, not %s", intake.ErrCase, b.Header.Case, caseID))
}

func put(ctx context.Context, app *cli.App, r intake.Request) error {
	bar := app.Progress("storing")
	var total int64
	for _, size := range r.Bundle.Names() {
		total += size
	}
	bar.SetTotal(0, total)
	r.Progress = func(n int64) { bar.Add(1, n) }
	d, err := intake.Put(ctx, r)
	bar.Done()
	if err != nil {
		err = custodyError(err)
		if errors.Is(err, bundle.ErrVerify) && cli.HintOf(err) == "" {
			err = cli.WithHint(err, fmt.Sprintf("it was not taken in; hozen verify names every problem of %s", r.Bundle))
		}
		return err
	}
	for _, name := range d.Unsure {
		app.Warnf("%s: the store did not confirm it; repeat the put with credentials that may read", name)
	}
	if app.JSON {
		if err := app.Emit(d); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(app.Out, "stored       %s\n", cli.Safe(fmt.Sprintf("%s (%d objects, %s)", store.Place(r.Store, d.Prefix), d.Objects, cli.Bytes(d.Bytes))))
		fmt.Fprintf(app.Out, "root         %s\n             %s\n", d.Words, d.Root)
		record := "nothing new: this bundle was taken in before (hozen verify and store get read what is stored)"
		if len(d.Entries) > 0 {
			record = fmt.Sprintf("entries %v of case %s, signed by %s", d.Entries, d.Case, r.Signer)
		}
		fmt.Fprintf(app.Out, "custody      %s\n", cli.Safe(record))
	}
	if r.Bundle.End == nil {
		app.Warnf("the bundle is unfinished: it was taken in as it is, and not countersigned")
	}
	if r.Bundle.End == nil || len(d.Unsure) > 0 {
		return cli.Ended(cli.Gaps)
	}
	return nil
}

// storedLine is one line of store ls --json.
type storedLine struct {
	Case    string `json:"case"`
	Bundle  string `json:"bundle"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes,string"`
	Prefix  string `json:"prefix"`
	// Unfinished: leaves and segments don't add up to a whole bundle. Its
	// collection died, or the put that brought it broke off.
	Unfinished bool `json:"unfinished,omitempty"`

	leaves, segments int
}

// count takes one object of the bundle, by its name in it.
func (l *storedLine) count(name string, size int64) {
	l.Objects++
	l.Bytes += size
	switch dir, base := path.Split(name); {
	case dir == "segments/":
		l.segments++
	case dir == "seal/" && path.Ext(base) == ".json":
		l.leaves++
	}
	l.Unfinished = l.leaves != l.segments+2 // a header and an end beside the segments' leaves
}

func newStoreLsCommand(app *cli.App) *cobra.Command {
	var where, caseID string
	cmd := &cobra.Command{
		Use:   "ls --store STORE",
		Short: "List the bundles of a store",
		Example: `  hozen store ls --store vault/
  hozen store ls --store s3://evidence --case IR-1 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if where == "" {
				return cli.Usagef("store ls needs --store")
			}
			prefix := "cases/"
			if caseID != "" {
				if err := evidence.ValidCase(caseID); err != nil {
					return cli.WithCode(cli.Usage, err)
				}
				prefix = intake.BundlesPrefix(caseID)
			}
			st, err := openStore(cmd.Context(), where)
			if err != nil {
				return err
			}
			return listStore(cmd.Context(), app, st, prefix)
		},
	}
	storeFlag(cmd, &where)
	cmd.Flags().StringVar(&caseID, "case", "", "only the bundles of this case")
	return cmd
}

// listStore adds up objects by bundle. Keys come sorted, so one is at hand at a
// time.
func listStore(ctx context.Context, app *cli.App, st store.Store, prefix string) error {
	var cur storedLine
	shown := 0
	show := func() error {
		if cur.Bundle == "" {
			return nil
		}
		shown++
		if app.JSON {
			return app.Emit(cur)
		}
		note := ""
		if cur.Unfinished {
			note = "  unfinished"
		}
		_, err := fmt.Fprintf(app.Out, "%-20s %-50s %5d objects %10s%s\n", cli.Safe(cur.Case), cli.Safe(cur.Bundle), cur.Objects, cli.Bytes(cur.Bytes), note)
		return err
	}
	for info, err := range st.List(ctx, prefix) {
		if err != nil {
			return storeError(err)
		}
		part := strings.SplitN(info.Key, "/", 5) // cases/<case>/bundles/<id>/…
		if len(part) < 5 || part[2] != "bundles" {
			continue
		}
		if part[1] != cur.Case || part[3] != cur.Bundle {
			if err := show(); err != nil {
				return err
			}
			cur = storedLine{Case: part[1], Bundle: part[3], Prefix: path.Join(part[:4]...)}
		}
		cur.count(part[4], info.Size)
	}
	if err := show(); err != nil {
		return err
	}
	if shown == 0 {
		app.Notef("no bundle in %s; hozen store put takes one in", store.Place(st, prefix))
	}
	return nil
}

// openStore opens the store that --store names.
func openStore(ctx context.Context, where string) (store.Store, error) {
	if err := collectcmd.CheckAddress(where); err != nil {
		return nil, cli.BadFlag("store", err)
	}
	st, err := open.Store(ctx, where)
	return st, noStore(where, err)
}

// noStore is the error of a store that can't be opened.
func noStore(where string, err error) error {
	if open.IsS3(where) {
		return storeError(err)
	}
	return cli.WithHint(err, "name the folder of a store (hozen store put makes a new one), or s3://bucket/prefix")
}

// storeError gives errors of stores their exit code and a hint.
func storeError(err error) error { return collectcmd.StoreHint(readError(err)) }
