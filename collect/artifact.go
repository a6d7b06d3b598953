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
	Throughout Stage = iota // from the first moment to the last (packets); see Ender
	Volatile                // processes, sockets, users logged in
	Settled                 // files
	Bulk                    // files that are many or large: a budget cuts them first
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

// Ender is an artifact of stage Throughout that wants to know when all others
// are done: End is called once, and Collect may then go on for as long as it
// was asked to (a capture of 30 s). The context of one that is no Ender is
// cancelled at that moment. In both cases Collect then ends its streams in
// order and returns; the sink takes what it is given after a cancellation, too.
type Ender interface {
	Artifact
	End()
}

// ProfileTriage and its like name sets of artifacts.
const (
	ProfileNone     = "none"
	ProfileVolatile = "volatile"
	ProfileTriage   = "triage"
	ProfileFull     = "full"
)
