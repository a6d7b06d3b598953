package decode

import "encoding/binary"

// UDP ports of tunnels, of the IANA registry; 8472 is Linux's first choice.
const (
	portL2TP    = 1701
	portGTPU    = 2152
	portTeredo  = 3544
	portVXLAN   = 4789
	portVXLAN8  = 8472
	portGREUDP  = 4754
	portAYIYA   = 5072
	portGeneve  = 6081
	portMPLSUDP = 6635
)

// udpTunnel looks into a UDP datagram whose ports are those of a tunnel.
// Content that does not fit stays a plain datagram.
func (d *Decoder) udpTunnel(src, dst uint16, b []byte, depth int) {
	for _, port := range [2]uint16{dst, src} {
		switch port {
		case portVXLAN, portVXLAN8:
			if d.vx.DecodeFromBytes(b, &d.fb) == nil && d.vx.ValidIDFlag {
				d.ethernet(d.vx.Payload, depth)
			}
		case portGeneve:
			d.geneve(b, depth)
		case portL2TP:
			d.l2tp(b, depth)
		case portGTPU:
			d.gtp(b, depth)
		case portTeredo:
			d.teredo(b, depth)
		case portGREUDP:
			d.greTunnel(b, depth)
		case portAYIYA:
			d.ayiya(b, depth)
		case portMPLSUDP:
			d.mpls(b, depth)
		default:
			continue
		}
		return
	}
}

func (d *Decoder) geneve(b []byte, depth int) {
	if len(b) < 8 || b[0]>>6 != 0 {
		d.malformed("geneve")
		return
	}
	n := 8 + int(b[0]&0x3f)*4 // options are walked over, not read
	if n > len(b) {
		d.malformed("geneve")
		return
	}
	d.ether(binary.BigEndian.Uint16(b[2:]), b[n:], depth)
}

// greTunnel reads GRE (RFC 2784, 2890) and its version 1 of PPTP (RFC 2637).
func (d *Decoder) greTunnel(b []byte, depth int) {
	n := greHeader(b)
	if n == 0 {
		d.malformed("gre")
		return
	}
	if err := d.gre.DecodeFromBytes(b, &d.fb); err != nil {
		d.malformed("gre")
		return
	}
	kind, rest := uint16(d.gre.Protocol), d.gre.Payload
	if kind&0xff00 == etherAruba {
		d.dot11(rest, depth)
		return
	}
	switch kind {
	case etherERSPAN: // type I has no header and no sequence number
		if d.gre.SeqPresent {
			rest = rest[min(8, len(rest)):]
		}
		d.ethernet(rest, depth)
	case etherERSP3:
		d.erspan3(rest, depth)
	case etherWCCP: // version 2 puts 4 bytes before IP
		if len(rest) > 4 && rest[0]>>4 != 4 {
			rest = rest[4:]
		}
		d.ipv4(rest, depth)
	case etherPPP:
		if len(rest) > 0 { // an acknowledgement alone carries no frame
			d.ppp(rest, depth)
		}
	default:
		d.ether(kind, rest, depth)
	}
}

// greHeader returns the length of a GRE header, 0 where b is too short, or holds
// source routes (bit 1): no receiver of today takes such a packet (RFC 2784
// section 2.3), and decoders read beyond its end.
func greHeader(b []byte) int {
	if len(b) < 4 || b[0]&0x40 != 0 {
		return 0
	}
	n := 4
	if b[0]&0x80 != 0 { // checksum
		n += 4
	}
	if b[0]&0x20 != 0 { // key
		n += 4
	}
	if b[0]&0x10 != 0 { // sequence number
		n += 4
	}
	if b[1]&0x80 != 0 { // acknowledgement
		n += 4
	}
	if n > len(b) {
		return 0
	}
	return n
}

// erspan3 skips the 12-byte header of type III and its optional subheader.
func (d *Decoder) erspan3(b []byte, depth int) {
	if len(b) < 12 {
		d.malformed("erspan")
		return
	}
	n := 12
	if b[11]&1 != 0 {
		n += 8
	}
	d.ethernet(b[min(n, len(b)):], depth)
}

// l2tp reads data messages of version 2 (RFC 2661 section 3.1), which hold a PPP
// frame each.
func (d *Decoder) l2tp(b []byte, depth int) {
	const control, length, sequence, offset = 0x8000, 0x4000, 0x0800, 0x0200
	if len(b) < 6 || b[1]&0xf != 2 {
		return
	}
	flags, n := binary.BigEndian.Uint16(b), 6
	if flags&control != 0 {
		return
	}
	if flags&length != 0 {
		n += 2
	}
	if flags&sequence != 0 {
		n += 4
	}
	if flags&offset != 0 {
		if len(b) < n+2 {
			return
		}
		n += 2 + int(binary.BigEndian.Uint16(b[n:]))
	}
	if n < len(b) {
		d.ppp(b[n:], depth)
	}
}

// gtp reads GTPv1-U (3GPP TS 29.281 section 5): only G-PDUs carry packets.
func (d *Decoder) gtp(b []byte, depth int) {
	if len(b) < 8 || b[0]>>5 != 1 || b[0]&0x10 == 0 || b[1] != 255 {
		return
	}
	n := 8
	if b[0]&7 != 0 {
		n = 12
		if len(b) < n {
			d.malformed("gtp")
			return
		}
		for next := b[11]; b[0]&4 != 0 && next != 0; {
			if n >= len(b) || b[n] == 0 || n+int(b[n])*4 > len(b) {
				d.malformed("gtp extension header")
				return
			}
			n += int(b[n]) * 4
			next = b[n-1]
		}
	}
	if n < len(b) && (b[n]>>4 == 4 || b[n]>>4 == 6) {
		d.byVersion(b[n:], depth)
	}
}

// teredo skips the authentication and origin indications of RFC 4380 section
// 5.1.1 before the IPv6 packet.
func (d *Decoder) teredo(b []byte, depth int) {
	if len(b) >= 13 && b[0] == 0 && b[1] == 1 {
		n := 4 + int(b[2]) + int(b[3]) + 9
		b = b[min(n, len(b)):]
	}
	if len(b) >= 8 && b[0] == 0 && b[1] == 0 {
		b = b[8:]
	}
	if len(b) >= 40 && b[0]>>4 == 6 {
		d.ipv6(b, depth)
	}
}

// ayiya reads draft-massar-v6ops-ayiya section 3: identity and signature of
// given lengths, then the packet that the next-header field names.
func (d *Decoder) ayiya(b []byte, depth int) {
	if len(b) < 8 {
		return
	}
	n := 8 + 1<<(b[0]>>4) + int(b[1]>>4)*4
	if n > len(b) || b[2]&0xf != 1 { // operation 1: forward
		return
	}
	switch b[3] {
	case protoIPv4:
		d.ipv4(b[n:], depth)
	case protoIPv6:
		d.ipv6(b[n:], depth)
	}
}
