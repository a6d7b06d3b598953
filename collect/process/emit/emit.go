// Package emit makes the items of the built-in artifacts: JSON documents and
// JSON lines about the live host, raw bytes of kernel files, outcomes of what
// could not be had, and observations.
//
// An observation is a fact that a collector noticed while comparing views of
// the host; it judges nothing (collect.Observe).
package emit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// inMemory is the most that one item may hold in memory on its way to the sink.
const inMemory = 256 << 10

// ErrCut marks an item that was cut at its bound.
var ErrCut = errors.New("cut at its bound")

// Emitter makes the items of one artifact. It is safe for concurrent use.
type Emitter struct {
	sink     evidence.Sink
	source   string
	artifact string

	mu       sync.Mutex
	observed map[string]int // observations so far, by kind
}

// New returns an emitter for one run of an artifact.
func New(src collect.Source, sink evidence.Sink, artifact string) *Emitter {
	return &Emitter{sink: sink, source: src.Info().Name, artifact: artifact, observed: map[string]int{}}
}

// Record returns the draft of an item's record. method says how it is read:
// procfs, netlink, packet socket.
func (e *Emitter) Record(path, method string) evidence.Record {
	r := evidence.Record{Source: e.source, Method: method, Artifacts: []string{e.artifact}, Stat: evidence.Stat{Type: evidence.TypeStream}}
	r.SetPath(path)
	return r
}

// Bytes adds an item whose bytes are in memory.
func (e *Emitter) Bytes(ctx context.Context, path, method string, b []byte) error {
	r := e.Record(path, method)
	r.Began = evidence.At(time.Now())
	return e.sink.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(b)})
}

// JSON adds v as one JSON document that ends in a newline.
func (e *Emitter) JSON(ctx context.Context, path, method string, v any) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	return e.Bytes(ctx, path, method, b)
}

// Copy adds the bytes of rd, at most limit of them. Short content goes through
// memory, long content through a stream. What is cut, and what ends in an
// error, is marked partial.
func (e *Emitter) Copy(ctx context.Context, path, method string, rd io.Reader, limit int64) error {
	head, err := io.ReadAll(io.LimitReader(rd, min(limit, inMemory)+1))
	if err == nil && len(head) <= inMemory && int64(len(head)) <= limit {
		return e.Bytes(ctx, path, method, head)
	}
	if err != nil && len(head) == 0 {
		return e.Outcome(ctx, path, method, err, nil)
	}
	st, serr := e.sink.Stream(ctx, e.Record(path, method))
	if serr != nil {
		return serr
	}
	if err == nil {
		rd = io.MultiReader(bytes.NewReader(head), rd)
	} else {
		rd = bytes.NewReader(head) // what came before the error
	}
	cause, werr := pump(st, rd, limit)
	if werr != nil {
		return errors.Join(werr, st.Close(context.WithoutCancel(ctx), nil, werr))
	}
	return st.Close(context.WithoutCancel(ctx), nil, errors.Join(err, cause))
}

// pump copies and keeps apart why reading ended early and why writing failed.
func pump(w io.Writer, rd io.Reader, limit int64) (cause, werr error) {
	buf := make([]byte, 64<<10)
	for limit > 0 {
		n, err := rd.Read(buf[:min(limit, int64(len(buf)))])
		if _, werr = w.Write(buf[:n]); werr != nil {
			return nil, werr
		}
		limit -= int64(n)
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return err, nil
		}
	}
	if n, _ := rd.Read(buf[:1]); n > 0 {
		return ErrCut, nil
	}
	return nil, nil
}

// Outcome adds an item that has no bytes: err says why.
func (e *Emitter) Outcome(ctx context.Context, path, method string, err error, details map[string]string) error {
	r := e.Record(path, method)
	r.Outcome, r.Details, r.Began = evidence.OutcomeOf(err), details, evidence.At(time.Now())
	if r.Outcome == evidence.Skipped {
		r.Reason = err.Error()
	} else {
		r.Error = err.Error()
	}
	return e.sink.Add(ctx, evidence.Item{Record: r})
}

// Add adds an item made by the caller.
func (e *Emitter) Add(ctx context.Context, it evidence.Item) error { return e.sink.Add(ctx, it) }

// Pace waits until n bytes more may have been read; see collect.Pacer.
func (e *Emitter) Pace(n int) error { return collect.Pace(e.sink, n) }

// Stream begins an item that grows.
func (e *Emitter) Stream(ctx context.Context, path, method string) (evidence.Stream, error) {
	return e.sink.Stream(ctx, e.Record(path, method))
}

// Lines is an item of JSON lines that grows. Not safe for concurrent use.
type Lines struct {
	st  evidence.Stream
	buf bytes.Buffer
	n   int
}

// Lines begins an item of JSON lines.
func (e *Emitter) Lines(ctx context.Context, path, method string) (*Lines, error) {
	st, err := e.Stream(ctx, path, method)
	return &Lines{st: st}, err
}

// Put appends v as one line.
func (l *Lines) Put(v any) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("encoding a line: %w", err)
	}
	l.n++
	l.buf.Write(b)
	if l.buf.Len() < 64<<10 {
		return nil
	}
	return l.flush()
}

func (l *Lines) flush() error {
	_, err := l.st.Write(l.buf.Bytes())
	l.buf.Reset()
	return err
}

// Close ends the item, with the number of its lines in its details. It works
// after ctx has ended, for what was taken is to be kept; a non-nil cause marks
// the item partial.
func (l *Lines) Close(ctx context.Context, details map[string]string, cause error) error {
	all := map[string]string{"lines": fmt.Sprint(l.n)}
	maps.Copy(all, details)
	err := l.flush()
	return errors.Join(err, l.st.Close(context.WithoutCancel(ctx), all, errors.Join(cause, err)))
}

// encode is compact JSON with a newline, without HTML escapes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
