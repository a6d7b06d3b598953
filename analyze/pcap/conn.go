package pcap

import (
	"github.com/hozen-dfir/hozen/analyze/pcap/decode"
	"github.com/hozen-dfir/hozen/analyze/pcap/http1"
	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// conn is the state of one TCP connection.
type conn struct {
	f          *flow
	a          *analysis
	dirs       [2]direction
	x          http1.Exchange
	held       int // bytes accounted for in analysis.mem
	prev, next *conn
}

// direction is one way of a connection. It implements stream.Sink.
type direction struct {
	half stream.Half
	win  window
	app  app
	c    *conn
	i    int
	over bool // the end was told, and nothing came after it

	stray   *direction // what came aside, read on its own so that it spoils nothing
	aside   bool       // this is such a one
	strange http1.Exchange
}

// connList orders connections by last use.
type connList struct{ ring conn }

func (l *connList) init() { l.ring.prev, l.ring.next = &l.ring, &l.ring }

func (l *connList) unlink(c *conn) {
	if c.prev != nil {
		c.prev.next, c.next.prev = c.next, c.prev
		c.prev, c.next = nil, nil
	}
}

func (l *connList) append(c *conn) {
	c.prev, c.next = l.ring.prev, &l.ring
	c.prev.next, l.ring.prev = c, c
}

func (a *analysis) newConn(f *flow) *conn {
	c := &conn{f: f, a: a}
	for i := range c.dirs {
		c.dirs[i].c, c.dirs[i].i = c, i
	}
	f.conn = c
	return c
}

// renewed reports whether a SYN begins another connection: it has another
// number, or this connection had ended. A client may choose the number again to
// pass its new bytes off as retransmitted ones.
func (c *conn) renewed(side int, seq uint32) bool {
	return c.dirs[side].half.NewConnection(seq) || c.dirs[0].half.Finished() && c.dirs[1].half.Finished()
}

// segment takes one TCP segment.
func (a *analysis) segment(f *flow, dir int, d *decode.Datagram, at Mark) {
	if d.Flags&flagRST != 0 { // noted in the flags; a forged one must not end the inspection
		a.stats.TCP.AfterEnd += int64(len(d.Payload))
		return
	}
	c := f.conn
	if c == nil {
		c = a.newConn(f)
	}
	x := &c.dirs[dir]
	if d.Flags&flagSYN != 0 && x.half.Misplaced(d.Seq) {
		x.restart()
	}
	conflicts, gaps := a.stats.TCP.Conflicts, a.stats.TCP.Gaps
	x.half.Add(stream.Segment{
		Seq: d.Seq, SYN: d.Flags&flagSYN != 0, FIN: d.Flags&flagFIN != 0,
		Data: d.Payload, Lost: d.Lost, At: at,
	}, x.win.buf, x, &a.stats.TCP)
	for x.half.Waiting() > a.opts.MaxWaiting {
		x.half.SkipGap(true, x, &a.stats.TCP)
	}
	if y := &c.dirs[1-dir]; x.half.Finished() && y.half.Finished() {
		x.end(true)
		y.end(true)
	}
	f.Conflicts += a.stats.TCP.Conflicts - conflicts
	f.Gaps += a.stats.TCP.Gaps - gaps
	a.account(c)
	for a.mem > a.opts.MaxMemory && a.busy.ring.next != &a.busy.ring {
		a.relieve(a.busy.ring.next)
	}
}

// account updates what c holds and its place among the busy connections.
func (a *analysis) account(c *conn) {
	held := 0
	for i := range c.dirs {
		d := &c.dirs[i]
		held += d.half.Waiting() + cap(d.win.buf) + d.app.held()
		if s := d.stray; s != nil {
			held += cap(s.win.buf) + s.app.held()
		}
	}
	a.mem += held - c.held
	c.held = held
	a.busy.unlink(c)
	if held > 0 {
		a.busy.append(c)
	}
}

// relieve frees memory of the connection that was idle longest: first its
// stream windows, then all of it.
func (a *analysis) relieve(c *conn) {
	before := c.held
	for i := range c.dirs {
		c.dirs[i].emit(true)
		if s := c.dirs[i].stray; s != nil {
			s.emit(true)
		}
	}
	a.account(c)
	if a.mem <= a.opts.MaxMemory || c.held < before {
		return
	}
	a.stats.StreamsCut++
	c.f.Cut = true
	a.drop(c)
}

// drop ends a connection: what waits is delivered with its gaps, messages end
// as they are. The flow stays; its next segment begins anew.
func (a *analysis) drop(c *conn) {
	gaps := a.stats.TCP.Gaps
	for i := range c.dirs {
		d := &c.dirs[i]
		d.half.Flush(d, &a.stats.TCP)
		d.end(d.half.Finished())
		if d.stray != nil {
			d.stray.end(false)
		}
	}
	c.f.Gaps += a.stats.TCP.Gaps - gaps
	a.stats.RequestsCut += c.x.Dropped
	a.mem -= c.held
	a.busy.unlink(c)
	c.f.conn = nil
}

// Data implements stream.Sink.
func (d *direction) Data(b []byte, at Mark) {
	d.over = false
	d.window(b, at)
	d.detect(b, at)
}

// Gap implements stream.Sink.
func (d *direction) Gap(n int64, at Mark) {
	d.emit(true)
	d.win, d.over = window{off: d.win.off + n}, false
	d.app.gap(n)
	if d.app.http == nil { // requests may be missing as well
		d.exchange().Missed()
	}
}

// Aside implements stream.Sink.
func (d *direction) Aside(b []byte, more bool, at Mark) {
	if d.stray == nil {
		d.stray = &direction{c: d.c, i: d.i, aside: true}
	}
	if !more {
		d.stray.end(false)
		d.stray.app, d.stray.win = app{}, window{}
	}
	d.stray.Data(b, at)
}

// restart forgets all but what is aside; what waits is delivered first.
func (d *direction) restart() {
	st := &d.c.a.stats.TCP
	st.Resyncs++
	d.half.Flush(d, st)
	d.end(false)
	d.half, d.app, d.win = stream.Half{}, app{}, window{}
}

// exchange is that of the connection; what came aside has one of its own.
func (d *direction) exchange() *http1.Exchange {
	if d.aside {
		return &d.strange
	}
	return &d.c.x
}

func (d *direction) end(orderly bool) {
	if d.over {
		return
	}
	d.over = true
	d.app.close(orderly, &d.c.a.stats)
	d.emit(true)
}
