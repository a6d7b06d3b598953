package cli

import (
	"context"
	"errors"
)

// errAsked ends the asking for one file: its passphrase was given, and did not
// fit.
var errAsked = errors.New("the passphrase was asked for already")

// Asker returns what gives the passphrases of private files, by their names. A
// person's files mostly have the same one, so the last one given in this run is
// tried before another is asked for: whoever loads a file asks a second time
// where the first did not fit.
func (a *App) Asker(ctx context.Context) func(file string) (string, error) {
	tried, asked := map[string]bool{}, map[string]bool{}
	return func(file string) (string, error) {
		if a.lastPass != "" && !tried[file] {
			tried[file] = true
			return a.lastPass, nil
		}
		if asked[file] {
			return "", errAsked
		}
		tried[file], asked[file] = true, true
		p, err := a.Passphrase(ctx, "Passphrase for "+file, false)
		if err != nil {
			return "", err
		}
		a.lastPass = string(p)
		return a.lastPass, nil
	}
}
