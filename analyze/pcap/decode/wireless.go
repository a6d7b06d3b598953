package decode

import "encoding/binary"

// wireless finds the 802.11 frame behind a capture header: none, radiotap
// (little-endian length at byte 2) or Prism (length at byte 4).
func (d *Decoder) wireless(kind uint32, b []byte) {
	n := 0
	switch {
	case kind == linkRadiotap && len(b) >= 8:
		n = int(binary.LittleEndian.Uint16(b[2:]))
	case kind == linkPrism && len(b) >= 8:
		n = int(binary.LittleEndian.Uint32(b[4:]) & 0xffff)
	case kind != linkDot11:
		n = len(b) + 1
	}
	if n > len(b) {
		d.malformed("wireless capture header")
		return
	}
	d.dot11(b[n:], 0)
}

// dot11 reads a data frame of IEEE 802.11-2020 section 9.2: the header grows
// with a fourth address, QoS control and HT control. gopacket's decoder takes
// the last 4 bytes for a checksum that tunnels leave out.
func (d *Decoder) dot11(b []byte, depth int) {
	if depth > maxDepth || len(b) < 24 {
		d.malformed("802.11")
		return
	}
	subtype, flags := b[0]>>4, b[1]
	switch {
	case b[0]>>2&3 != 2 || subtype&4 != 0: // not a data frame, or one without data
		d.other("802.11 without data")
		return
	case flags&0x40 != 0:
		d.other("802.11 encrypted")
		return
	}
	n, aggregate := 24, false
	if flags&3 == 3 { // to and from the distribution system
		n += 6
	}
	if subtype&8 != 0 && len(b) >= n+2 {
		aggregate = b[n]&0x80 != 0
		n += 2
		if flags&0x80 != 0 {
			n += 4
		}
	}
	if n > len(b) {
		d.malformed("802.11")
		return
	}
	if aggregate {
		d.amsdu(b[n:], depth)
		return
	}
	d.llc(b[n:], depth)
}

// amsdu splits an aggregate (section 9.3.2.2): two addresses, a length, LLC,
// padding to 4 bytes.
func (d *Decoder) amsdu(b []byte, depth int) {
	if len(b) < 14 {
		d.malformed("802.11 aggregate")
	}
	for len(b) >= 14 {
		n := int(binary.BigEndian.Uint16(b[12:]))
		if n == 0 || 14+n > len(b) {
			d.malformed("802.11 aggregate")
			return
		}
		d.llc(b[14:14+n], depth+1)
		b = b[min(len(b), (14+n+3)&^3):]
	}
}
