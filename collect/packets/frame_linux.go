package packets

import (
	"encoding/binary"
	"errors"
)

// Layout of a TPACKET_V3 block (linux/if_packet.h): the block's header, then
// packets, each a struct tpacket3_hdr, a struct sockaddr_ll and the bytes.
const (
	blockHeaderLen = 48
	frameHeaderLen = 48
	sockaddrLen    = 20

	statusUser     = 1 << 0
	statusVLAN     = 1 << 4
	statusVLANTPID = 1 << 6
)

// Hardware types (linux/if_arp.h) and packet types (linux/if_packet.h).
const (
	hwEther, hwLoopback, hwRawIP, hwNone        = 1, 772, 519, 65534
	hwTunnel, hwTunnel6, hwSIT                  = 768, 769, 776
	hw80211, hwRadiotap                         = 801, 803
	pktHost, pktBroadcast, pktMulticast         = 0, 1, 2
	pktOther, pktOutgoing                       = 3, 4
	tpidVLAN                             uint16 = 0x8100
)

var errBlock = errors.New("a block of the packet ring is damaged")

// frame is one packet of a block; its slices point into the block.
type frame struct {
	ns       uint64 // since 1970
	data     []byte // from the link header on
	size     uint32 // on the wire
	netOff   int    // where the network header begins in data
	vlan     bool
	tci      uint16
	tpid     uint16
	protocol uint16 // Ethernet type
	index    uint32
	hardware uint16
	pktType  uint8
	addr     []byte // of the sender
}

// eachFrame calls f for the packets of a block.
func eachFrame(block []byte, f func(frame)) error {
	if len(block) < blockHeaderLen {
		return errBlock
	}
	ne := binary.NativeEndian
	count, at := ne.Uint32(block[12:]), uint64(ne.Uint32(block[16:]))
	for range count {
		if at+frameHeaderLen+sockaddrLen > uint64(len(block)) {
			return errBlock
		}
		h := block[at:]
		mac, snap := uint64(ne.Uint16(h[24:])), uint64(ne.Uint32(h[12:]))
		if mac+snap > uint64(len(h)) {
			return errBlock
		}
		f(decodeFrame(h, h[mac:mac+snap]))
		next := uint64(ne.Uint32(h))
		if next == 0 {
			break
		}
		at += next
	}
	return nil
}

func decodeFrame(h, data []byte) frame {
	ne := binary.NativeEndian
	status, ll := ne.Uint32(h[20:]), h[frameHeaderLen:frameHeaderLen+sockaddrLen]
	p := frame{
		ns:   uint64(ne.Uint32(h[4:]))*1e9 + uint64(ne.Uint32(h[8:])),
		data: data, size: ne.Uint32(h[16:]),
		netOff: max(0, int(ne.Uint16(h[26:]))-int(ne.Uint16(h[24:]))),
		vlan:   status&statusVLAN != 0, tci: uint16(ne.Uint32(h[32:])), tpid: tpidVLAN,
		protocol: binary.BigEndian.Uint16(ll[2:]), index: ne.Uint32(ll[4:]), hardware: ne.Uint16(ll[8:]),
		pktType: ll[10], addr: ll[12 : 12+min(int(ll[11]), 8)],
	}
	if status&statusVLANTPID != 0 {
		p.tpid = ne.Uint16(h[36:])
	}
	return p
}

// linkType returns the link type under which packets of a kind of interface
// are written. What has no type of its own is written with a "cooked" header,
// made from what the kernel says of the packet.
func linkType(hardware uint16) uint16 {
	switch hardware {
	case hwEther, hwLoopback:
		return linkEthernet
	case hwNone, hwRawIP, hwTunnel, hwTunnel6, hwSIT:
		return linkRaw
	case hw80211:
		return link80211
	case hwRadiotap:
		return linkRadiotap
	}
	return linkSLL2
}

// pieces returns the bytes of a packet as they are to be written, cut to
// snaplen, and its length on the wire.
func (p *frame) pieces(link uint16, snaplen int) ([][]byte, uint32) {
	var parts [][]byte
	size := p.size
	switch {
	case link == linkEthernet && p.vlan && len(p.data) >= 12:
		tag := binary.BigEndian.AppendUint16(nil, p.tpid)
		tag = binary.BigEndian.AppendUint16(tag, p.tci)
		parts, size = [][]byte{p.data[:12], tag, p.data[12:]}, size+4
	case link == linkSLL2:
		off := min(p.netOff, len(p.data))
		parts, size = [][]byte{p.cooked(), p.data[off:]}, size-min(size, uint32(off))+20
	case link == linkRaw:
		off := min(p.netOff, len(p.data)) // tunnels may show their outer header first
		parts, size = [][]byte{p.data[off:]}, size-min(size, uint32(off))
	default:
		parts = [][]byte{p.data}
	}
	for i := range parts {
		parts[i] = parts[i][:min(len(parts[i]), snaplen)]
		snaplen -= len(parts[i])
	}
	return parts, size
}

// cooked is the header of LINKTYPE_LINUX_SLL2.
func (p *frame) cooked() []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, p.protocol)
	b = be.AppendUint16(b, 0)
	b = be.AppendUint32(b, p.index)
	b = be.AppendUint16(b, p.hardware)
	b = append(b, p.pktType, byte(len(p.addr)))
	var addr [8]byte
	copy(addr[:], p.addr)
	return append(b, addr[:]...)
}

// flags returns epb_flags: direction in bits 0-1, kind of reception in 2-4.
func (p *frame) flags() uint32 {
	const in, out = 1, 2
	switch p.pktType {
	case pktHost:
		return in | 1<<2
	case pktMulticast:
		return in | 2<<2
	case pktBroadcast:
		return in | 3<<2
	case pktOther:
		return in | 4<<2
	case pktOutgoing:
		return out
	}
	return 0
}
