package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// Lines writes compact JSON objects, one a line. Not safe for concurrent use.
type Lines struct {
	w   *bufio.Writer
	enc *json.Encoder
	n   int64
}

// NewLines writes to w, buffered: Flush at the end.
func NewLines(w io.Writer) *Lines {
	b := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return &Lines{w: b, enc: enc}
}

// Add writes one object.
func (l *Lines) Add(v any) error {
	l.n++
	if err := l.enc.Encode(v); err != nil {
		return fmt.Errorf("write line %d: %w", l.n, err)
	}
	return nil
}

// Count returns how many objects were written.
func (l *Lines) Count() int64 { return l.n }

// Flush writes what is buffered.
func (l *Lines) Flush() error { return l.w.Flush() }
