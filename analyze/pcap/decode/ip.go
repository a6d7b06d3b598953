package decode

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket/layers"
)

// IP protocol numbers, of the IANA registry.
const (
	protoHopByHop = 0
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoDest     = 60
	protoEtherIP  = 97
	protoSCTP     = 132
	protoMobility = 135
	protoUDPLite  = 136
	protoMPLS     = 137
	protoHIP      = 139
	protoShim6    = 140
)

func (d *Decoder) ipv4(b []byte, depth int) {
	if depth > maxDepth {
		d.malformed("too many encapsulations")
		return
	}
	if len(b) > 0 && b[0]>>4 != 4 {
		d.malformed("ipv4 version")
		return
	}
	if len(b) > 65535 && b[2] == 0 && b[3] == 0 {
		b = b[:65535] // a length of 0 means offloading: all that is there
	}
	ip := &d.ip4
	ip.Payload = nil // that of the packet before, which an error may leave there
	err := ip.DecodeFromBytes(b, &d.fb)
	if err != nil {
		d.malformed("ipv4")
		if ip.Payload == nil { // with a payload, only the options were bad
			return
		}
	}
	lost := int(ip.Length) - int(ip.IHL)*4 - len(ip.Payload)
	d.addresses(ip.SrcIP, ip.DstIP)
	proto, payload := uint8(ip.Protocol), ip.Payload
	if more := ip.Flags&layers.IPv4MoreFragments != 0; more || ip.FragOffset != 0 {
		f := fragment{
			key:    fragKey{src: d.d.Src, dst: d.d.Dst, id: uint32(ip.Id), proto: proto},
			offset: int(ip.FragOffset) * 8, more: more, data: payload, next: proto,
		}
		if payload, proto = d.fragment(f, lost); payload == nil {
			return
		}
		lost = 0
	}
	for range maxExtensions { // what is authenticated is not encrypted
		n := 0
		if proto == protoAH {
			n = ahSize(payload)
		}
		if n == 0 {
			break
		}
		proto, payload = payload[0], payload[n:]
	}
	d.transport(proto, payload, max(lost, 0), depth)
}

// ahSize returns the length of an authentication header (RFC 4302 section 2.2:
// in 4-byte units, minus 2), 0 where b has no whole one.
func ahSize(b []byte) int {
	if len(b) < 8 {
		return 0
	}
	n := (int(b[1]) + 2) * 4
	if n > len(b) {
		return 0
	}
	return n
}

func (d *Decoder) addresses(src, dst []byte) {
	d.d.Src, _ = netip.AddrFromSlice(src)
	d.d.Dst, _ = netip.AddrFromSlice(dst)
}

// ipv6 decodes the fixed header (RFC 8200 section 3).
func (d *Decoder) ipv6(b []byte, depth int) {
	if depth > maxDepth {
		d.malformed("too many encapsulations")
		return
	}
	if len(b) < 40 || b[0]>>4 != 6 {
		d.malformed("ipv6")
		return
	}
	d.addresses(b[8:24], b[24:40])
	n, next, payload := int(binary.BigEndian.Uint16(b[4:])), b[6], b[40:]
	if n == 0 && (next == protoHopByHop || next == protoTCP) {
		n = len(payload) // a jumbogram (RFC 2675), or segmentation offloading
	}
	lost := max(n-len(payload), 0)
	d.extensions(next, payload[:min(n, len(payload))], lost, depth)
}

// maxExtensions bounds the extension headers walked in one packet.
const maxExtensions = 32

// extensions walks the chain of extension headers (RFC 8200 section 4) up to
// the transport header, through a fragment header where its datagram is whole.
func (d *Decoder) extensions(next uint8, b []byte, lost, depth int) {
	for range maxExtensions {
		size := 0
		switch next {
		case protoHopByHop, protoRouting, protoDest, protoHIP, protoShim6, protoMobility:
			if len(b) >= 8 {
				size = (int(b[1]) + 1) * 8
			}
		case protoAH:
			size = ahSize(b)
		case protoFragment:
			size = 8
		default:
			d.transport(next, b, lost, depth)
			return
		}
		if size == 0 || size > len(b) {
			d.malformed("ipv6 extension header")
			return
		}
		if next != protoFragment {
			d.endpoints(next, b[:size])
			next, b = b[0], b[size:]
			continue
		}
		if b, next = d.fragment6(b, lost); b == nil {
			return
		}
		lost = 0
	}
	d.malformed("too many ipv6 extension headers")
}

