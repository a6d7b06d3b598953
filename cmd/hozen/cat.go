package main

import (
	"bufio"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

func newCatCommand(app *cli.App) *cobra.Command {
	var sel selection
	var identities []string
	var raw bool
	cmd := &cobra.Command{
		Use:   "cat BUNDLE PATH-GLOB…",
		Short: "Print the content of items",
		Long: `Prints the content of items to standard output. On a terminal, bytes that could
command it are escaped; --raw prints them as they are. Elsewhere the bytes are
always exact.

` + globHelp,
		Example: `  hozen cat b/ /etc/passwd --identity keys/
  hozen cat b/ '/var/log/auth.log*' --identity keys/ > auth.txt
  hozen cat b/ --sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --identity keys/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sel.setPaths(args[1:]); err != nil {
				return err
			}
			if len(args) == 1 && len(sel.sha256) == 0 && len(sel.artifacts) == 0 {
				return cli.Usagef("cat needs a path, --sha256 or --artifact")
			}
			b, err := openToRead(cmd.Context(), app, args[0], identities)
			if err != nil {
				return err
			}
			defer b.Close()
			return cat(cmd, app, b, &sel, app.Terminal() && !raw)
		},
	}
	identityFlag(cmd, &identities)
	sel.flags(cmd)
	cmd.Flags().BoolVar(&raw, "raw", false, "print exact bytes even to a terminal")
	return cmd
}

func cat(cmd *cobra.Command, app *cli.App, b *reading, sel *selection, escape bool) error {
	found, gaps, printed := 0, 0, 0
	var bare evidence.Record // the last one that has no content, and never had
	for it, err := range sel.items(cmd.Context(), b.Bundle) {
		if err != nil {
			return err
		}
		found++
		if !it.Record.Outcome.HasBytes() {
			if it.Record.Outcome != "empty" {
				app.Warnf("%s has no content: %s %s%s", it.Record.Path, it.Record.Outcome, it.Record.Error, it.Record.Reason)
				gaps++
			}
			continue
		}
		if len(it.Parts) == 0 && it.Record.Outcome != evidence.Partial {
			bare = it.Record
			continue
		}
		printed++
		if err := catItem(cmd, app, b.Bundle, it, escape); err != nil {
			return readError(fmt.Errorf("%s: %w", it.Record.Path, err))
		}
		if it.Record.Outcome == "partial" {
			app.Warnf("%s is partial: %s", it.Record.Path, partialWhy(it.Record))
			gaps++
		}
	}
	if found == 0 {
		return sel.none(b.Bundle)
	}
	if printed+gaps == 0 && bare.Type != "" {
		app.Notef("%s is a %s: it has no content of its own", shown(bare), bare.Type)
	}
	missed := sel.missed(app)
	if err := b.whole(app); err != nil {
		return err
	}
	if gaps > 0 || missed {
		return cli.Ended(cli.Gaps)
	}
	return nil
}

func catItem(cmd *cobra.Command, app *cli.App, b *bundle.Bundle, it *bundle.Item, escape bool) error {
	r, err := b.Reader(cmd.Context(), it)
	if err != nil {
		return err
	}
	defer r.Close()
	if !escape {
		_, err = io.Copy(app.Out, r)
		return err
	}
	in, out := bufio.NewReader(r), bufio.NewWriter(app.Out)
	for {
		line, err := in.ReadSlice('\n')
		text := string(line)
		end := ""
		if n := len(text); n > 0 && text[n-1] == '\n' {
			text, end = text[:n-1], "\n"
		}
		if _, werr := out.WriteString(cli.Safe(text) + end); werr != nil {
			return werr
		}
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
	}
}
