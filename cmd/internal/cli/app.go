package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

// Constructor makes one command.
type Constructor func(*App) *cobra.Command

// Program is what a binary is made of.
type Program struct {
	Root     Constructor   // the command that the binary itself is
	Commands []Constructor // its subcommands, beside version
	Facts    Facts         // for version
	// HomeConfig says that the user's configuration file is read unasked. The
	// portable collector doesn't: on a host that an attacker may hold, a file
	// lying there must not choose recipients.
	HomeConfig bool
}

// App is one run of a program: its streams and the flags that every command
// has. Its methods are safe for concurrent use.
type App struct {
	In  io.Reader
	Out io.Writer // results; a failed write makes the program fail in the end
	Err io.Writer // everything else

	JSON  bool // print one compact object a line to Out, and nothing else there
	Quiet bool // print errors and warnings only

	program    Program
	configFile string
	passFile   string
	lastPass   string // the passphrase that was given last, for the next file
	out        *outcomeWriter
	mu         sync.Mutex // guards Err and progress
	progress   *Progress
	began      bool // a command's RunE was reached
}

// Main runs a program and returns its exit code. args are without the
// program's name.
func Main(p Program, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	settleZone()
	app := newApp(p, stdin, stdout, stderr)
	defer func() {
		if r := recover(); r != nil { // an unrecovered panic would exit 2, "wrong use"
			fmt.Fprintf(stderr, "error: internal error: %s\n%s", Safe(fmt.Sprint(r)), debug.Stack())
			fmt.Fprintln(stderr, "hint: this is a fault in the program; please report it with the lines above")
			code = int(Failed)
		}
	}()
	ctx, stop := app.signals(context.Background())
	defer stop()
	root := app.tree()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	app.endProgress()
	if err = app.outcome(err); err == nil {
		return int(OK)
	}
	err = app.classify(ctx, cmd, err)
	printError(stderr, err)
	return int(CodeOf(err))
}

// outcome is err, unless that says no more than how the work ended (or
// nothing), and what it gave could not be written.
func (a *App) outcome(err error) error {
	var e *Error
	silent := err == nil || errors.As(err, &e) && e.Err == nil
	if lost := a.out.lost(); silent && lost != nil {
		return WithCode(Failed, lost)
	}
	return err
}

func newApp(p Program, stdin io.Reader, stdout, stderr io.Writer) *App {
	out := &outcomeWriter{w: stdout}
	return &App{In: stdin, Out: out, Err: stderr, out: out, program: p}
}

// Tree builds the whole command tree of a program, for tests and documents.
func Tree(p Program) *cobra.Command {
	return newApp(p, strings.NewReader(""), io.Discard, io.Discard).tree()
}

func (a *App) tree() *cobra.Command {
	root := a.program.Root(a)
	for _, c := range a.program.Commands {
		root.AddCommand(c(a))
	}
	root.AddCommand(newVersionCommand(a))
	root.SetHelpCommand(newHelpCommand())
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	f := root.PersistentFlags()
	f.BoolVar(&a.JSON, "json", false, "print results as JSON, one object a line")
	f.BoolVarP(&a.Quiet, "quiet", "q", false, "print errors and warnings only")
	f.StringVar(&a.configFile, "config", "", "read flags from this `FILE`")
	f.StringVar(&a.passFile, "passphrase-file", "", "read passphrases from this `FILE`, its first line; - is standard input")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.configure(cmd) }
	a.finish(root)
	return root
}

// finish makes every command below cmd behave the same: a group without a
// subcommand, and one that doesn't exist, are wrong use.
func (a *App) finish(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	if cmd.RunE == nil && cmd.Run == nil {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_ = cmd.Help()
				return Usagef("%s needs a command", cmd.CommandPath())
			}
			return WithHint(Usagef("unknown command %q for %s", args[0], cmd.CommandPath()), suggest(cmd, args[0]))
		}
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.began = true
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		a.finish(c)
	}
}

func suggest(cmd *cobra.Command, arg string) string {
	if s := cmd.SuggestionsFor(arg); len(s) > 0 {
		return "did you mean " + strings.Join(s, " or ") + "?"
	}
	return seeHelp(cmd)
}

func seeHelp(cmd *cobra.Command) string {
	return fmt.Sprintf("run '%s --help'", cmd.CommandPath())
}

// classify gives err its exit code and hint: what cobra refuses before a
// command begins is wrong use.
func (a *App) classify(ctx context.Context, cmd *cobra.Command, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
	case !a.began:
		err = &Error{Code: Usage, Err: err}
	case Interrupted(ctx) && errors.Is(err, context.Canceled):
		err = &Error{Code: Failed, Err: errInterrupted}
	}
	if CodeOf(err) == Usage && HintOf(err) == "" {
		err = WithHint(err, seeHelp(cmd))
	}
	return err
}

// Notef tells the user something in passing. It is silent with --quiet. The
// text is escaped and bounded (Short) as a whole; a newline is added.
func (a *App) Notef(format string, args ...any) {
	if !a.Quiet {
		a.line(fmt.Sprintf(format, args...))
	}
}

// Warnf tells the user of something that may hurt later, even with --quiet.
func (a *App) Warnf(format string, args ...any) {
	a.line("warning: " + fmt.Sprintf(format, args...))
}

// line writes one line to Err, above the progress bar where there is one.
func (a *App) line(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var w io.Writer = a.Err
	if a.progress != nil && a.progress.bars != nil {
		w = a.progress.bars
	}
	fmt.Fprintf(w, "%s\n", Short(s))
}

// outcomeWriter remembers the first error of w, so that a full disk below
// `hozen cat … > file` doesn't end in exit code 0.
type outcomeWriter struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

func (o *outcomeWriter) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	if err != nil {
		o.err = fmt.Errorf("writing output: %w", err)
	}
	return n, o.err
}

// lost is the first error.
func (o *outcomeWriter) lost() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Terminal reports whether standard output is a terminal.
func (a *App) Terminal() bool {
	_, ok := terminal(a.out.w)
	return ok
}

// ColorOK reports whether standard output may hold colour (terminal, and
// neither NO_COLOR nor a dumb terminal).
func (a *App) ColorOK() bool {
	return a.Terminal() && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
