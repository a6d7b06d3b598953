package network

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/hozen-dfir/hozen/collect/network/netlink"
)

// maxHops bounds the ways of one route; the kernel's limit is 255.
const maxHops = 256

// routeTypes are RTN_… of linux/rtnetlink.h.
var routeTypes = []string{
	"unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve",
}

func named(v uint8, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// prefix prints an address with its length; none where the length is 0.
func prefix(b []byte, n uint8) string {
	if len(b) == 0 {
		return ""
	}
	return ip(b) + "/" + strconv.Itoa(int(n))
}

// parseRoute decodes RTM_NEWROUTE: struct rtmsg and RTA_… attributes.
func parseRoute(b []byte) (Route, error) {
	if len(b) < 12 {
		return Route{}, netlink.ErrTruncated
	}
	a := netlink.ParseAttrs(b[12:])
	r := Route{
		Format: "hozen-route/1", Family: family(b[0]), TOS: b[3], Table: uint32(b[4]), Protocol: b[5], Scope: scope(b[6]),
		Type: named(b[7], routeTypes), Flags: binary.NativeEndian.Uint32(b[8:]),
		Dst: prefix(a[1], b[1]), Src: prefix(a[2], b[2]), PrefSrc: ip(a[7]),
	}
	if r.Dst == "" {
		r.Dst = "default"
	}
	if v, ok := a.U32(15); ok {
		r.Table = v
	}
	r.Priority, _ = a.U32(6)
	r.NextHopID, _ = a.U32(30)
	if v := a[21]; len(v) >= 2 {
		r.Encap = binary.NativeEndian.Uint16(v)
	}
	if many := a[9]; len(many) > 0 {
		r.Hops = multipath(many)
	} else if h := hop(a); h != (Hop{}) {
		r.Hops = []Hop{h}
	}
	return r, nil
}

func hop(a netlink.Attrs) Hop {
	h := Hop{Gateway: ip(a[5])}
	if via := a[18]; h.Gateway == "" && len(via) > 2 { // struct rtvia: family, address
		h.Gateway = ip(via[2:])
	}
	h.Index, _ = a.U32(4)
	return h
}

// multipath decodes a list of struct rtnexthop, each with attributes.
func multipath(b []byte) (out []Hop) {
	for len(b) >= 8 && len(out) < maxHops {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 8 || n > len(b) {
			return out
		}
		h := hop(netlink.ParseAttrs(b[8:n]))
		h.Weight, h.Index = int(b[3])+1, binary.NativeEndian.Uint32(b[4:])
		out = append(out, h)
		b = b[min((n+3)&^3, len(b)):]
	}
	return out
}

// ruleActions are FR_ACT_… of linux/fib_rules.h.
var ruleActions = []string{"unspec", "table", "goto", "nop", "res3", "res4", "blackhole", "unreachable", "prohibit"}

// parseRule decodes RTM_NEWRULE: struct fib_rule_hdr and FRA_… attributes.
func parseRule(b []byte) (Rule, error) {
	if len(b) < 12 {
		return Rule{}, netlink.ErrTruncated
	}
	le := binary.NativeEndian
	a := netlink.ParseAttrs(b[12:])
	r := Rule{
		Format: "hozen-rule/1", Family: family(b[0]), TOS: b[3], Table: uint32(b[4]), Action: named(b[7], ruleActions),
		Invert: le.Uint32(b[8:])&0x02 != 0, // FIB_RULE_INVERT
		Dst:    prefix(a[1], b[1]), Src: prefix(a[2], b[2]), IIF: text(a.Text(3)), OIF: text(a.Text(17)),
	}
	if v, ok := a.U32(15); ok {
		r.Table = v
	}
	r.Priority, _ = a.U32(6)
	r.Goto, _ = a.U32(4)
	r.Protocol, _ = a.U8(21)
	r.IPProto, _ = a.U8(22)
	if v, ok := a.U32(10); ok {
		mask, _ := a.U32(16)
		r.Mark = fmt.Sprintf("0x%x/0x%x", v, mask)
	}
	if v := a[20]; len(v) >= 8 {
		r.UIDs = fmt.Sprintf("%d-%d", le.Uint32(v), le.Uint32(v[4:]))
	}
	return r, nil
}
