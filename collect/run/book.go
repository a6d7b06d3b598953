package run

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// maxWaiting bounds the lines that wait to be written, but for those of items
// that the sink has in hand: a sink's callback must not wait.
const maxWaiting = 8192

// batch is how long lines gather before they are written.
const batch = 5 * time.Millisecond

// book writes the ledger's lines into its stream, on a goroutine of its own.
type book struct {
	mu      sync.Mutex
	changed *sync.Cond
	lines   []collect.Line
	closed  bool
	err     error
	stream  evidence.Stream
	done    chan struct{}
}

// openBook begins the ledger.
func openBook(ctx context.Context, sink evidence.Sink) (*book, error) {
	r := evidence.Record{Source: collect.Own, Path: "/ledger.jsonl", Method: collect.Own}
	r.Type = evidence.TypeStream
	s, err := sink.Stream(context.WithoutCancel(ctx), r)
	if err != nil {
		return nil, err
	}
	b := &book{stream: s, done: make(chan struct{})}
	b.changed = sync.NewCond(&b.mu)
	go b.run()
	return b, nil
}

// wait returns when there is room for more lines.
func (b *book) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.lines) > maxWaiting && b.err == nil && !b.closed {
		b.changed.Wait()
	}
}

// put queues a line. It does not block.
func (b *book) put(l collect.Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.err != nil {
		return
	}
	b.lines = append(b.lines, l)
	if len(b.lines) == 1 {
		b.changed.Broadcast()
	}
}

func (b *book) run() {
	defer close(b.done)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for {
		lines, more := b.next()
		for len(lines) > 0 {
			n := min(len(lines), 256)
			buf.Reset()
			for _, l := range lines[:n] {
				_ = enc.Encode(l) // plain fields: it can't fail
			}
			lines = lines[n:]
			if _, err := b.stream.Write(buf.Bytes()); err != nil {
				b.fail(err)
				return
			}
		}
		if !more {
			return
		}
		time.Sleep(batch) // waking up for every line costs more than the line
	}
}

// next takes the lines that wait; more is false at the end.
func (b *book) next() (lines []collect.Line, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.lines) == 0 && !b.closed {
		b.changed.Wait()
	}
	lines, b.lines = b.lines, nil
	b.changed.Broadcast()
	return lines, !b.closed
}

func (b *book) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err, b.lines = err, nil
	b.changed.Broadcast()
}

// close writes what waits and ends the stream.
func (b *book) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.changed.Broadcast()
	b.mu.Unlock()
	<-b.done
	err := b.stream.Close(context.WithoutCancel(ctx), map[string]string{"format": collect.LedgerFormat}, nil)
	if b.err != nil {
		return b.err
	}
	return err
}
