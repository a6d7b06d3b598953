package http1

import (
	"bytes"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// Body receives the body of one message, transfer coding removed.
type Body interface {
	Data(b []byte, at stream.Mark)
	Gap(n int64)
	// End is called once. whole says that all of the body arrived.
	End(whole bool)
}

// Exchange is what the two directions of a connection share: the requests
// that wait for their response.
type Exchange struct {
	Dropped int // requests beyond the bound on those waiting
	pending []*Message
	unsure  bool // messages are missing, nobody knows how many
}

// Missed says that bytes of one direction are missing which may have held whole
// messages. The next response is then taken to answer the last request before
// it: few clients send a request before the one before it is answered.
func (x *Exchange) Missed() { x.unsure = true }

// resync lets go of requests that the response at may not answer.
func (x *Exchange) resync(at stream.Mark) {
	n := 0
	for i, q := range x.pending {
		if q.At.Packet < at.Packet {
			n = i
		}
	}
	x.pending = append(x.pending[:0], x.pending[n:]...)
	x.unsure = false
}

// Report is called at the end of each head. The body goes to what it returns;
// nil drops it.
type Report func(*Message) Body

// Expecting returns the request that the next response answers, or nil.
func (x *Exchange) Expecting() *Message {
	if len(x.pending) == 0 {
		return nil
	}
	return x.pending[0]
}

func (x *Exchange) push(m *Message) {
	if len(x.pending) >= maxPending {
		x.Dropped++
		x.pending = x.pending[1:]
	}
	x.pending = append(x.pending, m)
}

func (x *Exchange) answer(m *Message) *Message {
	if x.unsure {
		x.resync(m.At)
	}
	q := x.Expecting()
	if q == nil {
		return nil
	}
	m.Method, m.URI, m.Host = q.Method, q.URI, q.Host
	if m.Status >= 200 || m.Status == 101 {
		x.pending = append(x.pending[:0], x.pending[1:]...)
	}
	return q
}

type state uint8

const (
	atStart state = iota
	inBody        // p.left bytes to come
	toClose       // body up to the end of the connection
	chunkSize
	chunkData
	chunkEnd
	trailer
	lost // out of step: not HTTP, or no longer
)

// Parser reads one direction.
type Parser struct {
	x      *Exchange
	report Report
	state  state
	head   []byte // of the message, chunk line or trailer being collected
	at     stream.Mark
	left   int64
	body   Body
	lines  int // bytes of trailer seen
	over   bool
	tunnel bool // lost because another protocol follows
}

// NewParser starts at the first byte of a message.
func NewParser(x *Exchange, report Report) *Parser { return &Parser{x: x, report: report} }

// NewRawParser reads an HTTP/0.9 response, which has no head.
func NewRawParser(x *Exchange, report Report, at stream.Mark) *Parser {
	p := &Parser{x: x, report: report}
	m := &Message{Version: "0.9", Length: -1, At: at}
	x.answer(m)
	p.body, p.state = report(m), toClose
	return p
}

// Lost reports that the stream is no longer understood; the parser ignores
// what follows. A new one may start at the next segment that Looks like HTTP.
func (p *Parser) Lost() bool { return p.state == lost }

// Over reports that a head was longer than is read.
func (p *Parser) Over() bool { return p.over }

// Held returns the bytes of memory in use, bodies not counted.
func (p *Parser) Held() int { return cap(p.head) }

// Looks reports whether b can be the start of a message. A lone word is taken
// for one in capitals only.
func Looks(b []byte) bool {
	return possible(b) && (upper(b) || bytes.IndexByte(b, ' ') >= 0 || bytes.HasPrefix(b, []byte("HTTP/")))
}

// possible reports whether b does not rule out that a message begins so.
func possible(b []byte) bool {
	if line, _, _ := bytes.Cut(b, []byte("\n")); bytes.IndexByte(line, 0) >= 0 {
		return false
	}
	if len(b) >= 5 && string(b[:5]) == "HTTP/" {
		return true
	}
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return len(b) > 0 && len(b) <= 32 && isToken(b)
	}
	return i > 0 && i <= 32 && isToken(b[:i]) && !bytes.Equal(b[:i], []byte("PRI"))
}

func upper(b []byte) bool { return bytes.Equal(bytes.ToUpper(b), b) }

// Data takes the next bytes. Where the parser is lost at a place at which a
// message should begin, it returns the bytes from there on: another protocol
// may begin there. They are fewer than b, unless earlier bytes were taken for
// the start of a head: then they are all of b, without those.
func (p *Parser) Data(b []byte, at stream.Mark) (rest []byte) {
	for first := true; len(b) > 0 && p.state != lost; first = false {
		switch p.state {
		case atStart:
			from, fresh := b, first && len(p.head) == 0
			b = p.start(b, at)
			switch {
			case p.state != lost:
			case p.tunnel:
				return b
			case !fresh && !p.over:
				return from
			}
		case inBody, chunkData:
			n := int(min(p.left, int64(len(b))))
			p.data(b[:n], at)
			b = b[n:]
			if p.left -= int64(n); p.left == 0 {
				p.bodyDone()
			}
		case toClose:
			p.data(b, at)
			b = nil
		default:
			b = p.line(b)
		}
	}
	return nil
}

func (p *Parser) data(b []byte, at stream.Mark) {
	if p.body != nil {
		p.body.Data(b, at)
	}
}

func (p *Parser) bodyDone() {
	if p.state == chunkData {
		p.state = chunkEnd
		return
	}
	p.finish(true)
	p.state = atStart
}

func (p *Parser) finish(whole bool) {
	if p.body != nil {
		p.body.End(whole)
	}
	p.body = nil
}

func (p *Parser) lose() {
	p.finish(false)
	p.state, p.head = lost, nil
}

