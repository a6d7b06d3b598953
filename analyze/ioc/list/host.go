package list

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Bounds of names, RFC 1035 section 2.3.4.
const (
	maxDomain = 253
	maxLabel  = 63
)

// DomainKey returns the normal form of a domain name: lower case, A-labels, no
// trailing dot. It wants two labels at least and a last label that is not a
// number. Underscores are allowed, since names in the wild have them.
func DomainKey(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 4*maxDomain {
		return "", false
	}
	s, ascii := lower(s)
	if !ascii {
		a, err := toASCII.ToASCII(s)
		if err != nil {
			return "", false
		}
		s = a
	}
	if !validDomain(s) {
		return "", false
	}
	return s, true
}

// toASCII maps as UTS 46 asks for lookups, but lets underscores pass.
var toASCII = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.Transitional(false))

// Spelt returns a name in A-labels as people spell it. It is false for one
// that has none, or a wrong one.
func Spelt(key string) (string, bool) {
	u, err := toASCII.ToUnicode(key)
	return u, err == nil && u != key
}

// lower returns s with ASCII letters in lower case, and whether s is ASCII.
func lower(s string) (string, bool) {
	upper := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x80 {
			return strings.ToLower(s), false
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, true
}

func validDomain(s string) bool {
	if len(s) == 0 || len(s) > maxDomain {
		return false
	}
	start, labels := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if !labelByte(s[i]) {
				return false
			}
			continue
		}
		if i == start || i-start > maxLabel || s[start] == '-' && labels == 0 {
			return false
		}
		labels++
		if i < len(s) {
			start = i + 1
		}
	}
	return labels > 1 && !number(s[start:]) && s[start] != '-' && s[len(s)-1] != '-'
}

func labelByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func number(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}

// IPKey returns the normal form of an address; "[::1]" loses its brackets, an
// IPv4-mapped address becomes IPv4. Zones are refused.
func IPKey(s string) (string, bool) {
	a, ok := parseIP(s)
	if !ok {
		return "", false
	}
	return a.String(), true
}

func parseIP(s string) (netip.Addr, bool) {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	if len(s) < 2 || len(s) > 45 || !hexOr(s[0], ':') {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

func hexOr(c, other byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' || c == other
}

// CIDRKey returns the normal form of a network, with the bits beyond the mask
// cleared: "10.1.2.3/8" becomes "10.0.0.0/8", "::ffff:10.0.0.0/104" too.
func CIDRKey(s string) (string, bool) {
	if strings.IndexByte(s, '/') < 0 || len(s) > 49 {
		return "", false
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		if p, err = masked(s); err != nil {
			return "", false
		}
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 { // as IPKey has it
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked().String(), true
}

// masked reads a network with a mask in the place of the prefix length,
// "10.0.0.0/255.0.0.0".
func masked(s string) (netip.Prefix, error) {
	addr, mask, _ := strings.Cut(s, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || !a.Is4() || !dotted(mask) {
		return netip.Prefix{}, errMask
	}
	b := netip.MustParseAddr(mask).As4()
	m := binary.BigEndian.Uint32(b[:])
	n := bits.LeadingZeros32(^m)
	if m<<n != 0 {
		return netip.Prefix{}, errMask
	}
	return netip.PrefixFrom(a, n), nil
}

func dotted(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// HostKey returns the normal form of a host, a domain name or an address, as
// it stands before a port: IPv6 in brackets.
func HostKey(s string) (string, bool) {
	if a, ok := parseIP(s); ok {
		if a.Is6() {
			return "[" + a.String() + "]", true
		}
		return a.String(), true
	}
	return DomainKey(s)
}

// HostPortKey returns the normal form of "host:port".
func HostPortKey(s string) (string, bool) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 {
		return "", false
	}
	port, ok := portKey(s[i+1:])
	if !ok || s[0] != '[' && strings.IndexByte(s[:i], ':') >= 0 {
		return "", false
	}
	host, ok := HostKey(s[:i])
	return host + ":" + port, ok
}

func portKey(s string) (string, bool) {
	if len(s) > 5 || !number(s) {
		return "", false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return "", false
	}
	return strconv.FormatUint(n, 10), true
}

// EmailKey returns the normal form of an address: lower case, its domain as in
// DomainKey.
func EmailKey(s string) (string, bool) {
	s = strings.TrimPrefix(s, "mailto:")
	i := strings.LastIndexByte(s, '@')
	if i <= 0 || i > 64 {
		return "", false
	}
	local, ascii := lower(s[:i])
	if !ascii {
		return "", false
	}
	for j := 0; j < len(local); j++ {
		if !LocalByte(local[j]) {
			return "", false
		}
	}
	domain, ok := DomainKey(s[i+1:])
	return local + "@" + domain, ok
}

// LocalByte reports whether c may stand in the local part of a mail address
// as this package and the scanner read it.
func LocalByte(c byte) bool {
	return labelByte(c) || 'A' <= c && c <= 'Z' || c == '.' || c == '+' || c == '%'
}

// MapRune returns what UTS 46 maps a rune of a name to for a lookup, which is
// nothing for some; false for one that no name may have.
func MapRune(r rune) (string, bool) {
	s, err := toASCII.ToUnicode("a" + string(r)) // a mark can't stand first
	if err != nil || len(s) == 0 {
		return "", false
	}
	d := norm.NFD.String(s)
	if d[0] != 'a' {
		return "", false
	}
	return d[1:], true
}
