package quic

import (
	"bytes"
	"encoding/binary"
)

// Bounds of a parser.
const (
	maxHello   = 16 << 10 // bytes of the crypto stream that are kept
	maxPackets = 64       // of one client that are looked at
	maxID      = 20       // bytes of a connection id, RFC 9000 section 17.2
)

// Initial reports whether b begins with the Initial packet of a version that is
// known here: nothing that costs time is done to tell.
func Initial(b []byte) bool {
	_, ok := initial(b)
	return ok
}

func initial(b []byte) (version, bool) {
	if len(b) < 7 || b[0]&0xc0 != 0xc0 {
		return version{}, false
	}
	v, ok := versionOf(binary.BigEndian.Uint32(b[1:]))
	return v, ok && b[0]>>4&3 == v.initial
}

// Parser collects the hello from the datagrams that a client sends.
type Parser struct {
	id      []byte // destination connection id of the first packet
	buf     []byte // the crypto stream
	have    []bool // which of its bytes are there
	whole   int    // how many are there from its start on
	packets int
	over    bool
	opened  bool
}

// Held returns the bytes of memory in use.
func (p *Parser) Held() int { return cap(p.buf) + cap(p.have) }

// Over reports that there was more of the hello than is kept, or that too many
// packets did not show all of it.
func (p *Parser) Over() bool { return p.over }

// Opened reports whether a packet could be opened: the flow is QUIC.
func (p *Parser) Opened() bool { return p.opened }

// Datagram takes a datagram, in which packets may follow one another (RFC 9000
// section 12.2). It returns the hello's handshake message without its header
// once it is whole.
func (p *Parser) Datagram(b []byte) []byte {
	for len(b) > 0 && p.packets <= maxPackets {
		packet, pn, rest, ok := split(b)
		if !ok {
			return nil
		}
		if p.packets++; p.packets > maxPackets {
			p.over = p.over || p.opened
			return nil
		}
		frames, ok := p.open(packet, pn)
		if p.opened = p.opened || ok; !p.opened {
			return nil // no client's: it would open from the first packet on
		}
		p.frames(frames)
		if m := p.hello(); m != nil {
			return m
		}
		b = rest
	}
	return nil
}

// split finds the Initial packet that b begins with, and where in it the
// packet number stands.
func split(b []byte) (packet []byte, pn int, rest []byte, ok bool) {
	if !Initial(b) {
		return nil, 0, nil, false
	}
	r := &reader{b: b[5:]}
	r.take(uint64(r.byte())) // destination
	r.take(uint64(r.byte())) // source
	r.take(r.varint())       // token
	n, at := r.varint(), len(b)-len(r.b)
	if r.take(n); r.bad {
		return nil, 0, nil, false
	}
	end := len(b) - len(r.b)
	return b[:end], at, b[end:], true
}

// open tries the keys of the packet's own connection id, which are right for a
// first packet, and those of the first packet's: later ones carry an id that
// the server chose.
func (p *Parser) open(packet []byte, pn int) ([]byte, bool) {
	v, _ := initial(packet)
	id := packet[6 : 6+int(packet[5])]
	if len(id) > maxID {
		return nil, false
	}
	for _, id := range [][]byte{id, p.id} {
		if id == nil {
			continue
		}
		k, err := clientKeys(v, id)
		if err != nil {
			return nil, false
		}
		if frames, ok := k.open(packet, pn); ok {
			if p.id == nil {
				p.id = bytes.Clone(id)
			}
			return frames, true
		}
	}
	return nil, false
}

// Frame types that an Initial packet may have (RFC 9000 section 12.4).
const (
	framePadding = 0
	framePing    = 1
	frameAck     = 2
	frameAckECN  = 3
	frameCrypto  = 6
)

func (p *Parser) frames(b []byte) {
	for r := (&reader{b: b}); len(r.b) > 0 && !r.bad; {
		switch kind := r.byte(); kind {
		case framePadding, framePing:
		case frameAck, frameAckECN:
			r.varint()
			r.varint()
			n := r.varint()
			for r.varint(); n > 0 && !r.bad; n-- {
				r.varint()
				r.varint()
			}
			if kind == frameAckECN {
				r.varint()
				r.varint()
				r.varint()
			}
		case frameCrypto:
			at := r.varint()
			if data := r.take(r.varint()); !r.bad {
				p.crypto(at, data)
			}
		default: // the end of the connection, or nothing that belongs here
			return
		}
	}
}

// crypto puts bytes of the crypto stream in their place; the first stand.
func (p *Parser) crypto(at uint64, data []byte) {
	if at > maxHello || at+uint64(len(data)) > maxHello {
		p.over = true
		return
	}
	if end := int(at) + len(data); end > len(p.buf) {
		p.buf = append(p.buf, make([]byte, end-len(p.buf))...)
		p.have = append(p.have, make([]bool, end-len(p.have))...)
	}
	for i, c := range data {
		if n := int(at) + i; !p.have[n] {
			p.buf[n], p.have[n] = c, true
		}
	}
	for p.whole < len(p.have) && p.have[p.whole] {
		p.whole++
	}
}

// hello returns the first handshake message where it is whole and is one.
func (p *Parser) hello() []byte {
	const clientHello = 1
	if p.whole < 4 {
		return nil
	}
	n := int(p.buf[1])<<16 | int(p.buf[2])<<8 | int(p.buf[3])
	if p.buf[0] != clientHello || p.whole < 4+n {
		return nil
	}
	return p.buf[4 : 4+n]
}

// reader walks a packet; once it fails it stays failed.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// varint reads a number whose first two bits tell its length (RFC 9000 section 16).
func (r *reader) varint() uint64 {
	first := r.byte()
	v := uint64(first & 0x3f)
	for _, c := range r.take(1<<(first>>6) - 1) {
		v = v<<8 | uint64(c)
	}
	return v
}
