package main

import (
	"bufio"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence"
)

func newLsCommand(app *cli.App) *cobra.Command {
	var sel selection
	var identities []string
	cmd := &cobra.Command{
		Use:   "ls BUNDLE [PATH-GLOB…]",
		Short: "List the items of a bundle",
		Long:  "Lists the items of a bundle: outcome, size, time of the last change, and path.\n\n" + globHelp,
		Example: `  hozen ls b/ --identity keys/
  hozen ls b/ '/etc/**' --outcome denied --identity keys/
  hozen ls b.zip --artifact LinuxCronTables --identity keys/ --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sel.setPaths(args[1:]); err != nil {
				return err
			}
			b, err := openToRead(cmd.Context(), app, args[0], identities)
			if err != nil {
				return err
			}
			defer b.Close()
			return list(cmd, app, b, &sel)
		},
	}
	identityFlag(cmd, &identities)
	sel.flags(cmd)
	return cmd
}

// listed is one line of ls --json: the record, and what putting parts together
// told.
type listed struct {
	evidence.Record
	Parts int  `json:"parts,omitempty"`
	Torn  bool `json:"torn,omitempty"`
}

func list(cmd *cobra.Command, app *cli.App, b *reading, sel *selection) error {
	w := bufio.NewWriter(app.Out)
	defer w.Flush()
	n := 0
	for it, err := range sel.items(cmd.Context(), b.Bundle) {
		if err != nil {
			return err
		}
		n++
		if app.JSON {
			l := listed{Record: it.Record, Torn: it.Torn}
			if len(it.Parts) > 1 {
				l.Parts = len(it.Parts)
			}
			if err := app.Emit(l); err != nil {
				return err
			}
			continue
		}
		r := it.Record
		when := "-"
		if !r.MTime.IsZero() {
			when = r.MTime.UTC().Format(time.DateTime)
		}
		if _, err := fmt.Fprintf(w, "%-9s %12d  %-19s  %s\n", cli.Safe(string(r.Outcome)), r.Size, when, cli.Safe(shown(r))); err != nil {
			return err
		}
	}
	if n == 0 {
		if err := sel.none(b.Bundle); err != nil {
			return err
		}
	}
	missed := sel.missed(app)
	if err := b.whole(app); err != nil {
		return err
	}
	if missed {
		return cli.Ended(cli.Gaps)
	}
	return nil
}

// shown is an item's name for people: the path's exact bytes, with its source
// where that is not the live host, and a link's target.
func shown(r evidence.Record) string {
	name := r.RawPath()
	if r.Source != "live" {
		name = r.Source + ":" + name
	}
	if r.Target != "" {
		name += " -> " + r.RawTarget()
	}
	return name
}
