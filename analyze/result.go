package analyze

import (
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// UnscannedFormat names the format of one line of unscanned.jsonl.
const UnscannedFormat = "hozen-unscanned/1"

// FaultKind says where an item's examination broke.
type FaultKind string

// Fault kinds.
const (
	FaultWorker   FaultKind = "worker"   // the worker process died, hung or used too much memory
	FaultRead     FaultKind = "read"     // the bytes can't be fetched or decoded
	FaultRecord   FaultKind = "record"   // the bytes are not what the item's record says: verification failed
	FaultAnalyzer FaultKind = "analyzer" // one analyzer did not get to the end
	FaultSource   FaultKind = "source"   // never collected, or only in part
)

// Fault is a reason why an item was not examined to its end.
type Fault struct {
	Kind     FaultKind
	Analyzer string // "" where no analyzer could read the item
	Reason   string
}

// Result is what the analyzers said of one item.
type Result struct {
	Findings []Finding // in an order that only depends on the item
	Faults   []Fault
	Events   Events // nil where there are none, or nobody asked
}

// Unscanned is one line of unscanned.jsonl: an item, or a part of a target,
// that was not examined to its end, and why.
type Unscanned struct {
	Format   string    `json:"format"`
	Bundle   string    `json:"bundle"`
	Seq      uint64    `json:"seq,omitempty"`
	Source   string    `json:"source,omitempty"`
	Path     string    `json:"path"` // of the item; the target's name where no item could be named
	PathB64  string    `json:"path_b64,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Size     int64     `json:"size,string"`
	Kind     FaultKind `json:"kind"`
	Analyzer string    `json:"analyzer,omitempty"`
	Reason   string    `json:"reason"`
}

// Summary adds up a sweep.
type Summary struct {
	Targets   int                        `json:"targets"`
	Items     int64                      `json:"items,string"`
	Bytes     int64                      `json:"bytes,string"` // of content
	Elapsed   time.Duration              `json:"-"`
	Seconds   float64                    `json:"seconds"`
	Workers   int                        `json:"workers"`
	Outcomes  map[evidence.Outcome]int64 `json:"outcomes,omitempty"`
	Findings  int64                      `json:"findings,string"`
	Flagged   int64                      `json:"items_with_findings,string"`
	Severity  map[Severity]int64         `json:"by_severity,omitempty"`
	Rules     map[string]int64           `json:"by_rule,omitempty"`    // "analyzer/rule"; at most SummaryRules
	MoreRules int64                      `json:"more_rules,omitempty"` // findings of rules beyond SummaryRules
	Events    int64                      `json:"events,string"`        // read out of items; 0 where nobody asked
	Unscanned int64                      `json:"unscanned_items,string"`
	Faults    map[FaultKind]int64        `json:"faults,omitempty"`
	Complete  bool                       `json:"complete"` // every target was read to its end
}

// SummaryRules bounds the rules that a Summary counts one by one.
const SummaryRules = 10000

// Progress is a snapshot of a running sweep. Totals are 0 while unknown.
type Progress struct {
	Items, TotalItems int64
	Bytes, TotalBytes int64
	Findings          int64
	Unscanned         int64
	Elapsed           time.Duration
}
