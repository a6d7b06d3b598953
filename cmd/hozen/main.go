// Command hozen is the analyst's tool: it collects, verifies, reads, sweeps
// and keeps evidence. Built with cgo it has YARA; without, it builds for every
// platform and says that it has none.
package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/analyze/all"
	"github.com/hozen-dfir/hozen/analyze/worker"
	"github.com/hozen-dfir/hozen/cmd/internal/cli"
)

func main() {
	asWorker()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// asWorker does not return where this process was started to read hostile
// bytes: see analyze/worker.
func asWorker() {
	if worker.Asked(os.Args) {
		os.Exit(worker.Main(all.Build, os.Stdin, os.Stdout))
	}
}

// run is main without the process: tests call it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Main(program(), args, stdin, stdout, stderr)
}

func program() cli.Program {
	return cli.Program{Root: newRoot, Commands: commands(), Facts: facts(), HomeConfig: true}
}

func newRoot(*cli.App) *cobra.Command {
	return &cobra.Command{
		Use:   "hozen",
		Short: "Collect, seal, sweep and keep evidence",
		Long: `hozen takes evidence off a host or an image, seals it so that nobody can change
it unseen, sweeps it for threats, and keeps it with a record of custody that can
be checked without it.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with gaps, 4 verification
failed, 5 findings (with --fail-on-findings).`,
		Example: `  hozen keys new --name "A. Examiner" --role examiner --out keys/
  hozen verify b/ --identity keys/
  hozen analyze b/ --identity keys/ --rules rules/yara --iocs rules/ioc --out findings/`,
	}
}
