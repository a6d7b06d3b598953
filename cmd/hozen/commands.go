package main

import (
	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
)

// commands is the list of every command, in the order of --help. version is
// added by package cli.
func commands() []cli.Constructor {
	return []cli.Constructor{
		newCollectCommand, newVerifyCommand, newRecoverCommand, newLsCommand, newCatCommand, newExtractCommand,
		newAnalyzeCommand, newStoreCommand, newCustodyCommand, newKeysCommand,
	}
}

func newCollectCommand(app *cli.App) *cobra.Command { return collectcmd.New(app, "hozen collect") }
