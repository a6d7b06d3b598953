package capture

import (
	"encoding/binary"
	"io"
	"math/bits"
	"time"
)

// Block types of pcapng that carry packets or describe them.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

// Bounds on what a block may make the reader hold.
const (
	maxInterfaces = 4096    // per section
	maxBlock      = 1 << 20 // of a block whose content is needed
	maxOptions    = 64 << 10
)

// ifaceInfo is what an interface description block tells.
type ifaceInfo struct {
	link   uint32
	snap   uint32
	units  uint64 // time stamp units a second
	offset int64  // seconds to add
}

type ngReader struct {
	*Reader
	order  binary.ByteOrder
	ifaces []ifaceInfo
	lost   int // interfaces over maxInterfaces
}

func (g *ngReader) next() (Packet, error) {
	for {
		if g.atEnd() {
			return Packet{}, io.EOF
		}
		p, ok, err := g.block()
		if err != nil || ok {
			return p, err
		}
	}
}

// block reads one block; ok says that it held a packet.
func (g *ngReader) block() (p Packet, ok bool, err error) {
	at := g.off
	h, err := g.take(8, "a block header")
	if err != nil {
		return p, false, err
	}
	if binary.BigEndian.Uint32(h) == blockSection {
		return p, false, g.section(at, [4]byte(h[4:8]))
	}
	if g.order == nil {
		return p, false, g.damage(at, "block before the first section header")
	}
	kind, total := g.order.Uint32(h), g.order.Uint32(h[4:])
	if total < 12 {
		return p, false, g.damage(at, "block type %#x of %d bytes", kind, total)
	}
	body := int64(total) - 12
	if pad := total % 4; pad != 0 { // a writer's fault that readers forgive
		body += int64(4 - pad)
	}
	switch kind {
	case blockInterface, blockPacket, blockSimple, blockEnhanced:
	default:
		if err := g.discard(body, "a block"); err != nil {
			return p, false, err
		}
		return p, false, g.trailer(at, total)
	}
	if body > maxBlock {
		return p, false, g.damage(at, "block type %#x of %d bytes, more than %d", kind, total, maxBlock)
	}
	b, err := g.take(int(body), "a block")
	if err != nil {
		return p, false, err
	}
	p, ok, err = g.content(at, kind, b)
	if err != nil {
		return p, false, err
	}
	return g.keep(p, ok, at, total)
}

// keep reads the trailing length without losing the packet's bytes.
func (g *ngReader) keep(p Packet, ok bool, at int64, total uint32) (Packet, bool, error) {
	buf := g.buf
	g.buf = nil
	err := g.trailer(at, total)
	if cap(g.buf) < cap(buf) {
		g.buf = buf
	}
	if err != nil && ok {
		// The packet itself is whole: hand it out, and say what is missing.
		g.skip(at, "block of %d bytes without its trailing length", total)
		return p, true, nil
	}
	return p, ok, err
}

// trailer checks the repeated length. A wrong one is noted; reading goes on.
func (g *ngReader) trailer(at int64, total uint32) error {
	var t [4]byte
	n, err := io.ReadFull(g.r, t[:])
	g.off += int64(n)
	if err != nil {
		return g.damage(g.off-int64(n), "cut short in a block's trailing length")
	}
	if got := g.order.Uint32(t[:]); got != total {
		g.skip(at, "block lengths differ: %d and %d", total, got)
	}
	return nil
}

// section reads a section header block; rawLen is its undecoded length.
func (g *ngReader) section(at int64, rawLen [4]byte) error {
	m, err := g.take(4, "a section header")
	if err != nil {
		return err
	}
	switch {
	case binary.LittleEndian.Uint32(m) == 0x1a2b3c4d:
		g.order = binary.LittleEndian
	case binary.BigEndian.Uint32(m) == 0x1a2b3c4d:
		g.order = binary.BigEndian
	default:
		return g.damage(at, "section header without a byte-order magic: %x", m)
	}
	total := g.order.Uint32(rawLen[:])
	if total < 28 || total%4 != 0 {
		return g.damage(at, "section header of %d bytes", total)
	}
	v, err := g.take(4, "a section header")
	if err != nil {
		return err
	}
	if major := g.order.Uint16(v); major != 1 {
		return g.damage(at, "pcapng version %d.%d", major, g.order.Uint16(v[2:]))
	}
	g.ifaces, g.lost = g.ifaces[:0], 0
	if err := g.discard(int64(total)-20, "a section header"); err != nil {
		return err
	}
	return g.trailer(at, total)
}

