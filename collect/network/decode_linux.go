package network

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/collect/network/netlink"
)

// Address families (bits/socket.h).
const (
	afInet   = 2
	afBridge = 7
	afInet6  = 10
	afMPLS   = 28
)

func family(f uint8) string {
	switch f {
	case afInet:
		return "inet"
	case afInet6:
		return "inet6"
	case afBridge:
		return "bridge"
	case afMPLS:
		return "mpls"
	}
	return strconv.Itoa(int(f))
}

// ip prints an address of 4 or 16 bytes; anything else in hex, "" where empty.
func ip(b []byte) string {
	if a, ok := netip.AddrFromSlice(b); ok {
		return a.String()
	}
	return hex.EncodeToString(b)
}

// link prints a link-layer address: colons for the usual six bytes and others
// alike; tunnels have IP addresses there.
func link(b []byte, hardware uint16) string {
	switch {
	case len(b) == 4, len(b) == 16 && hardware != 32: // not InfiniBand
		return ip(b)
	case len(b) == 0 || len(b) > 32:
		return ""
	}
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = hex.EncodeToString([]byte{c})
	}
	return strings.Join(parts, ":")
}

func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// bits names the bits of v.
func bits(v uint32, names []string) []string {
	out := []string{}
	for i := range 32 {
		switch {
		case v>>i&1 == 0:
		case i < len(names) && names[i] != "":
			out = append(out, names[i])
		default:
			out = append(out, "bit"+strconv.Itoa(i))
		}
	}
	return out
}

// ifFlags are the bits of linux/if.h.
var ifFlags = []string{
	"up", "broadcast", "debug", "loopback", "pointopoint", "notrailers", "running", "noarp", "promisc", "allmulti",
	"master", "slave", "multicast", "portsel", "automedia", "dynamic", "lower_up", "dormant", "echo",
}

const flagPromisc = 1 << 8

var operStates = []string{"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"}

// counters are the first fields of struct rtnl_link_stats64.
var counters = []string{
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast", "collisions",
}

// parseInterface decodes RTM_NEWLINK: struct ifinfomsg and IFLA_… attributes.
func parseInterface(b []byte) (Interface, error) {
	if len(b) < 16 {
		return Interface{}, netlink.ErrTruncated
	}
	le := binary.NativeEndian
	a := netlink.ParseAttrs(b[16:])
	flags := le.Uint32(b[8:])
	i := Interface{
		Format: "hozen-interface/1", Type: le.Uint16(b[2:]), Index: int32(le.Uint32(b[4:])),
		Flags: bits(flags, ifFlags), RawFlags: "0x" + strconv.FormatUint(uint64(flags), 16),
		Name: text(a.Text(3)), Alias: text(a.Text(20)), QDisc: text(a.Text(6)),
	}
	i.Address, i.Broadcast, i.Permanent = link(a[1], i.Type), link(a[2], i.Type), link(a[54], i.Type)
	i.MTU, _ = a.U32(4)
	i.Link, _ = a.U32(5)
	i.Master, _ = a.U32(10)
	i.Promiscuity, _ = a.U32(30)
	if v, ok := a.U32(37); ok {
		i.LinkNetNS = strconv.Itoa(int(int32(v)))
	}
	if v, ok := a.U8(16); ok && int(v) < len(operStates) {
		i.OperState = operStates[v]
	}
	i.Kind = text(netlink.ParseAttrs(a[18]).Text(1)) // IFLA_LINKINFO, IFLA_INFO_KIND
	xdp := netlink.ParseAttrs(a[43])
	i.XDP, _ = xdp.U8(2)
	i.XDPProgram, _ = xdp.U32(4)
	for typ, v := range netlink.EachAttr(a[52]) { // IFLA_PROP_LIST
		if typ == 53 && len(i.AltNames) < 64 { // IFLA_ALT_IFNAME
			i.AltNames = append(i.AltNames, text(netlink.Attrs{0: v}.Text(0)))
		}
	}
	if st := a[23]; len(st) >= 8*len(counters) { // IFLA_STATS64
		i.Counters = map[string]string{}
		for n, name := range counters {
			i.Counters[name] = strconv.FormatUint(le.Uint64(st[8*n:]), 10)
		}
	}
	return i, nil
}

// addrFlags are IFA_F_… of linux/if_addr.h.
var addrFlags = []string{
	"secondary", "nodad", "optimistic", "dadfailed", "homeaddress", "deprecated", "tentative", "permanent",
	"mngtmpaddr", "noprefixroute", "mcautojoin", "stable-privacy",
}

// parseAddress decodes RTM_NEWADDR: struct ifaddrmsg and IFA_… attributes.
func parseAddress(b []byte) (Address, error) {
	if len(b) < 8 {
		return Address{}, netlink.ErrTruncated
	}
	le := binary.NativeEndian
	a := netlink.ParseAttrs(b[8:])
	o := Address{
		Format: "hozen-address/1", Family: family(b[0]), Prefix: b[1], Scope: scope(b[3]), Index: le.Uint32(b[4:]),
		Address: ip(a[2]), Broadcast: ip(a[4]), Label: text(a.Text(3)),
	}
	// IFA_LOCAL is the own address and IFA_ADDRESS the peer's, where both are there.
	if peer := ip(a[1]); o.Address == "" {
		o.Address = peer
	} else if peer != o.Address {
		o.Peer = peer
	}
	flags := uint32(b[2])
	if v, ok := a.U32(8); ok {
		flags = v
	}
	o.Flags = bits(flags, addrFlags)
	if c := a[6]; len(c) >= 8 {
		o.Preferred, o.Valid = lifetime(le.Uint32(c)), lifetime(le.Uint32(c[4:]))
	}
	return o, nil
}

func lifetime(s uint32) string {
	if s == ^uint32(0) {
		return "forever"
	}
	return strconv.FormatUint(uint64(s), 10)
}

// scope names RT_SCOPE_….
func scope(v uint8) string {
	switch v {
	case 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	case 255:
		return "nowhere"
	}
	return strconv.Itoa(int(v))
}

// neighStates are NUD_… of linux/neighbour.h.
var neighStates = []string{"incomplete", "reachable", "stale", "delay", "probe", "failed", "noarp", "permanent"}

// neighProxy marks an address that the host answers for in another's name
// (NTF_PROXY of linux/neighbour.h).
const neighProxy = 0x08

// parseNeighbour decodes RTM_NEWNEIGH: struct ndmsg and NDA_… attributes.
func parseNeighbour(b []byte) (Neighbour, error) {
	if len(b) < 12 {
		return Neighbour{}, netlink.ErrTruncated
	}
	le := binary.NativeEndian
	a := netlink.ParseAttrs(b[12:])
	n := Neighbour{
		Format: "hozen-neighbour/1", Family: family(b[0]), Index: int32(le.Uint32(b[4:])),
		State: bits(uint32(le.Uint16(b[8:])), neighStates), Dst: ip(a[1]), LLAddr: link(a[2], 0),
		Proxy: b[10]&neighProxy != 0, Router: b[10]&0x80 != 0,
	}
	if v := a[5]; len(v) >= 2 {
		n.VLAN = le.Uint16(v)
	}
	if c := a[3]; len(c) >= 12 { // struct nda_cacheinfo, in hundredths of a second
		n.Confirmed, n.Used, n.Updated = ago(le.Uint32(c)), ago(le.Uint32(c[4:])), ago(le.Uint32(c[8:]))
	}
	return n, nil
}

func ago(ticks uint32) string { return strconv.FormatFloat(float64(ticks)/100, 'f', 2, 64) }
