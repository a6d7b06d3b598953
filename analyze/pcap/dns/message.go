package dns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Bounds of one message.
const (
	maxRecords = 4096 // questions and records together
	maxName    = 255  // wire length of a name, RFC 1035 section 2.3.4
	maxJumps   = 128  // compression pointers followed in one name
	maxText    = 1024 // bytes of text data kept of a record
)

// ErrLimit marks a message with more records than are read.
var ErrLimit = errors.New("more records than are read")

// Message is one query or response.
type Message struct {
	ID        uint16
	Response  bool
	Opcode    uint8
	Authority bool // AA
	Truncated bool // TC
	RCode     int  // with the upper bits of EDNS, RFC 6891
	Questions []Question
	Records   []Record // answer, authority and additional sections, in order
}

// Question is one entry of the question section.
type Question struct {
	Name  string // without the final dot; "." for the root
	Type  uint16
	Class uint16
}

// Section names where a record stands.
type Section uint8

// Sections, in order.
const (
	Answer Section = iota
	Authority
	Additional
)

func (s Section) String() string { return [...]string{"answer", "authority", "additional"}[s] }

// Record is one resource record.
type Record struct {
	Section Section
	Name    string
	Type    uint16
	Class   uint16
	TTL     uint32
	Addr    netip.Addr   // A and AAAA
	Hints   []netip.Addr // of SVCB and HTTPS (RFC 9460 section 7.3)
	Target  string       // the name in CNAME, NS, PTR, MX, SRV, DNAME, SOA, SVCB …
	Text    string       // TXT strings joined; other data in hex or as presented
}

// Parse decodes b. An error means that the message ends early or is malformed;
// the message then holds what was read before that.
func Parse(b []byte) (*Message, error) {
	m, _, err := parse(b)
	return m, err
}

// parse returns also where the message ends.
func parse(b []byte) (m *Message, end int, err error) {
	m = &Message{}
	if len(b) < 12 {
		return m, 0, fmt.Errorf("header of %d bytes", len(b))
	}
	flags := binary.BigEndian.Uint16(b[2:])
	m.ID = binary.BigEndian.Uint16(b)
	m.Response = flags&0x8000 != 0
	m.Opcode = uint8(flags >> 11 & 15)
	m.Authority, m.Truncated = flags&0x400 != 0, flags&0x200 != 0
	m.RCode = int(flags & 15)
	p := parser{msg: b, off: 12}
	for range binary.BigEndian.Uint16(b[4:]) {
		if err := p.question(m); err != nil {
			return m, p.off, err
		}
	}
	for s := Answer; s <= Additional; s++ {
		for range binary.BigEndian.Uint16(b[6+2*int(s):]) {
			if err := p.record(m, s); err != nil {
				return m, p.off, err
			}
		}
	}
	return m, p.off, nil
}

type parser struct {
	msg []byte
	off int
}

func (p *parser) question(m *Message) error {
	if len(m.Questions) >= maxRecords {
		return ErrLimit
	}
	name, err := p.name(len(p.msg))
	if err != nil {
		return fmt.Errorf("question %d: %w", len(m.Questions)+1, err)
	}
	q := Question{Name: name}
	b, err := p.take(4)
	if err != nil {
		return fmt.Errorf("question %d: %w", len(m.Questions)+1, err)
	}
	q.Type, q.Class = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	m.Questions = append(m.Questions, q)
	return nil
}

func (p *parser) record(m *Message, s Section) error {
	if len(m.Records)+len(m.Questions) >= maxRecords {
		return ErrLimit
	}
	at := func(err error) error { return fmt.Errorf("record %d: %w", len(m.Records)+1, err) }
	name, err := p.name(len(p.msg))
	if err != nil {
		return at(err)
	}
	h, err := p.take(10)
	if err != nil {
		return at(err)
	}
	r := Record{
		Section: s, Name: name, Type: binary.BigEndian.Uint16(h),
		Class: binary.BigEndian.Uint16(h[2:]), TTL: binary.BigEndian.Uint32(h[4:]),
	}
	n := int(binary.BigEndian.Uint16(h[8:]))
	if n > len(p.msg)-p.off {
		m.Records = append(m.Records, r)
		return at(fmt.Errorf("data of %d bytes, %d left", n, len(p.msg)-p.off))
	}
	end := p.off + n
	data := parser{msg: p.msg, off: p.off}
	derr := data.rdata(&r, end)
	if r.Type == typeOPT {
		m.RCode |= int(r.TTL>>24) << 4
	}
	m.Records = append(m.Records, r)
	p.off = end // bad data of one record does not harm the next
	if derr != nil {
		m.Records[len(m.Records)-1].Text = "malformed: " + derr.Error()
	}
	return nil
}

func (p *parser) take(n int) ([]byte, error) {
	if n > len(p.msg)-p.off {
		return nil, fmt.Errorf("%d bytes wanted, %d left", n, len(p.msg)-p.off)
	}
	b := p.msg[p.off : p.off+n]
	p.off += n
	return b, nil
}

// name decodes a possibly compressed name (RFC 1035 section 4.1.4). Pointers
// should lead backward; many resolvers follow others too, so these are followed
// here, and their number is what ends a loop. Bytes that are not plain are
// escaped as in zone files (section 5.1).
func (p *parser) name(end int) (string, error) {
	var out strings.Builder
	wire, jumps, at, limit := 0, 0, p.off, end
	for {
		if at >= limit {
			return "", errors.New("name runs past the end")
		}
		n := int(p.msg[at])
		switch {
		case n == 0:
			if jumps == 0 {
				p.off = at + 1
			}
			if out.Len() == 0 {
				return ".", nil
			}
			return out.String(), nil
		case n >= 0xc0:
			if at+1 >= limit {
				return "", errors.New("name runs past the end")
			}
			to := (n&0x3f)<<8 | int(p.msg[at+1])
			if jumps == 0 {
				p.off = at + 2
			}
			if jumps++; jumps > maxJumps {
				return "", errors.New("compression loop")
			}
			at, limit = to, len(p.msg)
		case n >= 0x40:
			return "", fmt.Errorf("label type %#x", n&0xc0)
		default:
			if wire += n + 1; wire > maxName || at+1+n > limit {
				return "", errors.New("name too long, or past the end")
			}
			if out.Len() > 0 {
				out.WriteByte('.')
			}
			escape(&out, p.msg[at+1:at+1+n])
			at += n + 1
		}
	}
}

func escape(out *strings.Builder, label []byte) {
	for _, c := range label {
		switch {
		case c == '.' || c == '\\':
			out.WriteByte('\\')
			out.WriteByte(c)
		case c <= ' ' || c > '~':
			fmt.Fprintf(out, "\\%03d", c)
		default:
			out.WriteByte(c)
		}
	}
}