// Gap says that n bytes are missing. Inside a body of known length they are
// counted off; anywhere else the place is lost.
func (p *Parser) Gap(n int64) {
	switch {
	case p.state == toClose, (p.state == inBody || p.state == chunkData) && n <= p.left:
		if p.body != nil {
			p.body.Gap(n)
		}
		if p.state != toClose {
			if p.left -= n; p.left == 0 {
				p.bodyDone()
			}
		}
	case p.state == lost:
	default:
		p.partial()
		p.lose()
	}
}

// Close says that the connection has ended, in order or not.
func (p *Parser) Close(orderly bool) {
	switch p.state {
	case toClose:
		p.finish(orderly)
	case atStart:
		p.partial()
	}
	p.lose()
}

// partial reports a head that will not be complete.
func (p *Parser) partial() {
	if p.state != atStart || len(p.head) == 0 {
		return
	}
	line, rest, ok := bytes.Cut(p.head, []byte("\n"))
	if !ok {
		return
	}
	if m := startLine(bytes.TrimRight(line, "\r")); m != nil {
		m.At, m.Partial = p.at, true
		if i := bytes.LastIndexByte(rest, '\n'); i >= 0 {
			m.fields(rest[:i])
		}
		p.begin(m)
	}
}

// start collects a head and returns what follows it. A head that is whole in b
// is not copied: there may be thousands in one segment.
func (p *Parser) start(b []byte, at stream.Mark) []byte {
	if len(p.head) == 0 {
		b = bytes.TrimLeft(b, "\r\n") // RFC 9112 section 2.2
		if len(b) == 0 {
			return nil
		}
		p.at = at
	}
	old := len(p.head)
	n := min(len(b), maxHead-old)
	head := b[:n]
	if old > 0 {
		p.head = append(p.head, head...)
		head = p.head
	}
	first := bytes.IndexByte(head, '\n')
	if first < 0 {
		if len(head) >= maxHead || !possible(head) {
			p.over = p.over || len(head) >= maxHead
			p.lose()
		} else {
			p.keep(head)
		}
		return b[n:]
	}
	m := startLine(bytes.TrimRight(head[:first], "\r"))
	if m == nil {
		p.lose()
		return nil
	}
	m.At = p.at
	end := first + 1
	if m.Version != "0.9" {
		end = headEnd(head, max(first, old-3))
	}
	if end < 0 {
		p.keep(head)
		if len(head) >= maxHead {
			p.over = true
			p.partial()
			p.lose()
		}
		return b[n:]
	}
	m.fields(head[first+1 : end])
	rest := b[end-old:]
	p.head = p.head[:0]
	if cap(p.head) > 4096 {
		p.head = nil
	}
	p.begin(m)
	return rest
}

// keep holds a head that is not whole, unless it is held already.
func (p *Parser) keep(head []byte) {
	if len(p.head) == 0 {
		p.head = append(p.head, head...)
	}
}

// headEnd finds the end of the blank line that closes a head.
func headEnd(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		if b[i] != '\n' {
			continue
		}
		switch {
		case i+1 < len(b) && b[i+1] == '\n':
			return i + 2
		case i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n':
			return i + 3
		}
	}
	return -1
}

// begin reports a message and sets up its body (RFC 9112 section 6.3).
func (p *Parser) begin(m *Message) {
	m.Range = m.Status == 206
	if m.Request {
		p.x.push(m)
	} else {
		p.x.answer(m)
	}
	if m.Transfer != "" && m.Length >= 0 {
		m.anomaly("length and transfer coding")
	}
	state, left := framing(m)
	body := p.report(m)
	if state == lost || state == atStart {
		if body != nil {
			body.End(true)
		}
		p.state, p.tunnel = state, state == lost
		return
	}
	p.body, p.state, p.left = body, state, left
}

func framing(m *Message) (state, int64) {
	switch {
	case m.Request && m.Method == "CONNECT", m.Status == 101:
		return lost, 0 // what follows is another protocol
	case !m.Request && m.Method == "CONNECT" && m.Status/100 == 2:
		return lost, 0
	case !m.Request && (m.Method == "HEAD" || m.Status/100 == 1 || m.Status == 204 || m.Status == 304):
		return atStart, 0
	case m.chunked():
		return chunkSize, 0
	case m.Length > 0 && m.Transfer == "":
		return inBody, m.Length
	case m.Length == 0 && m.Transfer == "", m.Request:
		return atStart, 0
	default:
		return toClose, 0
	}
}

// line collects chunk sizes, the line end after a chunk, and trailers.
func (p *Parser) line(b []byte) []byte {
	i := bytes.IndexByte(b, '\n')
	n := i + 1
	if i < 0 {
		n = len(b)
	}
	if len(p.head)+n > maxHead {
		p.over = true
		p.lose()
		return nil
	}
	p.head = append(p.head, b[:n]...)
	if i < 0 {
		return nil
	}
	line := bytes.TrimRight(p.head, "\r\n")
	switch p.state {
	case chunkSize:
		p.size(line)
	case chunkEnd:
		if len(line) != 0 {
			p.lose()
			return nil
		}
		p.state = chunkSize
	case trailer:
		p.lines += len(p.head)
		if len(line) == 0 {
			p.finish(true)
			p.state = atStart
		} else if p.lines > maxHead {
			p.over = true
			p.lose()
		}
	}
	p.head = p.head[:0]
	return b[n:]
}

// size reads a chunk's size; extensions after ";" are ignored.
func (p *Parser) size(line []byte) {
	hex, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(hex)), 16, 62)
	switch {
	case err != nil:
		p.lose()
	case n == 0:
		p.state, p.lines = trailer, 0
	default:
		p.state, p.left = chunkData, int64(n)
	}
}
