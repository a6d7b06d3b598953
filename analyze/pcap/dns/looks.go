package dns

import "encoding/binary"

// Looks reports whether b is a whole DNS message, for datagrams on a port that
// does not say so: one question of a class in use, nothing that the kind of
// message doesn't have, nothing malformed, and nothing behind it.
func Looks(b []byte) bool {
	const reserved, rcode = 0x0040, 0x000f
	if len(b) < 12+1+4 {
		return false
	}
	flags, count := binary.BigEndian.Uint16(b[2:]), func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	opcode := flags >> 11 & 15
	if opcode != 0 || flags&reserved != 0 || count(4) != 1 {
		return false
	}
	if query := flags&0x8000 == 0; query && (flags&rcode != 0 || count(6) != 0 || count(8) != 0 || count(10) > 2) {
		return false
	}
	m, end, err := parse(b)
	if err != nil || end != len(b) || m.Questions[0].Name == "." || m.Questions[0].Type == 0 {
		return false
	}
	switch m.Questions[0].Class {
	case 1, 3, 4, 255: // IN, CH, HS, ANY
		return true
	}
	return false
}
