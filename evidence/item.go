package evidence

import (
	"context"
	"errors"
	"io"
	"io/fs"
)

// Item is one piece of evidence on its way from a source to a sink.
type Item struct {
	// Record is the draft: source, path, artifacts, method and Stat, and an
	// Outcome where the item has no content to read. The sink fills in
	// sequence number, salt, sizes, digests, times of reading and, after
	// reading, the outcome.
	Record Record

	// Open begins the one pass over the bytes; nil when there are none to
	// read. An error becomes the outcome that OutcomeOf gives it.
	Open func(context.Context) (Content, error)

	// Done, where set, is called once, after the item is in a segment, with
	// the final record (of the last part). It must not block or call the sink.
	Done func(Record)
}

// Content is the bytes of one item. Read returns io.EOF at the end and any
// other error only where reading can't go on; ranges that were skipped are
// filled with zeros and reported by Finish.
type Content interface {
	io.ReadCloser
	// Finish is called once, after the last Read and before Close.
	Finish() Finish
}

// Finish is what a source knows once an item's bytes have been read.
type Finish struct {
	After    *Stat   // stat after reading; nil where the source can't tell
	Changed  bool    // the source saw the item change while it was read
	Lost     []Range // runs filled with zeros
	LostMore bool    // Lost is cut short; its last range reaches to the last lost byte
	// Details are facts that only reading brought to light (the length of a
	// sparse head that was left out, say), for Record.Details.
	Details map[string]string
}

// ErrBudget marks errors from a budget (size, time): the outcome is skipped.
var ErrBudget = errors.New("budget used up")

// OutcomeOf classifies the error of an attempt to reach or open an item.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Collected
	case errors.Is(err, ErrBudget):
		return Skipped
	case errors.Is(err, fs.ErrNotExist):
		return Missing
	case errors.Is(err, fs.ErrPermission):
		return Denied
	default:
		return Failed
	}
}

// Sink takes items on their one way into a bundle. It is safe for concurrent
// use; items keep the order of their Add calls.
type Sink interface {
	// Add hands an item over and returns once it is queued. An error means
	// that the sink itself is broken (disk full, store gone): nothing more
	// can be taken. Trouble with the item ends in its record, not here.
	Add(ctx context.Context, it Item) error
	// Stream begins an item that grows while the collection runs (packets,
	// a ledger). Its bytes are sealed at least every few seconds.
	Stream(ctx context.Context, r Record) (Stream, error)
}

// Flusher is a sink that can seal what it holds before its time. A collection
// asks for it at the end of each artifact, so that the most volatile evidence
// is safe before the next is looked at.
type Flusher interface {
	// Flush begins to seal what was added, where it is worth a segment of its
	// own. It does not wait.
	Flush(ctx context.Context) error
}

// Stream is an item that is written rather than read. Not safe for concurrent
// use. Write may block until earlier bytes are on their way.
type Stream interface {
	io.Writer
	// Close ends the item. details are added to its last record (drop
	// counters and the like); a non-nil cause marks it partial.
	Close(ctx context.Context, details map[string]string, cause error) error
}

// Bytes returns content for bytes that are already in memory.
func Bytes(b []byte) func(context.Context) (Content, error) {
	return func(context.Context) (Content, error) { return &memory{b: b}, nil }
}

type memory struct{ b []byte }

func (m *memory) Read(p []byte) (int, error) {
	if len(m.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.b)
	m.b = m.b[n:]
	return n, nil
}
func (m *memory) Close() error   { return nil }
func (m *memory) Finish() Finish { return Finish{} }
