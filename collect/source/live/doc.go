// Package live reads files of the running host and of trees mounted on it.
//
// On Linux a path is walked component by component from a directory handle,
// so no symbolic link is followed, names may hold any bytes and paths any
// length, and an object is described and opened through one handle: it can't
// be replaced between the two. Files are opened without touching their access
// times where the system allows it; devices, fifos and sockets are never
// opened. Elsewhere os.Root is used and fewer facts are known.
package live

import (
	"github.com/hozen-dfir/hozen/collect"
)

// Bounds of what is read of one object.
const (
	// Growth is how many bytes a file may have more than when it was opened.
	// A log that grows faster than it is read ends there, marked changed.
	// Files of /proc and /sys that state no size end there, too.
	Growth = 64 << 20

	sortLimit  = 100_000  // directory entries that are sorted in memory
	xattrCount = 256      // extended attributes of one object
	xattrTotal = 64 << 10 // bytes of their values
	targetMax  = 64 << 10 // bytes of a symlink's target
	namesMax   = 16 << 20 // bytes read of passwd and group
	namesCount = 100_000  // entries kept of each
	mountsMax  = 8 << 20  // bytes read of mountinfo
)

// Open returns the running host as a source named "live".
func Open() (collect.Source, error) {
	return open(rootDir(), collect.SourceInfo{
		Name: "live", Kind: "live host", OS: hostOS(), Method: "os", Live: true, Fold: foldNames,
	})
}

// OpenTree returns the tree mounted at dir as a source with the given name
// ([a-z0-9-]{1,32}); os says which definitions apply to it.
func OpenTree(dir, name string, os collect.OS) (collect.Source, error) {
	return open(dir, collect.SourceInfo{
		Name: name, Kind: "mounted tree", OS: os, Method: "os",
		Fold: os != collect.Linux, Details: map[string]string{"directory": dir},
	})
}
