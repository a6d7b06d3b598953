package sockets

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Table is one file below /proc/<pid>/net that lists sockets.
type Table struct {
	File     string
	Family   string
	Protocol string
}

// Tables returns the socket tables that are read, in order.
func Tables() []Table {
	return []Table{
		{"tcp", "inet", "tcp"}, {"tcp6", "inet6", "tcp"}, {"udp", "inet", "udp"}, {"udp6", "inet6", "udp"},
		{"udplite", "inet", "udplite"}, {"udplite6", "inet6", "udplite"},
		{"raw", "inet", "raw"}, {"raw6", "inet6", "raw"}, {"icmp", "inet", "icmp"}, {"icmp6", "inet6", "icmp"},
		{"unix", "unix", ""}, {"packet", "packet", ""}, {"netlink", "netlink", ""},
	}
}

// Parse decodes the bytes of one table and calls each for every socket. Lines
// of another shape are counted in bad. The name of a unix socket may hold a
// newline, which the kernel does not escape: a forged line is possible, but it
// is then in this view alone.
func (t Table) Parse(b []byte, each func(Socket)) (bad int) {
	first := true
	for line := range strings.Lines(string(b)) {
		if first {
			first = false
			continue
		}
		s := Socket{Format: Format, Family: t.Family, Protocol: t.Protocol, Views: []string{ViewProc}}
		line = strings.TrimSuffix(line, "\n")
		var err error
		switch t.Family {
		case "unix":
			err = s.unixLine(line)
		case "packet":
			err = s.packetLine(strings.Fields(line))
		case "netlink":
			err = s.netlinkLine(strings.Fields(line))
		default:
			err = s.inetLine(strings.Fields(line))
		}
		if err != nil {
			bad++
			continue
		}
		each(s)
	}
	return bad
}

// inetLine: sl local remote st tx:rx tr:when retransmits uid timeout inode …
func (s *Socket) inetLine(f []string) error {
	if len(f) < 10 {
		return fmt.Errorf("%d fields", len(f))
	}
	local, err1 := hexAddr(f[1])
	remote, err2 := hexAddr(f[2])
	st, err3 := strconv.ParseUint(f[3], 16, 8)
	tx, rx, _ := strings.Cut(f[4], ":")
	uid, err4 := strconv.ParseUint(f[7], 10, 32)
	ino, err5 := strconv.ParseUint(f[9], 10, 64)
	t, err6 := strconv.ParseUint(tx, 16, 32)
	r, err7 := strconv.ParseUint(rx, 16, 32)
	if err := firstError(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return err
	}
	s.State = state(s.Protocol, uint8(st))
	s.TxQueue, s.RxQueue = uint32(t), uint32(r)
	s.setUID(uint32(uid))
	s.Inode = strconv.FormatUint(ino, 10)
	s.setAddrs(local, remote)
	return nil
}

// setAddrs fills in the addresses. The "port" of a raw socket is its protocol.
func (s *Socket) setAddrs(local, remote netip.AddrPort) {
	if s.Protocol == "raw" {
		s.Number = uint32(local.Port())
		s.Local = local.Addr().String()
		if !remote.Addr().IsUnspecified() {
			s.Remote = remote.Addr().String()
		}
		return
	}
	s.Local = local.String()
	if !remote.Addr().IsUnspecified() || remote.Port() != 0 {
		s.Remote = remote.String()
	}
}

func (s *Socket) setUID(u uint32) { s.UID = &u }

// hexAddr decodes ADDRESS:PORT; an address is one or four words in the byte
// order of the host, holding bytes in network order.
func hexAddr(v string) (netip.AddrPort, error) {
	a, p, ok := strings.Cut(v, ":")
	port, err := strconv.ParseUint(p, 16, 16)
	if !ok || err != nil || (len(a) != 8 && len(a) != 32) {
		return netip.AddrPort{}, fmt.Errorf("bad address %.60q", v)
	}
	raw := make([]byte, 0, 16)
	for i := 0; i < len(a); i += 8 {
		w, err := strconv.ParseUint(a[i:i+8], 16, 32)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("bad address %.60q", v)
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(w))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// soAcceptCon marks listening sockets in /proc/net/unix (__SO_ACCEPTCON).
const soAcceptCon = 0x10000

// unixLine: num: refcount protocol flags type st inode [path]
func (s *Socket) unixLine(line string) error {
	f := strings.Fields(line)
	if len(f) < 7 || !strings.HasSuffix(f[0], ":") {
		return fmt.Errorf("%d fields", len(f))
	}
	flags, err1 := strconv.ParseUint(f[3], 16, 32)
	typ, err2 := strconv.ParseUint(f[4], 16, 8)
	st, err3 := strconv.ParseUint(f[5], 16, 8)
	ino, err4 := strconv.ParseUint(f[6], 10, 64)
	if err := firstError(err1, err2, err3, err4); err != nil {
		return err
	}
	s.Protocol, s.Inode = sockType(uint8(typ)), strconv.FormatUint(ino, 10)
	switch {
	case flags&soAcceptCon != 0:
		s.State = "LISTEN"
	case st == 3: // SS_CONNECTED
		s.State = "ESTABLISHED"
	default:
		s.State = "UNCONNECTED"
	}
	if _, name, ok := strings.Cut(line, " "+f[6]+" "); ok {
		s.setName(name)
	}
	return nil
}

// packetLine: sk refcnt type proto iface running rmem user inode
func (s *Socket) packetLine(f []string) error {
	if len(f) < 9 {
		return fmt.Errorf("%d fields", len(f))
	}
	typ, err1 := strconv.ParseUint(f[2], 10, 8)
	proto, err2 := strconv.ParseUint(f[3], 16, 16)
	iface, err3 := strconv.ParseUint(f[4], 10, 32)
	rmem, err4 := strconv.ParseUint(f[6], 10, 32)
	uid, err5 := strconv.ParseUint(f[7], 10, 32)
	ino, err6 := strconv.ParseUint(f[8], 10, 64)
	if err := firstError(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	s.Protocol, s.Number, s.IfIndex = sockType(uint8(typ)), uint32(proto), uint32(iface)
	s.RxQueue, s.Inode = uint32(rmem), strconv.FormatUint(ino, 10)
	s.setUID(uint32(uid))
	return nil
}

// netlinkLine: sk protocol portid groups rmem wmem dump locks drops inode
func (s *Socket) netlinkLine(f []string) error {
	if len(f) < 10 {
		return fmt.Errorf("%d fields", len(f))
	}
	_, err1 := strconv.ParseUint(f[1], 10, 8)
	port, err2 := strconv.ParseInt(f[2], 10, 64) // kernels print it signed or not
	rmem, err3 := strconv.ParseUint(f[4], 10, 32)
	wmem, err4 := strconv.ParseUint(f[5], 10, 32)
	ino, err5 := strconv.ParseUint(f[9], 10, 64)
	if err := firstError(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	s.Protocol, s.Number = f[1], uint32(port)
	s.RxQueue, s.TxQueue, s.Inode = uint32(rmem), uint32(wmem), strconv.FormatUint(ino, 10)
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
