package collect

import (
	"context"

	"github.com/hozen-dfir/hozen/evidence"
)

// Needs says what an artifact can't do without; the runner decides whether it
// can run and records why it could not.
type Needs struct {
	OS   []OS // any of these; empty means every one
	Live bool // the running host, not an image
	Root bool // works better or only with full rights; recorded, not refused
}

// Stage orders artifacts: what vanishes first is taken first.
type Stage int

// Stages of a collection, in the order they run.
const (
	Throughout Stage = iota // from the first moment to the last (packets)
	Volatile                // processes, sockets, users logged in
	Settled                 // files
)

// Artifact is one thing that can be asked for: a built-in one, or one made
// from a definition. Collect hands everything it finds, and everything it
// looked for and did not get, to the sink as items. Its error means that the
// artifact as a whole failed; the runner records that and goes on.
type Artifact interface {
	Name() string // e.g. "hozen.processes", "LinuxPasswdFile"
	Needs() Needs
	Stage() Stage
	Collect(ctx context.Context, src Source, sink evidence.Sink) error
}

// ProfileTriage and its like name sets of artifacts.
const (
	ProfileNone     = "none"
	ProfileVolatile = "volatile"
	ProfileTriage   = "triage"
	ProfileFull     = "full"
)
