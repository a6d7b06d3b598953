//go:build !linux && !darwin && !windows

package host

// MissingRights lists what this process lacks that a collection is incomplete
// without.
func MissingRights() []Right { return nil }

// Free says how much room there is at a folder, in bytes and in files that can
// still be made, and the kind of filesystem; -1 and "" where not known.
func Free(string) (bytes, files int64, kind string) { return -1, -1, "" }
