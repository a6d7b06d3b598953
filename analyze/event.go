package analyze

import (
	"encoding/json"
	"iter"

	"github.com/hozen-dfir/hozen/evidence"
)

// EventFormat names the format of one line of events.jsonl.
const EventFormat = "hozen-event/1"

// Event is a fact that an analyzer read out of an item, with the time at which
// it happened: a flow, a DNS answer. It judges nothing, and holds nothing that
// differs between two runs over the same input.
type Event struct {
	Format   string          `json:"format"`
	Bundle   string          `json:"bundle"`        // bundle id, or "" for loose files
	Seq      uint64          `json:"seq,omitempty"` // of the item in its bundle
	Source   string          `json:"source,omitempty"`
	Path     string          `json:"path"`
	PathB64  string          `json:"path_b64,omitempty"`
	Analyzer string          `json:"analyzer"`
	Kind     string          `json:"kind"`            // as the analyzer's package says
	Time     evidence.Time   `json:"time,omitzero"`   // zero where the item does not tell
	Text     string          `json:"text"`            // one line for a person
	Facts    json.RawMessage `json:"facts,omitempty"` // one object, its fields as the kind has them
}

// Events are those of one item, in the order in which it was read. An error
// says that the rest can't be had.
type Events = iter.Seq2[Event, error]
