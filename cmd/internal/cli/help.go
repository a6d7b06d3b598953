package cli

import "github.com/spf13/cobra"

// newHelpCommand is cobra's, but that a command which does not exist is wrong
// use here too. It reads no configuration: help must be had where that is broken.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Help about any command",
		Example:           "  hozen help store put",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(cmd *cobra.Command, args []string) error {
			of := cmd.Root()
			for _, name := range args {
				next, rest, err := of.Find([]string{name})
				if err != nil || next == of || len(rest) > 0 {
					return WithHint(Usagef("unknown command %q for %s", name, of.CommandPath()), suggest(of, name))
				}
				of = next
			}
			return of.Help()
		},
	}
}
