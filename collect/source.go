package collect

import (
	"context"
	"iter"

	"github.com/hozen-dfir/hozen/evidence"
)

// OS names an operating system family as ForensicArtifacts does.
type OS string

// The families that sources can hold.
const (
	Linux   OS = "Linux"
	Windows OS = "Windows"
	Darwin  OS = "Darwin"
)

// SourceInfo describes a source. It goes into the bundle.
type SourceInfo struct {
	Name   string `json:"name"`   // first component below data/: "live", "p1"; [a-z0-9-]{1,32}
	Kind   string `json:"kind"`   // "live host", "mounted tree", "ntfs volume"
	OS     OS     `json:"os"`     // which definitions apply
	Method string `json:"method"` // Record.Method of what it reads: os, ntfs
	Fold   bool   `json:"fold"`   // names compare without regard to case
	Live   bool   `json:"live"`   // the host that this program runs on
	// Details are facts for the record: image path, offset, volume serial.
	Details map[string]string `json:"details,omitempty"`
}

// Source is a tree of named objects. Paths are absolute, "/"-separated raw
// bytes on every system: "/etc/passwd", "/Windows/System32/config/SAM"; an
// alternate data stream is "/a/b.txt:stream", or that and StreamType, which it
// takes where a file has the shorter name. No method follows a symbolic
// link, in no component. Every method is safe for concurrent use; errors wrap
// fs.ErrNotExist and fs.ErrPermission where they apply.
type Source interface {
	Info() SourceInfo
	// Lstat describes one object without opening it.
	Lstat(path string) (evidence.Stat, error)
	// ReadDir yields the entries of one directory, in the order of their
	// names' bytes where the source can sort in bounded memory. An error ends
	// the sequence; what was yielded before it stands.
	ReadDir(ctx context.Context, path string) iter.Seq2[Entry, error]
	// Open opens a regular file or stream for its one pass and returns what
	// it is now (stat of the opened object, never of another one; without
	// extended attributes and ACL, which Lstat has). It never opens devices,
	// fifos or sockets.
	Open(ctx context.Context, path string) (evidence.Content, evidence.Stat, error)
	// Crossing reports why a walk must not enter a directory unless asked to
	// by name: "network mount nfs4", "pseudo filesystem proc", "loop"; ""
	// where it may.
	Crossing(path string, st evidence.Stat) string
	// Close releases what the source holds.
	Close() error
}

// StreamType is what Windows writes behind the name of a stream.
const StreamType = ":$DATA"

// Speller is a source whose objects answer to other names than those that a
// listing shows: short names of NTFS, and those of streams.
type Speller interface {
	// Spell returns the last component of a path, and its stream, as the source
	// itself writes them; the error is that of Lstat.
	Spell(path string) (string, error)
}

// Entry is one name in a directory.
type Entry struct {
	Name string // raw bytes, one component
	Type evidence.FileType
}
