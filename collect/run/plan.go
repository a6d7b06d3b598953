package run

import (
	"log/slog"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/evidence"
)

// Plan is everything that one collection is asked to do.
type Plan struct {
	Sources     []collect.Source
	Builtins    []collect.Artifact      // run on the first live source, or else on the first
	Definitions []*artifacts.Definition // groups resolved; run on every source of their system
	Idle        []*artifacts.Definition // asked for by name, and for none of the sources' systems
	Paths       []string                // named by hand; taken from every source
	Found       []evidence.Record       // what opening the sources brought to light, with its outcome: the first items
	Own         []string                // paths of this host that are the collector's output
	Sink        evidence.Sink
	Budget      Budget
	Commands    bool   // COMMAND sources may run
	Profile     string // for the ledger
	MaxEntries  int64  // see expand.Options

	// Watch, where set, is called a few times a second, from one goroutine.
	Watch func(Progress)
	// Log, where set, gets what a person may want to know meanwhile.
	Log *slog.Logger
}

// Budget bounds a collection. Zero fields are no bounds. What a budget cut is
// an item with outcome skipped, or partial, and the budget's name in Reason.
// MaxFile, MaxTotal and IO speak of files, and of executables recovered from
// processes, IO also of those that are hashed; what built-in artifacts write of
// their own counts towards the total and is not cut, but for captures, which
// know no end.
type Budget struct {
	MaxFile  int64 // bytes of one file
	MaxTotal int64 // bytes of content of all items
	// MaxSparse bounds the bytes of holes of all files that have more than 64 GiB
	// of them. Holes take no room where they lie, and time to hash: a file of
	// 8 EiB costs whoever makes it nothing, and would hold a worker for ages. The
	// holes of all other files may come to eight times as much.
	MaxSparse int64
	Timeout   time.Duration // of the taking
	CPU       float64       // percent of this machine's cores, 0 < CPU <= 100
	IO        int64         // bytes read of files per second
}

// Progress is a look at a collection under way.
type Progress struct {
	Items, Gaps int64
	Bytes       int64  // of items, and read so far of those under way
	Artifact    string // the one that runs
	Done, Of    int    // artifacts
}

// Summary is what came of a collection.
type Summary struct {
	Outcomes    collect.Counts
	Items       int64
	Bytes       int64 // content
	Gaps        int64 // for exit code 3: denied, failed, partial, cut by a budget; a path named by hand and missing
	FirstGaps   []Gap // some of them, for people
	Unsupported int64 // sources of definitions that can't be had here
	Interrupted bool
	Stopped     string   // why taking ended early: "interrupted", "budget timeout: …"; "" where it did not
	Unsettled   int64    // items whose outcome was not known when the ledger was closed
	Overflowed  bool     // too many paths to remember: items may be there twice
	Processes   int64    // started by COMMAND sources
	Notes       []string // of the ledger, some of them: what is worth knowing and is no item
	Artifacts   []Tally
}

// Gap is one item that counts for exit code 3.
type Gap struct {
	Source, Path, Artifact string
	Outcome                evidence.Outcome
	Why                    string
}

// Tally is what came of one artifact on one source.
type Tally struct {
	Source, Artifact string
	Outcomes         collect.Counts
	Gaps             int64
	Took             time.Duration
	Error            string // of the artifact as a whole
}

// Bounds of Summary.FirstGaps and Summary.Notes.
const (
	maxFirstGaps = 100
	maxNotes     = 20
)

// ReasonInterrupted is the reason of what an interruption cut.
const ReasonInterrupted = "interrupted"

func (s *Summary) gap(g Gap) {
	s.Gaps++
	if len(s.FirstGaps) < maxFirstGaps {
		s.FirstGaps = append(s.FirstGaps, g)
	}
}
