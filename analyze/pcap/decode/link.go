package decode

import (
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket/layers"
)

// LINKTYPE_ numbers of tcpdump.org that are decoded here.
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkRaw12    = 12 // DLT_RAW as some systems number it
	linkRaw14    = 14
	linkPPPHDLC  = 50
	linkPPPoE    = 51
	linkRaw      = 101
	linkCHDLC    = 104
	linkDot11    = 105
	linkLoop     = 108
	linkSLL      = 113
	linkPFLog    = 117
	linkPrism    = 119
	linkRadiotap = 127
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// EtherTypes, of the IEEE registry.
const (
	etherIPv4   = 0x0800
	etherARP    = 0x0806
	etherTEB    = 0x6558 // transparent Ethernet bridging
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
	etherPPP    = 0x880b
	etherMPLS   = 0x8847
	etherMPLSm  = 0x8848
	etherPPPoE  = 0x8864
	etherQinQ   = 0x88a8
	etherERSPAN = 0x88be
	etherWCCP   = 0x883e
	etherQinQ9  = 0x9100 // before 802.1ad
	etherERSP3  = 0x22eb
	etherAruba  = 0x8200 // to 0x82ff in GRE: a frame of 802.11
)

func (d *Decoder) link(kind uint32, b []byte) {
	switch kind {
	case linkEthernet:
		d.ethernet(b, 0)
	case linkNull, linkLoop:
		d.loopback(b)
	case linkRaw12, linkRaw14, linkRaw, linkIPv4, linkIPv6:
		d.byVersion(b, 0)
	case linkSLL:
		if len(b) < 16 {
			d.malformed("linux cooked v1")
			return
		}
		d.ether(binary.BigEndian.Uint16(b[14:]), b[16:], 0)
	case linkSLL2: // protocol first, then 18 bytes of interface and address
		if len(b) < 20 {
			d.malformed("linux cooked v2")
			return
		}
		d.ether(binary.BigEndian.Uint16(b), b[20:], 0)
	case linkPPP, linkPPPHDLC:
		d.ppp(b, 0)
	case linkPPPoE:
		d.pppoe(b, 0)
	case linkCHDLC:
		if len(b) < 4 {
			d.malformed("cisco hdlc")
			return
		}
		d.ether(binary.BigEndian.Uint16(b[2:]), b[4:], 0)
	case linkDot11, linkRadiotap, linkPrism:
		d.wireless(kind, b)
	case linkPFLog: // header length first, padded to 4 bytes; newer ones differ
		if len(b) < 4 || int(b[0]+3)&^3 > len(b) {
			d.malformed("pflog")
			return
		}
		d.byVersion(b[int(b[0]+3)&^3:], 0)
	default:
		d.Stats.UnknownLinks++
		d.other(fmt.Sprintf("link type %d", kind))
	}
}

func (d *Decoder) loopback(b []byte) {
	if err := d.loop.DecodeFromBytes(b, &d.fb); err != nil {
		d.malformed("loopback")
		return
	}
	d.byVersion(d.loop.Payload, 0) // the family's number for IPv6 differs by system
}

func (d *Decoder) ethernet(b []byte, depth int) {
	if err := d.eth.DecodeFromBytes(b, &d.fb); err != nil {
		d.malformed("ethernet")
		return
	}
	if d.eth.EthernetType == layers.EthernetTypeLLC {
		d.llc(d.eth.Payload, depth)
		return
	}
	d.ether(uint16(d.eth.EthernetType), d.eth.Payload, depth)
}

// llc follows IEEE 802.2 with a SNAP header of the encapsulated-Ethernet kind
// (RFC 1042), and the SAP of IP.
func (d *Decoder) llc(b []byte, depth int) {
	switch {
	case len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3 && b[3] == 0 && b[4] == 0 && b[5] == 0:
		d.ether(binary.BigEndian.Uint16(b[6:]), b[8:], depth)
	case len(b) >= 3 && b[0] == 6 && b[1] == 6:
		d.byVersion(b[3:], depth)
	default:
		d.other("llc")
	}
}

// ether decodes what an EtherType announces.
func (d *Decoder) ether(kind uint16, b []byte, depth int) {
	for ; ; depth++ {
		if depth > maxDepth {
			d.malformed("too many encapsulations")
			return
		}
		switch kind {
		case etherVLAN, etherQinQ, etherQinQ9:
			if err := d.tag.DecodeFromBytes(b, &d.fb); err != nil {
				d.malformed("vlan tag")
				return
			}
			kind, b = uint16(d.tag.Type), d.tag.Payload
			if kind < 0x600 { // a length: LLC inside a VLAN
				d.llc(b[:min(len(b), int(kind))], depth)
				return
			}
			continue
		case etherIPv4:
			d.ipv4(b, depth)
		case etherIPv6:
			d.ipv6(b, depth)
		case etherMPLS, etherMPLSm:
			d.mpls(b, depth)
		case etherPPPoE:
			d.pppoe(b, depth)
		case etherTEB:
			d.ethernet(b, depth+1)
		case etherPPP:
			d.ppp(b, depth)
		case etherARP:
			d.other("arp")
		default:
			d.other(fmt.Sprintf("ethertype 0x%04x", kind))
		}
		return
	}
}

// byVersion tells IPv4 from IPv6 by the first nibble.
func (d *Decoder) byVersion(b []byte, depth int) {
	switch {
	case len(b) > 0 && b[0]>>4 == 4:
		d.ipv4(b, depth)
	case len(b) > 0 && b[0]>>4 == 6:
		d.ipv6(b, depth)
	default:
		d.other("neither IPv4 nor IPv6")
	}
}

// mpls pops the label stack (RFC 3032) and guesses the payload by its first
// nibble (RFC 4928): IP, or a pseudowire control word before Ethernet.
func (d *Decoder) mpls(b []byte, depth int) {
	for bottom := false; !bottom; b = b[4:] {
		if len(b) < 4 {
			d.malformed("mpls")
			return
		}
		bottom = b[2]&1 != 0
	}
	if len(b) > 4 && b[0]>>4 == 0 {
		d.ethernet(b[4:], depth+1)
		return
	}
	d.byVersion(b, depth)
}

// pppoe reads a session packet (RFC 2516 section 4).
func (d *Decoder) pppoe(b []byte, depth int) {
	if len(b) < 6 {
		d.malformed("pppoe")
		return
	}
	if b[1] != 0 {
		d.other("pppoe discovery")
		return
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	d.ppp(b[6:6+min(n, len(b)-6)], depth)
}

// ppp reads the protocol field (RFC 1661 section 2), after HDLC-like framing
// (RFC 1662) where it is there. The field may be compressed to one byte.
func (d *Decoder) ppp(b []byte, depth int) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 3 {
		b = b[2:]
	}
	if len(b) < 2 {
		d.malformed("ppp")
		return
	}
	proto, rest := uint16(b[0]), b[1:]
	if proto&1 == 0 {
		proto, rest = proto<<8|uint16(b[1]), b[2:]
	}
	switch proto {
	case 0x21:
		d.ipv4(rest, depth)
	case 0x57:
		d.ipv6(rest, depth)
	case 0x281, 0x283:
		d.mpls(rest, depth)
	default:
		d.other(fmt.Sprintf("ppp protocol 0x%04x", proto))
	}
}