func (g *ngReader) content(at int64, kind uint32, b []byte) (Packet, bool, error) {
	switch kind {
	case blockInterface:
		g.iface(at, b)
		return Packet{}, false, nil
	case blockSimple:
		p, ok := g.simple(at, b)
		return p, ok, nil
	default:
		p, ok := g.packet(at, kind, b)
		return p, ok, nil
	}
}

// iface reads an interface description: link type, snapshot length, options
// if_tsresol (9) and if_tsoffset (14).
func (g *ngReader) iface(at int64, b []byte) {
	if len(g.ifaces) >= maxInterfaces {
		g.lost++
		g.skip(at, "more than %d interfaces in a section", maxInterfaces)
		return
	}
	in := ifaceInfo{units: 1e6, link: 0xffffffff}
	if len(b) < 8 {
		g.skip(at, "interface description of %d bytes", len(b))
		g.ifaces = append(g.ifaces, in) // keeps the numbers of those that follow
		return
	}
	in.link, in.snap = uint32(g.order.Uint16(b)), g.order.Uint32(b[4:])
	g.options(b[8:], func(code uint16, v []byte) {
		switch {
		case code == 9 && len(v) == 1:
			if u, ok := resolution(v[0]); ok {
				in.units = u
			} else {
				g.skip(at, "time stamp resolution %#x", v[0])
			}
		case code == 14 && len(v) == 8:
			in.offset = int64(g.order.Uint64(v))
		}
	})
	g.ifaces = append(g.ifaces, in)
}

// resolution decodes if_tsresol: a negative power of 10, or of 2 with the top
// bit set.
func resolution(v byte) (uint64, bool) {
	n := v & 0x7f
	if v&0x80 != 0 {
		return 1 << (n & 63), n < 64
	}
	u := uint64(1)
	for range n {
		if n > 19 {
			return 0, false
		}
		u *= 10
	}
	return u, true
}

func (g *ngReader) options(b []byte, each func(code uint16, v []byte)) {
	b = b[:min(len(b), maxOptions)]
	for len(b) >= 4 {
		code, n := g.order.Uint16(b), int(g.order.Uint16(b[2:]))
		b = b[4:]
		if code == 0 || n > len(b) {
			return
		}
		each(code, b[:n])
		b = b[min(len(b), (n+3)&^3):]
	}
}

// packet reads an enhanced packet block, or the obsolete packet block, which
// differs only in that it keeps a drop counter beside a 16-bit interface id.
func (g *ngReader) packet(at int64, kind uint32, b []byte) (Packet, bool) {
	if len(b) < 20 {
		g.skip(at, "packet block of %d bytes", len(b))
		return Packet{}, false
	}
	id := g.order.Uint32(b)
	if kind == blockPacket {
		id = uint32(g.order.Uint16(b))
	}
	if uint64(id) >= uint64(len(g.ifaces)) {
		g.skip(at, "packet of interface %d, which the section does not describe", id)
		return Packet{}, false
	}
	n, wire := g.order.Uint32(b[12:]), g.order.Uint32(b[16:])
	if n > MaxPacket || uint64(n) > uint64(len(b)-20) {
		g.skip(at, "packet of %d bytes in a block of %d", n, len(b))
		return Packet{}, false
	}
	in := g.ifaces[id]
	ts := uint64(g.order.Uint32(b[4:]))<<32 | uint64(g.order.Uint32(b[8:]))
	return Packet{Time: in.time(ts), Link: in.link, Wire: wireLen(wire, n), Data: b[20 : 20+n]}, true
}

// simple reads a simple packet block: interface 0, no time; what was captured
// is the least of the wire length, the snapshot length and the block.
func (g *ngReader) simple(at int64, b []byte) (Packet, bool) {
	if len(b) < 4 || len(g.ifaces) == 0 {
		g.skip(at, "simple packet block of %d bytes, %d interfaces", len(b), len(g.ifaces))
		return Packet{}, false
	}
	wire, in := g.order.Uint32(b), g.ifaces[0]
	n := min(wire, uint32(len(b)-4), MaxPacket)
	if in.snap != 0 {
		n = min(n, in.snap)
	}
	return Packet{Link: in.link, Wire: wireLen(wire, n), Data: b[4 : 4+n]}, true
}

// time converts units since 1970 with 128-bit arithmetic: no precision is
// lost, and no value overflows.
func (in ifaceInfo) time(ts uint64) time.Time {
	sec, rest := ts/in.units, ts%in.units
	hi, lo := bits.Mul64(rest, 1e9)
	ns, _ := bits.Div64(hi, lo, in.units) // rest < units, so hi < units
	return time.Unix(int64(sec)+in.offset, int64(ns)).UTC()
}
