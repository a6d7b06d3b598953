package capture

import (
	"encoding/binary"
	"io"
	"time"
)

// kinds of classic captures, by their magic number.
type pcapKind uint8

const (
	kindMicro    pcapKind = iota // 0xa1b2c3d4
	kindNano                     // 0xa1b23c4d
	kindModified                 // 0xa1b2cd34: Kuznetzov's patch, 24-byte record headers
)

func pcapMagic(b []byte) (binary.ByteOrder, pcapKind, bool) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch order.Uint32(b) {
		case 0xa1b2c3d4:
			return order, kindMicro, true
		case 0xa1b23c4d:
			return order, kindNano, true
		case 0xa1b2cd34:
			return order, kindModified, true
		}
	}
	return nil, 0, false
}

type pcapReader struct {
	*Reader
	order binary.ByteOrder
	kind  pcapKind
	link  uint32
}

// header reads the 24-byte file header. The upper bits of the link type field
// tell about frame check sequences and are not part of the type.
func (p *pcapReader) header() error {
	h, err := p.take(24, "the file header")
	if err != nil {
		return err
	}
	if major := p.order.Uint16(h[4:]); major != 2 {
		p.skip(4, "file version %d.%d, read as 2.4", major, p.order.Uint16(h[6:]))
	}
	p.link = p.order.Uint32(h[20:]) & 0xffff
	return nil
}

func (p *pcapReader) next() (Packet, error) {
	if p.atEnd() {
		return Packet{}, io.EOF
	}
	at, size := p.off, 16
	if p.kind == kindModified {
		size = 24
	}
	h, err := p.take(size, "a record header")
	if err != nil {
		return Packet{}, err
	}
	sec, frac := p.order.Uint32(h), int64(p.order.Uint32(h[4:]))
	n, wire := p.order.Uint32(h[8:]), p.order.Uint32(h[12:])
	if n > MaxPacket {
		return Packet{}, p.damage(at, "a packet of %d bytes, more than %d", n, MaxPacket)
	}
	data, err := p.take(int(n), "a packet")
	if err != nil {
		return Packet{}, err
	}
	if p.kind != kindNano {
		frac *= 1000
	}
	return Packet{
		Time: time.Unix(int64(sec), frac).UTC(),
		Link: p.link,
		Wire: wireLen(wire, n),
		Data: data,
	}, nil
}

// wireLen keeps a nonsensical length on the wire from spoiling byte counts.
func wireLen(wire, captured uint32) int {
	if wire < captured || wire > 1<<30 {
		return int(captured)
	}
	return int(wire)
}
