package cli

import (
	"os"

	"golang.org/x/term"
)

// Width is how many columns standard output has; 0 where it is no terminal.
func (a *App) Width() int {
	f, ok := terminal(a.out.w)
	if !ok {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// terminal returns the file behind a stream where that is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	if !ok || f == nil || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	return f, true
}