// endpoints takes the true ends of a connection from an extension header: the
// last stop of a routing header that is not used up (types 0 and 4, RFC 2460
// and 8754; type 2, RFC 6275), and the home address of a mobile node.
func (d *Decoder) endpoints(kind uint8, h []byte) {
	if kind == protoRouting && h[3] > 0 && len(h) >= 24 {
		switch h[2] {
		case 0:
			d.d.Dst = netip.AddrFrom16([16]byte(h[len(h)/8*8-16:]))
		case 2, 4:
			d.d.Dst = netip.AddrFrom16([16]byte(h[8:24]))
		}
	}
	if kind != protoDest {
		return
	}
	for o := h[2:]; len(o) >= 2; {
		if o[0] == 0 { // one byte of padding
			o = o[1:]
			continue
		}
		n := int(o[1]) + 2
		if o[0] == optionHomeAddress && n == 18 && n <= len(o) {
			d.d.Src = netip.AddrFrom16([16]byte(o[2:18]))
		}
		o = o[min(n, len(o)):]
	}
}

// optionHomeAddress is that of RFC 6275 section 6.3.
const optionHomeAddress = 0xc9

// fragment6 handles a fragment header (RFC 8200 section 4.5); an atomic
// fragment (RFC 6946) goes straight through.
func (d *Decoder) fragment6(b []byte, lost int) ([]byte, uint8) {
	off := binary.BigEndian.Uint16(b[2:])
	f := fragment{
		key:    fragKey{src: d.d.Src, dst: d.d.Dst, id: binary.BigEndian.Uint32(b[4:])},
		offset: int(off &^ 7), more: off&1 != 0, data: b[8:], next: b[0],
	}
	if f.offset == 0 && !f.more {
		return f.data, f.next
	}
	return d.fragment(f, lost)
}

func (d *Decoder) fragment(f fragment, lost int) ([]byte, uint8) {
	if lost > 0 {
		d.Stats.Fragments++
		d.Stats.FragmentsBad++ // not all of it was captured
		return nil, 0
	}
	return d.frags.add(f, d.d.Time)
}

// transport hands a whole IP payload to the visitor and looks into tunnels.
func (d *Decoder) transport(proto uint8, b []byte, lost, depth int) {
	d.d.Proto, d.d.Payload, d.d.Lost = proto, b, lost
	d.d.SrcPort, d.d.DstPort, d.d.Seq, d.d.Ack, d.d.Flags = 0, 0, 0, 0, 0
	switch proto {
	case protoTCP:
		if lost > 0 && !d.snapped {
			// The frame was no longer than this, so its receiver drops it. Bytes
			// that were never sent must not stand in for those that are.
			d.malformed("ip length beyond the frame")
			d.d.Lost = 0
		}
		d.segment(b)
	case protoUDP, protoUDPLite:
		d.datagram(b, lost, depth)
	case protoSCTP:
		if len(b) >= 12 {
			d.d.SrcPort, d.d.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		}
		d.emit()
	default:
		d.emit()
		d.tunnel(proto, b, depth)
	}
}

func (d *Decoder) emit() {
	d.Stats.Datagrams++
	d.inside = true
	d.visit(&d.d)
	d.inside = false
}

func (d *Decoder) segment(b []byte) {
	if err := d.tcp.DecodeFromBytes(b, &d.fb); err != nil {
		d.malformed("tcp")
		if len(b) < 20 || d.tcp.DataOffset < 5 || int(d.tcp.DataOffset)*4 > len(b) {
			return // otherwise only its options are bad
		}
	}
	t := &d.tcp
	d.d.SrcPort, d.d.DstPort = uint16(t.SrcPort), uint16(t.DstPort)
	d.d.Seq, d.d.Ack, d.d.Flags = t.Seq, t.Ack, b[13]
	d.d.Payload = b[int(t.DataOffset)*4:]
	d.emit()
}

func (d *Decoder) datagram(b []byte, lost, depth int) {
	if err := d.udp.DecodeFromBytes(b, &d.fb); err != nil {
		d.malformed("udp")
		return
	}
	u := &d.udp
	d.d.SrcPort, d.d.DstPort, d.d.Payload = uint16(u.SrcPort), uint16(u.DstPort), u.Payload
	src, dst, payload := d.d.SrcPort, d.d.DstPort, u.Payload
	d.emit()
	if lost == 0 {
		d.udpTunnel(src, dst, payload, depth+1)
	}
}

func (d *Decoder) tunnel(proto uint8, b []byte, depth int) {
	switch proto {
	case protoIPv4:
		d.ipv4(b, depth+1)
	case protoIPv6:
		d.ipv6(b, depth+1)
	case protoGRE:
		d.greTunnel(b, depth+1)
	case protoMPLS:
		d.mpls(b, depth+1)
	case protoEtherIP: // RFC 3378: version 3 and 12 zero bits
		if len(b) > 2 && b[0]>>4 == 3 {
			d.ethernet(b[2:], depth+1)
		}
	}
}
