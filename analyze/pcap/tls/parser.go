package tls

import "encoding/binary"

// Bounds of the parser.
const (
	maxRecord    = 16384 + 2048 // RFC 5246 section 6.2.3
	maxHandshake = 128 << 10    // of one message that is kept
	maxMessages  = 64           // in the clear, a direction
	maxCerts     = 16
)

// Record types, RFC 8446 section 5.1.
const (
	recordChangeCipher = 20
	recordAlert        = 21
	recordHandshake    = 22
	recordData         = 23
)

// Handler receives what one direction of a connection shows.
type Handler struct {
	Client      func(*ClientHello)
	Server      func(*ServerHello)
	Certificate func(der []byte, position int) // position 0 is the server's own
}

// Looks reports whether b (at least 6 bytes, or what there is) can be the
// start of a TLS stream with a hello.
func Looks(b []byte) bool {
	if len(b) > 0 && b[0] != recordHandshake || len(b) > 1 && b[1] != 3 || len(b) > 2 && b[2] > 4 {
		return false
	}
	if len(b) > 4 {
		if n := binary.BigEndian.Uint16(b[3:]); n == 0 || n > maxRecord {
			return false
		}
	}
	return len(b) < 6 || b[5] == typeClientHello || b[5] == typeServerHello
}

// Parser reads one direction of a TLS connection in pieces of any size.
type Parser struct {
	h        Handler
	head     []byte // record header being collected
	kind     byte
	left     int // bytes of the current record still to come
	msg      []byte
	messages int
	done     bool
	over     bool
}

// NewParser returns a parser that reports to h; its fields may be nil.
func NewParser(h Handler) *Parser { return &Parser{h: h} }

// Done reports whether nothing more can be read in the clear.
func (p *Parser) Done() bool { return p.done }

// Over reports whether a handshake message was too long, or there were too
// many, to be read: a limit was hit.
func (p *Parser) Over() bool { return p.over }

// Held returns the bytes of memory in use.
func (p *Parser) Held() int { return cap(p.msg) }

// Data takes the next bytes of the stream.
func (p *Parser) Data(b []byte) {
	for len(b) > 0 && !p.done {
		if p.left == 0 {
			n := min(5-len(p.head), len(b))
			p.head = append(p.head, b[:n]...)
			b = b[n:]
			if len(p.head) < 5 {
				return
			}
			p.record()
			continue
		}
		n := min(p.left, len(b))
		if p.kind == recordHandshake {
			p.handshake(b[:n])
		}
		p.left -= n
		b = b[n:]
	}
	if p.done {
		p.msg = nil
	}
}

// Gap ends the parser: without record boundaries nothing can be trusted.
func (p *Parser) Gap() { p.done, p.msg = true, nil }

func (p *Parser) record() {
	p.kind, p.left = p.head[0], int(binary.BigEndian.Uint16(p.head[3:]))
	if p.head[1] != 3 || p.kind < recordChangeCipher || p.kind >= recordData || p.left > maxRecord {
		p.done = true // application data, or no TLS at all
	}
	p.head = p.head[:0]
}

// handshake collects messages, which need not keep to record boundaries.
func (p *Parser) handshake(b []byte) {
	p.msg = append(p.msg, b...)
	for len(p.msg) >= 4 && !p.done {
		n := int(p.msg[1])<<16 | int(p.msg[2])<<8 | int(p.msg[3])
		if n > maxHandshake {
			// Either encrypted, where the length means nothing, or over the
			// limit, where the type is one of those that are read.
			p.over = p.messages == 0 || p.msg[0] == typeCertificate
			p.done = true
			return
		}
		if len(p.msg) < 4+n {
			return
		}
		if !p.message(p.msg[0], p.msg[4:4+n]) {
			p.done = true
			return
		}
		p.msg = append(p.msg[:0], p.msg[4+n:]...)
		if p.messages++; p.messages >= maxMessages {
			p.done, p.over = true, true
		}
	}
}

// message reads one handshake message; false where it makes no sense, as when
// it is encrypted.
func (p *Parser) message(kind byte, b []byte) bool {
	switch kind {
	case typeClientHello:
		h, err := ParseClientHello(b)
		if h == nil {
			return false
		}
		if p.h.Client != nil {
			p.h.Client(h)
		}
		return err == nil
	case typeServerHello:
		h, err := parseServerHello(b)
		if err == nil && p.h.Server != nil {
			p.h.Server(h)
		}
		return err == nil
	case typeCertificate:
		p.certificates(b)
	}
	return kind <= 24 || kind == 67 || kind == 254
}

// certificates reads the list of TLS 1.0 to 1.2 (RFC 5246 section 7.4.2).
func (p *Parser) certificates(b []byte) {
	list := &reader{b: (&reader{b: b}).vector(3)}
	for i := 0; len(list.b) > 0 && i < maxCerts; i++ {
		der := list.vector(3)
		if list.bad {
			return
		}
		if p.h.Certificate != nil && len(der) > 0 {
			p.h.Certificate(der, i)
		}
	}
}
