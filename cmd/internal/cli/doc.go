// Package cli is what both binaries share: how a program starts and ends, its
// exit codes, errors and hints, safe printing, JSON lines, progress,
// passphrases and configuration. It knows nothing of evidence.
//
// # Adding a command
//
// A command of hozen is one file, cmd/hozen/<command>.go, with one constructor
//
//	func newVerifyCommand(app *cli.App) *cobra.Command
//
// and one line in the list of cmd/hozen/commands.go. The collect command is in
// cmd/internal/collectcmd, since both binaries have it. A command
//
//   - has Use, Short and Example (a test walks the tree), and RunE, not Run;
//   - takes its context from cmd.Context(): Ctrl-C cancels it, and
//     [Interrupted] tells so; PersistentPreRun belongs to this package;
//   - prints results to app.Out, and every string that comes from evidence or
//     from a name through [Safe]; with app.JSON set, one compact object a line
//     by app.Emit and nothing else;
//   - talks to the user by app.Notef and app.Warnf (standard error), and shows
//     long work by app.Progress;
//   - ends with nil, or an error; [WithCode] gives the exit code where it is
//     not 1, [WithHint] says what to do next, [Usagef] is wrong use. [Ended]
//     sets an exit code without an error message.
//
// Every flag can also be set by HOZEN_<NAME> and in the configuration file;
// see [App.configure]. The flags --json, --quiet, --config and
// --passphrase-file are on every command.
package cli
