package collect

import (
	"context"

	"github.com/hozen-dfir/hozen/evidence"
)

// LedgerFormat names the format of the coverage ledger: JSON lines, of which
// the first carries the name.
const LedgerFormat = "hozen-ledger/1"

// LineKind says what a line of the ledger is about.
type LineKind string

// Kinds of ledger lines.
const (
	LineBegin       LineKind = "begin"       // first line: format, profile, sources
	LinePath        LineKind = "path"        // one path that a pattern expanded to, and its outcome
	LinePattern     LineKind = "pattern"     // the end of one pattern: how much it matched
	LineUnsupported LineKind = "unsupported" // asked for, but not to be had from this source
	LineNote        LineKind = "note"        // anything else worth knowing
	LineArtifact    LineKind = "artifact"    // the end of one artifact: its outcomes
	LineTotal       LineKind = "total"       // last line
)

// Line is one line of the coverage ledger.
type Line struct {
	Format   string           `json:"format,omitempty"` // on the first line
	Kind     LineKind         `json:"kind"`
	Time     evidence.Time    `json:"time,omitzero"`
	Source   string           `json:"source,omitempty"`
	Artifact string           `json:"artifact,omitempty"`
	Pattern  string           `json:"pattern,omitempty"` // as the definition has it
	Path     string           `json:"path,omitempty"`
	PathB64  string           `json:"path_b64,omitempty"`
	Outcome  evidence.Outcome `json:"outcome,omitempty"`
	Seq      uint64           `json:"seq,omitempty,string"`  // of the item's (last) record
	Size     int64            `json:"size,omitempty,string"` // bytes of content
	Reason   string           `json:"reason,omitempty"`
	Error    string           `json:"error,omitempty"`
	Again    bool             `json:"again,omitempty"`          // the item was taken for another pattern before
	Gap      bool             `json:"gap,omitempty"`            // counts for exit code 3
	Matches  *int64           `json:"matches,omitempty,string"` // of a pattern
	Visited  int64            `json:"visited,omitempty,string"` // entries looked at for a pattern
	Profile  string           `json:"profile,omitempty"`
	Sources  []SourceInfo     `json:"sources,omitempty"`
	Outcomes Counts           `json:"outcomes,omitempty"`
	Gaps     int64            `json:"gaps,omitempty,string"`
}

// Counts holds how many items ended with each outcome.
type Counts map[evidence.Outcome]int64

// Ledger is a sink that keeps the coverage ledger beside what it takes.
type Ledger interface {
	evidence.Sink
	// For returns a view of the sink: items added through it are recorded as
	// what pattern expanded to. Where a person named the path, it is a gap
	// when it is missing.
	For(pattern string, named bool) Ledger
	// Report adds a line. It may block while the ledger is behind.
	Report(Line)
	// Number counts 1, 2, 3 … for each kind, for names.
	Number(kind string) int
}

// Pacer is a sink whose budgets also bound what an artifact reads for itself.
type Pacer interface {
	// Pace waits until n bytes more may have been read. Its error, which wraps
	// evidence.ErrBudget, says why reading must end.
	Pace(n int) error
}

// Pace waits as the sink's budgets want it.
func Pace(s evidence.Sink, n int) error {
	if p, ok := s.(Pacer); ok {
		return p.Pace(n)
	}
	return nil
}

// LedgerOf returns the sink's ledger, or one that forgets everything.
func LedgerOf(s evidence.Sink) Ledger {
	if l, ok := s.(Ledger); ok {
		return l
	}
	return forgetful{s}
}

type forgetful struct{ evidence.Sink }

func (f forgetful) For(string, bool) Ledger { return f }
func (forgetful) Report(Line)               {}
func (forgetful) Number(string) int         { return 0 }

// Gone adds an item that has no content: something that was asked for and not
// had, or a fact without bytes.
func Gone(ctx context.Context, s evidence.Sink, r evidence.Record, o evidence.Outcome, reason string, err error) error {
	r.Outcome, r.Reason = o, reason
	if err != nil {
		r.Error = err.Error()
	}
	return s.Add(ctx, evidence.Item{Record: r})
}
