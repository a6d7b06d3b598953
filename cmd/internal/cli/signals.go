package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signals returns a context that the first Ctrl-C (or SIGTERM, or a terminal
// that went away) cancels, so that a command can end in order. A second one
// ends the program at once, by the signal's own default.
func (a *App) signals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	watched := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup does
		watched = append(watched, syscall.SIGHUP)
	}
	signal.Notify(ch, watched...)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-ch:
			signal.Reset(watched...)
			a.line(s.String() + ": ending in order; once more to stop at once")
			cancel(errInterrupted)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(nil)
	}
}

// OutlivePipes makes a write to a standard output or error whose reader has
// gone an error, where the system's default is to end the program: a lost
// connection or `| head` must not end what is being made. Call the function
// it returns when that is done.
func OutlivePipes() func() {
	// Not signal.Ignore, which programs started from here would inherit.
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGPIPE)
	return func() { signal.Stop(ch) }
}
