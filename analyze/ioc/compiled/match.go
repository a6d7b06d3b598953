package compiled

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// Hits appends all listings of the indicator of entry e, 1-based as the other
// methods give it.
func (s *Set) Hits(to []Hit, e uint32) []Hit {
	for n := 0; e != 0 && n < maxTwins; n++ {
		to = append(to, s.hit(e-1))
		e = s.entry(e - 1).next
	}
	return to
}

func (s *Set) hit(i uint32) Hit {
	e := s.entry(i)
	h := Hit{Indicator: s.raw(e), Kind: e.kind.String(), Line: int(e.line),
		Comment: string(s.text(e.comment)), Score: int(e.score)}
	if int(e.file) < len(s.files) {
		h.File = s.files[e.file]
	}
	return h
}

// raw is the indicator as it was listed: what is its own, and behind that the
// tail that it shares with the key.
func (s *Set) raw(e entry) string {
	key := s.text(e.key)
	return string(s.text(e.raw)) + string(key[len(key)-min(len(key), int(e.tail)):])
}

// MatchHash returns the listings of an MD5, SHA-1 or SHA-256 digest in hex.
func (s *Set) MatchHash(hexDigest string) []Hit {
	kind, ok := list.DigestKind(len(hexDigest))
	if !ok {
		return nil
	}
	return s.Hits(nil, lookup(s, kind, strings.ToLower(hexDigest)))
}

// endKey returns the normal form of the longest end of a name that has one:
// labels of names on the wire may hold any bytes (RFC 2181 section 11), and
// must not hide the domain that they are under.
func endKey(name string) (string, bool) {
	if key, ok := list.DomainKey(name); ok {
		return key, true
	}
	name = strings.TrimSuffix(name, ".")
	from, ascii, plain := len(name)+1, len(name)+1, true
	for from > 0 && len(name)-from <= maxEnd {
		i := strings.LastIndexByte(name[:from-1], '.')
		label := name[i+1 : from-1]
		if !labelLike(label) {
			break
		}
		from = i + 1
		if plain = plain && strings.IndexFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) < 0; plain && len(name)-from <= 253 {
			ascii = from
		}
	}
	if from <= len(name) {
		if key, ok := list.DomainKey(name[from:]); ok {
			return key, true
		}
	}
	if ascii > from && ascii <= len(name) {
		return list.DomainKey(name[ascii:])
	}
	return "", false
}

// maxEnd is how much of a name endKey looks at: characters have four bytes.
const maxEnd = 4 * 253

// labelLike reports whether s may be a label, of letters of any script.
func labelLike(s string) bool {
	if len(s) == 0 || !utf8.ValidString(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < utf8.RuneSelf && c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// MatchDomain returns the listings of name and of the domains it is under.
func (s *Set) MatchDomain(name string) []Hit {
	if !s.Has(list.Domain) {
		return nil
	}
	key, ok := endKey(name)
	if !ok {
		return nil
	}
	var out []Hit
	for {
		out = s.Hits(out, lookup(s, list.Domain, key))
		i := strings.IndexByte(key, '.')
		if i < 0 {
			return out
		}
		key = key[i+1:]
	}
}

// MatchIP returns the listings of an address and of the networks it is in.
func (s *Set) MatchIP(a netip.Addr) []Hit {
	var out []Hit
	s.IPs(a, func(e uint32) { out = s.Hits(out, e) })
	return out
}

// IPs calls found with the entries, 1-based, of an address and of the networks
// it is in, narrowest first.
func (s *Set) IPs(a netip.Addr, found func(uint32)) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return
	}
	var buf [64]byte
	if s.may(list.IP, networkHash(a, a.BitLen())) {
		if e := lookup(s, list.IP, a.AppendTo(buf[:0])); e != 0 {
			found(e)
		}
	}
	masks := s.masks[1:]
	if a.Is4() {
		masks = s.masks[:1]
	}
	for i := len(masks) - 1; i >= 0; i-- {
		for m := masks[i]; m != 0; {
			top := bits.Len64(m) - 1
			m &^= 1 << top
			n := 64*i + top
			if n > a.BitLen() || !s.may(list.CIDR, networkHash(a, n)) {
				continue
			}
			p, _ := a.Prefix(n)
			if e := lookup(s, list.CIDR, p.AppendTo(buf[:0])); e != 0 {
				found(e)
			}
		}
	}
}

// MatchHostPort returns the listings of "host:port" for a domain name (and the
// domains it is under) or an address. It doesn't look for the host alone.
func (s *Set) MatchHostPort(host string, port uint16) []Hit {
	if !s.Has(list.HostPort) {
		return nil
	}
	key, ok := list.HostKey(host)
	if !ok {
		key, ok = endKey(host)
	}
	if !ok {
		return nil
	}
	var out []Hit
	tail := ":" + strconv.Itoa(int(port))
	for {
		out = s.Hits(out, lookup(s, list.HostPort, key+tail))
		i := strings.IndexByte(key, '.')
		if _, err := netip.ParseAddr(key); i < 0 || err == nil {
			return out
		}
		key = key[i+1:]
	}
}

// MatchURL returns the listings of URLs that rawURL begins with, and of
// absolute paths that its path begins with. The host alone is for MatchDomain
// and MatchIP.
func (s *Set) MatchURL(rawURL string) []Hit {
	if len(rawURL) > 4*list.MaxURL {
		rawURL = rawURL[:4*list.MaxURL]
	}
	key, ok := list.URLKey(rawURL)
	if !ok {
		return nil
	}
	var out []Hit
	slash := strings.IndexByte(key, '/')
	if slash < 0 {
		return nil
	}
	all := func(byte) bool { return true }
	NewWalker(s, all, func(e uint32, _ int) { out = s.Hits(out, e) }).Walk([]byte(key[:slash]), []byte(key[slash:]), true)
	return out
}

// MatchEmail returns the listings of a mail address.
func (s *Set) MatchEmail(address string) []Hit {
	key, ok := list.EmailKey(address)
	if !ok {
		return nil
	}
	return s.Hits(nil, lookup(s, list.Email, key))
}
