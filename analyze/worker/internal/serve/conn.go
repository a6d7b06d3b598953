package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// queue bounds the items that a parent may send ahead.
const queue = 64

// Frames of items up to spareSize are used again, spareFrames of them.
const (
	spareFrames = 8
	spareSize   = 512 << 10
)

// Answers are sent in batches, as each wakes the parent: at once when at most
// lowItems items wait here, else within answerAge.
const (
	lowItems  = 8
	answerAge = 10 * time.Millisecond
)

var errOverrun = errors.New("the parent sends more than was asked for")

// conn is the worker's end of the pipes. One goroutine reads all the time, so
// that the death of the parent is noticed while an analyzer works.
type conn struct {
	r       *bufio.Reader
	mu      sync.Mutex // guards w
	w       *bufio.Writer
	late    *time.Timer // flushes answers that waited for company
	items   chan *wire.ItemMsg
	blocks  chan wire.BlockMsg
	current atomic.Uint64 // item whose blocks are wanted
	spare   chan []byte   // memory of items that are done
	gone    chan struct{} // closed when reading ends
	err     error         // why, once gone is closed
}

func newConn(in io.Reader, out io.Writer) *conn {
	c := &conn{
		r: bufio.NewReaderSize(in, 256<<10), w: bufio.NewWriterSize(out, 64<<10),
		items: make(chan *wire.ItemMsg, queue), blocks: make(chan wire.BlockMsg, 4*MaxNeed),
		gone: make(chan struct{}), spare: make(chan []byte, spareFrames),
	}
	c.late = time.AfterFunc(time.Hour, c.flush)
	c.late.Stop()
	return c
}

// answer writes one result, which reaches the parent soon: an item that hangs
// must not hold back the answers before it.
func (c *conn) answer(payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.w.Buffered() == 0
	if err := wire.Write(c.w, wire.Result, payload, nil); err != nil {
		return err
	}
	if len(c.items) <= lowItems {
		return c.w.Flush()
	}
	if first {
		c.late.Reset(answerAge)
	}
	return nil
}

// flush sends what waits. An error stays with the writer, for the next answer.
func (c *conn) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.w.Flush()
}

// send writes and flushes one frame.
func (c *conn) send(t wire.Type, head, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := wire.Write(c.w, t, head, body); err != nil {
		return err
	}
	return c.w.Flush()
}

func (c *conn) sendJSON(t wire.Type, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.send(t, b, nil)
}

// read runs until the parent closes the pipe; ended is called with the reason.
func (c *conn) read(ended func(error)) {
	for {
		t, b, err := wire.ReadInto(c.r, wire.MaxFrame, c.buffer)
		if err == nil {
			err = c.dispatch(t, b)
		}
		if err != nil {
			c.err = err
			close(c.gone)
			ended(err)
			return
		}
	}
}

// buffer provides memory for a payload.
func (c *conn) buffer(n int) []byte {
	if n <= spareSize {
		select {
		case b := <-c.spare:
			if cap(b) >= n {
				return b[:n]
			}
		default:
		}
	}
	return make([]byte, n, n+n/4)
}

// done gives an item's memory back.
func (c *conn) done(m *wire.ItemMsg) {
	if cap(m.Frame) > spareSize {
		return
	}
	select {
	case c.spare <- m.Frame:
	default:
	}
}

func (c *conn) dispatch(t wire.Type, b []byte) error {
	switch t {
	case wire.Item:
		m, err := wire.DecodeItem(b)
		if err != nil {
			return err
		}
		select {
		case c.items <- m:
			return nil
		default:
			return errOverrun
		}
	case wire.Block:
		m, err := wire.DecodeBlock(b)
		if err != nil || m.ID != c.current.Load() {
			return err // of an item that is done: nobody waits for it
		}
		select {
		case c.blocks <- m:
			return nil
		default:
			return errOverrun
		}
	}
	return fmt.Errorf("%w: type %q", wire.ErrFrame, t)
}

// begin makes id the item whose blocks are wanted.
func (c *conn) begin(id uint64) {
	c.current.Store(id)
	for {
		select {
		case <-c.blocks:
		default:
			return
		}
	}
}

func (c *conn) need(id uint64, i int) error {
	return c.send(wire.Need, wire.NeedMsg{ID: id, I: i}.Encode(), nil)
}

// events sends a piece of an item's events.
func (c *conn) events(id uint64, events []byte) error {
	return c.send(wire.Events, wire.EventsHead(id), events)
}

// block waits for the next block of item id.
func (c *conn) block(ctx context.Context, id uint64) (wire.BlockMsg, error) {
	for {
		select {
		case m := <-c.blocks:
			if m.ID == id {
				return m, nil
			}
		case <-c.gone:
			return wire.BlockMsg{}, c.err
		case <-ctx.Done():
			return wire.BlockMsg{}, context.Cause(ctx)
		}
	}
}
