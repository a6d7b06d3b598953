// Package source holds what the kinds of source share. Each kind is a package
// below it: live (the running host, and a mounted tree), image (disk images).
package source

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
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

// Components splits an absolute "/"-separated path. A path with a "." or ".."
// component, a NUL byte or no leading "/" wraps fs.ErrInvalid.
func Components(path string) ([]string, error) {
	if !strings.HasPrefix(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return nil, fmt.Errorf("path %q: %w", path, fs.ErrInvalid)
	}
	var out []string
	for c := range strings.SplitSeq(path, "/") {
		switch c {
		case "":
		case ".", "..":
			return nil, fmt.Errorf("path %q: %w", path, fs.ErrInvalid)
		default:
			out = append(out, c)
		}
	}
	return out, nil
}

// Detailed is implemented by content that has facts for Record.Details which
// only its opening brings to light (the length of a sparse head that was left
// out, say).
type Detailed interface {
	Details() map[string]string
}

// DetailsOf returns the details of c, or nil.
func DetailsOf(c evidence.Content) map[string]string {
	if d, ok := c.(Detailed); ok {
		return d.Details()
	}
	return nil
}
