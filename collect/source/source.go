// Package source holds what the kinds of source share. Each kind is a package
// below it: live (the running host, and a mounted tree), image (disk images).
package source

import (
	"fmt"
	"io/fs"
	"strings"
)

// LinkError says that a path leads through a symbolic link, which no source
// follows. Who wants the object behind it asks for that path by name.
type LinkError struct {
	Path      string // the path that was asked for
	Component string // the path of the link
	Target    string // what it points to, raw
}

// Error implements error.
func (e *LinkError) Error() string {
	return fmt.Sprintf("%q is a symbolic link to %q, which is not followed", e.Component, e.Target)
}

// Served reports whether a reason of Source.Crossing speaks of a mount that
// another host or process answers for: asking it for anything may take for ever.
func Served(crossing string) bool {
	for _, kind := range [...]string{Network, FUSE, Automount, DirectAutomount} {
		if strings.HasPrefix(crossing, kind) {
			return true
		}
	}
	return false
}

// What the reasons for such mounts begin with.
const (
	Network   = "network mount "
	FUSE      = "FUSE mount "
	Automount = "automount point "

	// Bind is what the reason begins with for a mount that shows a folder which is
	// there under another name, too.
	Bind = "loop: also at "

	// Opening the folder of such a one makes the host mount something.
	DirectAutomount = "direct automount point "
)

// Components splits an absolute "/"-separated path; "/" has none. Anything
// but a plain path wraps fs.ErrInvalid: an empty, "." or ".." component, a
// NUL byte, a slash at the end, no slash at the start.
func Components(path string) ([]string, error) {
	if path == "/" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok || strings.IndexByte(rest, 0) >= 0 {
		return nil, invalid(path)
	}
	out := strings.Split(rest, "/")
	for _, c := range out {
		if c == "" || c == "." || c == ".." {
			return nil, invalid(path)
		}
	}
	return out, nil
}

func invalid(path string) error {
	return fmt.Errorf("path %.200q: %w", path, fs.ErrInvalid)
}
