package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/extract"
)

func newRecoverCommand(app *cli.App) *cobra.Command {
	var identities []string
	var out string
	cmd := &cobra.Command{
		Use:   "recover BUNDLE --out FOLDER",
		Short: "Give back what a collection that died had sealed",
		Long: `Writes all items up to the last good checkpoint below FOLDER/<source>/, with a
list of them (extracted.jsonl), and says what came after it. A damaged segment
costs what is in it: of an item that goes on behind one, each further run of bytes
is a file of its own, with ~ and a number behind its name. What was stored but
not sealed yet is written below FOLDER/unsealed where it can be read: it shows
what was there, and proves nothing.`,
		Example: "  hozen recover b/ --out rescued/ --identity keys/",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return cli.Usagef("recover needs --out")
			}
			if err := collectcmd.OutsideBundles("out", out); err != nil {
				return err
			}
			return runRecover(cmd, app, args[0], out, identities)
		},
	}
	identityFlag(cmd, &identities)
	cmd.Flags().StringVar(&out, "out", "", "the `folder` to write to")
	return cmd
}

func runRecover(cmd *cobra.Command, app *cli.App, arg, out string, identities []string) error {
	ctx := cmd.Context()
	ids, err := loadIdentities(ctx, app, identities)
	if err != nil {
		return err
	}
	b, err := openBundle(ctx, arg, ids)
	if err != nil {
		return err
	}
	defer b.Close()
	if !b.CanRead() {
		return cli.WithHint(fmt.Errorf("%s is encrypted, and no identity was given", arg), "give --identity FILE")
	}
	target, err := extract.New(out)
	if err != nil {
		return err
	}
	defer target.Close()
	for _, p := range b.Problems {
		app.Warnf("%s", p)
	}
	around, unread := lookAround(ctx, app, b)
	problems := slices.Concat(b.Problems, around)
	n, damaged, err := recoverItems(ctx, app, b, target)
	if err != nil {
		return err
	}
	n.tell(app)
	app.Notef("up to the last good checkpoint (%s): %d items, %d written below %s, %d of them cut off, %d not written", b.LastFile, n.items, n.written, out, n.torn, n.failed)
	if err := recoverTail(ctx, app, b, target, out, ids); err != nil {
		return err
	}
	switch {
	case len(problems) > 0 || damaged+n.damaged > 0:
		return cli.WithCode(cli.VerifyFailed, fmt.Errorf("the bundle was damaged or altered (%d problems): what is below %s is what could still be proved", len(problems)+damaged+n.damaged, out))
	case b.End == nil || n.failed > 0 || unread:
		return cli.Ended(cli.Gaps)
	}
	app.Notef("the bundle is complete: extract would have done")
	return nil
}

// recoverTail says what came after the last checkpoint, and restores what it can
// of the segments among it.
func recoverTail(ctx context.Context, app *cli.App, b *bundle.Bundle, target *extract.Target, out string, ids []age.Identity) error {
	tail, torn := slices.Clone(b.Tail), ""
	if c, ok := b.Objects().(bundle.Container); ok && c.Torn() != "" {
		torn = c.Torn()
		tail = append(tail, torn)
	}
	for _, name := range tail {
		state := "stored and not sealed"
		switch {
		case name == torn:
			state = "cut short"
		case strings.HasSuffix(name, ".json"):
			state = "a leaf without its checkpoint"
		}
		if !strings.HasPrefix(name, "segments/") {
			app.Notef("after it: %s, %s, which proves nothing", name, state)
			continue
		}
		restored, err := target.Unsealed(ctx, b, name, ids)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			app.Notef("after it: %s, %s, of which nothing can be read: %s", name, state, strings.TrimPrefix(err.Error(), name+": "))
		default:
			app.Notef("after it: %s, %s; %d entries of it are below %s/%s and prove nothing", name, state, len(restored), out, extract.UnsealedDir)
		}
	}
	if len(tail) == 0 && b.EndLeaf == nil && b.Broken() == "" {
		app.Notef("after it: nothing was stored")
	}
	return nil
}

// recoverItems extracts what can be proved. A segment that fails its check
// costs its items, and they are counted; the others go on.
func recoverItems(ctx context.Context, app *cli.App, b *bundle.Bundle, target *extract.Target) (n extracted, damaged int, err error) {
	list, err := newListing(target)
	if err != nil {
		return n, 0, err
	}
	defer list.Close()
	p := app.Progress("recovering")
	defer p.Done()
	for it, err := range b.Items(ctx) {
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, bundle.ErrNoIdentity) {
				return n, damaged, err
			}
			app.Warnf("%v", err)
			damaged++
			continue
		}
		if err := n.write(ctx, app, b, target, list, it); err != nil {
			return n, damaged, err
		}
		p.Add(1, it.Record.Size)
	}
	return n, damaged, nil
}
