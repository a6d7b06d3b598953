// Command hozen-collect is the portable collector: hozen collect alone, in one
// static binary without cgo, for a host that an attacker may still hold.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/collectcmd"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: tests call it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Main(program(), args, stdin, stdout, stderr)
}

// program reads no configuration of the host that it runs on: a file lying
// there must not choose recipients.
func program() cli.Program {
	return cli.Program{
		Root:  func(app *cli.App) *cobra.Command { return collectcmd.New(app, "hozen-collect") },
		Facts: cli.Facts{Capabilities: []string{"collect"}},
	}
}
