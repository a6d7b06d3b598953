package sockets

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/collect/network/netlink"
)

// Address families (bits/socket.h) as sock_diag names them.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17
)

// Sizes of the fixed parts of answers.
const (
	inetDiagLen    = 72 // struct inet_diag_msg
	unixDiagLen    = 16 // struct unix_diag_msg
	packetDiagLen  = 16 // struct packet_diag_msg
	netlinkDiagLen = 28 // struct netlink_diag_msg
)

// Attributes and the "show" bits that ask for them.
const (
	unixAttrName, unixAttrPeer, unixAttrRqlen, unixAttrUID = 0, 2, 4, 7
	unixShow                                               = 0x01 | 0x04 | 0x10 | 0x40
	packetAttrInfo, packetAttrUID                          = 0, 5
	packetShow                                             = 0x01
	netlinkAttrMeminfo                                     = 0
	netlinkShow                                            = 0x01
)

// query is one dump that sock_diag is asked for.
type query struct {
	family   uint8
	protocol uint8
	name     string // Socket.Protocol of inet sockets
}

func (q query) String() string {
	switch q.family {
	case afUnix:
		return "unix"
	case afPacket:
		return "packet"
	case afNetlink:
		return "netlink"
	case afInet6:
		return q.name + "6"
	}
	return q.name
}

func queries() []query {
	var out []query
	for _, f := range []uint8{afInet, afInet6} {
		out = append(out, query{f, 6, "tcp"}, query{f, 17, "udp"}, query{f, 136, "udplite"},
			query{f, 132, "sctp"}, query{f, 255, "raw"})
	}
	return append(out, query{afUnix, 0, ""}, query{afPacket, 0, ""}, query{afNetlink, 255, ""}) // NDIAG_PROTO_ALL
}

// body is the request's fixed part.
func (q query) body() []byte {
	le := binary.NativeEndian
	switch q.family {
	case afUnix:
		b := make([]byte, 24)
		b[0] = q.family
		le.PutUint32(b[4:], ^uint32(0)) // all states
		le.PutUint32(b[12:], unixShow)
		return b
	case afPacket, afNetlink:
		b := make([]byte, 20)
		b[0], b[1] = q.family, q.protocol
		le.PutUint32(b[8:], map[uint8]uint32{afPacket: packetShow, afNetlink: netlinkShow}[q.family])
		return b
	}
	b := make([]byte, 56) // struct inet_diag_req_v2
	b[0], b[1] = q.family, q.protocol
	le.PutUint32(b[4:], ^uint32(0))
	return b
}

// parse decodes one answer.
func (q query) parse(b []byte) (Socket, error) {
	s := Socket{Format: Format, Protocol: q.name, Views: []string{ViewDiag}}
	switch q.family {
	case afUnix:
		return s, s.unixDiag(b)
	case afPacket:
		return s, s.packetDiag(b)
	case afNetlink:
		return s, s.netlinkDiag(b)
	}
	return s, s.inetDiag(b)
}

func (s *Socket) inetDiag(b []byte) error {
	if len(b) < inetDiagLen {
		return netlink.ErrTruncated
	}
	le := binary.NativeEndian
	addr := func(at, port int) netip.AddrPort {
		a := netip.AddrFrom4([4]byte(b[at : at+4]))
		if b[0] == afInet6 {
			a = netip.AddrFrom16([16]byte(b[at : at+16]))
		}
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(b[port:]))
	}
	s.Family = "inet"
	if b[0] == afInet6 {
		s.Family = "inet6"
	}
	s.State = state(s.Protocol, b[1])
	s.setAddrs(addr(8, 4), addr(24, 6))
	s.IfIndex = le.Uint32(b[40:])
	s.RxQueue, s.TxQueue = le.Uint32(b[56:]), le.Uint32(b[60:])
	s.setUID(le.Uint32(b[64:]))
	s.Inode = strconv.FormatUint(uint64(le.Uint32(b[68:])), 10)
	return nil
}

func (s *Socket) unixDiag(b []byte) error {
	if len(b) < unixDiagLen {
		return netlink.ErrTruncated
	}
	s.Family, s.Protocol, s.State = "unix", sockType(b[1]), state("unix", b[2])
	s.Inode = strconv.FormatUint(uint64(binary.NativeEndian.Uint32(b[4:])), 10)
	a := netlink.ParseAttrs(b[unixDiagLen:])
	if name, ok := a[unixAttrName]; ok && len(name) > 0 {
		s.setName(unixName(string(name)))
	}
	if p, ok := a.U32(unixAttrPeer); ok && p != 0 {
		s.Peer = strconv.FormatUint(uint64(p), 10)
	}
	if v := a[unixAttrRqlen]; len(v) >= 8 {
		s.RxQueue, s.TxQueue = binary.NativeEndian.Uint32(v), binary.NativeEndian.Uint32(v[4:])
	}
	if u, ok := a.U32(unixAttrUID); ok {
		s.setUID(u)
	}
	return nil
}

// unixName writes a socket's name as /proc/net/unix does: an abstract name
// begins with a zero byte, shown as "@", as are the zero bytes within it.
func unixName(raw string) string {
	if !strings.HasPrefix(raw, "\x00") {
		raw, _, _ = strings.Cut(raw, "\x00")
		return raw
	}
	return strings.ReplaceAll(raw, "\x00", "@")
}

func (s *Socket) packetDiag(b []byte) error {
	if len(b) < packetDiagLen {
		return netlink.ErrTruncated
	}
	le := binary.NativeEndian
	s.Family, s.Protocol, s.Number = "packet", sockType(b[1]), uint32(le.Uint16(b[2:]))
	s.Inode = strconv.FormatUint(uint64(le.Uint32(b[4:])), 10)
	a := netlink.ParseAttrs(b[packetDiagLen:])
	if i, ok := a.U32(packetAttrInfo); ok {
		s.IfIndex = i
	}
	if u, ok := a.U32(packetAttrUID); ok {
		s.setUID(u)
	}
	return nil
}

func (s *Socket) netlinkDiag(b []byte) error {
	if len(b) < netlinkDiagLen {
		return netlink.ErrTruncated
	}
	le := binary.NativeEndian
	s.Family, s.Protocol, s.Number = "netlink", strconv.Itoa(int(b[2])), le.Uint32(b[4:])
	s.Inode = strconv.FormatUint(uint64(le.Uint32(b[16:])), 10)
	if v := netlink.ParseAttrs(b[netlinkDiagLen:])[netlinkAttrMeminfo]; len(v) >= 16 {
		s.RxQueue, s.TxQueue = le.Uint32(v), le.Uint32(v[8:]) // SK_MEMINFO_RMEM_ALLOC, …_WMEM_ALLOC
	}
	return nil
}
