package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Lint walks a command tree and returns what a reader of --help would miss: a
// short text, an example of each command that can be run, a word on each flag.
func Lint(cmd *cobra.Command) []string {
	var bad []string
	say := func(format string, args ...any) {
		bad = append(bad, cmd.CommandPath()+": "+fmt.Sprintf(format, args...))
	}
	if cmd.Name() == "help" {
		return nil
	}
	if strings.TrimSpace(cmd.Short) == "" {
		say("no Short")
	}
	if strings.TrimSpace(cmd.Example) == "" {
		say("no Example")
	} else if !strings.Contains(cmd.Example, cmd.CommandPath()) && cmd.Name() != "version" {
		say("the Example doesn't show %q", cmd.CommandPath())
	}
	if cmd.Run != nil {
		say("Run is set; use RunE")
	}
	if cmd.HasParent() && (cmd.PersistentPreRun != nil || cmd.PersistentPreRunE != nil) {
		say("PersistentPreRun hides the configuration")
	}
	cmd.InitDefaultHelpFlag()
	for _, line := range strings.Split(cmd.LocalFlags().FlagUsages(), "\n") {
		if f := strings.Fields(line); len(f) > 0 && len(strings.SplitN(strings.TrimSpace(line), "  ", 2)) < 2 {
			say("the flag %s has no word on it", f[0])
		}
	}
	for _, sub := range cmd.Commands() {
		bad = append(bad, Lint(sub)...)
	}
	return bad
}
