package analyze

import (
	"context"
	"io"

	"github.com/hozen-dfir/hozen/evidence"
)

// Subject is one item under examination: its record and its bytes. The bytes
// are hostile. Body is nil for items without content.
type Subject struct {
	Bundle string          // bundle id, or "" for loose files
	Record evidence.Record // merged over parts: Size and SHA256 are those of the whole
	Size   int64
	// Body reads the decoded bytes, concurrently if wanted. It may decode on
	// demand; sequential access is fast.
	Body io.ReaderAt
	// Bytes returns the whole content where it is no larger than limit, and
	// nil otherwise. The slice is shared: never write to it.
	Bytes func(limit int64) ([]byte, error)
	// Event takes facts read out of the item. It is nil where nobody asked.
	Event func(Event)
}

// Analyzer examines items. It is built once per worker process from its
// configuration and used by one goroutine at a time. A panic, a hang or too
// much memory costs the item, not the sweep.
type Analyzer interface {
	Name() string // "yara", "ioc", "pcap"
	// Wants says from the record alone whether Examine should see the item.
	Wants(evidence.Record) bool
	// Examine reports what it finds. An error means that the item, or the
	// part of it that this analyzer reads, was not examined to the end;
	// findings reported before stand. It honours ctx.
	Examine(ctx context.Context, s *Subject, report func(Finding)) error
}

// Derived is content found inside an item: a carved HTTP body, a reassembled
// stream. Analyzers that produce such content offer it to the others through
// the Deriver they were built with; Where is copied to the findings in it.
type Derived struct {
	Name  string // e.g. "http/body"
	Where Where
	Bytes []byte
}

// Deriver hands derived content to every analyzer but the one that made it.
type Deriver func(ctx context.Context, parent *Subject, d Derived) error
