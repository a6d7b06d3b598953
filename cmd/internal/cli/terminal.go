package cli

import (
	"os"

	"golang.org/x/term"
)

// terminal returns the file behind a stream where that is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	if !ok || f == nil || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	return f, true
}
