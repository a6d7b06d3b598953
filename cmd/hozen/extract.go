package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/extract"
)

func newExtractCommand(app *cli.App) *cobra.Command {
	var sel selection
	var identities []string
	var out string
	cmd := &cobra.Command{
		Use:   "extract BUNDLE [PATH-GLOB…] --out FOLDER",
		Short: "Write items back to files",
		Long: `Writes items below a folder, as FOLDER/<source>/<path>, with their times, and a
list of them (extracted.jsonl). Nothing is ever written outside the folder, nor
over what is there: an item whose name is taken gets ~ and its number behind it,
and that is said. Links and devices are not made; files are not executable.

` + globHelp,
		Example: `  hozen extract b/ --out x/ --identity keys/
  hozen extract b/ '/home/*/.bash_history' --out x/ --identity keys/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sel.setPaths(args[1:]); err != nil {
				return err
			}
			if out == "" {
				return cli.Usagef("extract needs --out")
			}
			if err := collectcmd.OutsideBundles("out", out); err != nil {
				return err
			}
			b, err := openToRead(cmd.Context(), app, args[0], identities)
			if err != nil {
				return err
			}
			defer b.Close()
			target, err := extract.New(out)
			if err != nil {
				return err
			}
			n, err := extractTo(cmd.Context(), app, b.Bundle, target, sel.match)
			if cerr := target.Close(); err == nil {
				err = cerr
			}
			if err == nil && n.items == 0 {
				err = sel.none(b.Bundle)
			}
			if err != nil {
				return err
			}
			n.tell(app)
			app.Notef("%d items, %d written below %s, %d without content, %d not written", n.items, n.written, out, n.items-n.written-n.failed, n.failed)
			if n.damaged > 0 {
				return cli.WithHint(cli.WithCode(cli.VerifyFailed, fmt.Errorf("%d items are not what their records say", n.damaged)), "hozen verify lists every problem")
			}
			missed := sel.missed(app)
			if err := b.whole(app); err != nil {
				return err
			}
			if n.failed+n.partial > 0 || missed {
				return cli.Ended(cli.Gaps)
			}
			return nil
		},
	}
	identityFlag(cmd, &identities)
	sel.flags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the `folder` to write to")
	return cmd
}

// extracted counts what came of items.
type extracted struct {
	items, written, failed, damaged, torn, partial, renamed int

	moved []string // the first of those that were renamed
}

// tell says how many items lie elsewhere than their paths say, and names a few.
func (n *extracted) tell(app *cli.App) {
	if n.renamed > 0 {
		app.Warnf("%d items are written under another name, for something had theirs already: %s (extracted.jsonl names all: renamed)", n.renamed, strings.Join(n.moved, ", "))
	}
}

// extractTo writes the matching items and their list. Items that can't be
// written are named and counted, and the rest goes on.
func extractTo(ctx context.Context, app *cli.App, b *bundle.Bundle, target *extract.Target, match func(evidence.Record) bool) (extracted, error) {
	var n extracted
	var list *extract.Listing // made for the first item: a path misspelt must not use the folder up
	defer func() {
		if list != nil {
			list.Close()
		}
	}()
	p := app.Progress("extracting")
	defer p.Done()
	for it, err := range b.Items(ctx) {
		if err != nil {
			return n, readError(err)
		}
		if !match(it.Record) {
			continue
		}
		if list == nil {
			if list, err = newListing(target); err != nil {
				return n, err
			}
		}
		if err := n.write(ctx, app, b, target, list, it); err != nil {
			return n, err
		}
		p.Add(1, it.Record.Size)
	}
	return n, nil
}

func newListing(target *extract.Target) (*extract.Listing, error) {
	list, err := target.List("extracted.jsonl")
	if err != nil {
		err = cli.WithHint(err, "the folder holds an earlier extraction: name a new one")
	}
	return list, err
}

// write writes one item and counts what came of it.
func (n *extracted) write(ctx context.Context, app *cli.App, b *bundle.Bundle, target *extract.Target, list *extract.Listing, it *bundle.Item) error {
	r, err := target.Item(ctx, b, it)
	if err != nil {
		return readError(fmt.Errorf("writing %s: %w", it.Record.Path, err))
	}
	n.items++
	switch {
	case r.Err != nil:
		n.failed++
		if errors.Is(r.Err, bundle.ErrVerify) {
			n.damaged++
		}
		app.Warnf("%s: %v", it.Record.Path, r.Err)
	case r.Name != "":
		n.written++
	}
	if r.Renamed && r.Err == nil {
		if n.renamed++; n.renamed <= 3 {
			n.moved = append(n.moved, r.Name)
		}
	}
	if r := it.Record; r.Outcome == evidence.Partial {
		n.partial++
		if !it.Torn {
			app.Warnf("%s is partial: %s", r.Path, partialWhy(r))
		}
	}
	if it.Torn {
		n.torn++
		app.Warnf("%s is cut off: %s; %s of it are there", it.Record.RawPath(), it.Record.Error, cli.Bytes(it.Record.Size))
	}
	if app.JSON {
		line := map[string]any{"record": r.Item.Record}
		if text, b64 := evidence.Text(r.Name); b64 == "" {
			line["name"] = text
		} else {
			line["name"], line["name_b64"] = text, b64
		}
		if r.Renamed {
			line["renamed"] = true
		}
		if err := app.Emit(line); err != nil {
			return err
		}
	}
	return list.Add(r)
}
