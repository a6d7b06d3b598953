package scan

import "net/netip"

// ipv6 reads the address whose first colon is at colon.
func (t *tokens) ipv6(win []byte, colon int) {
	start := colon
	for start > 0 && colon-start < 5 && t.class[win[start-1]]&isHex != 0 {
		start--
	}
	if start > 0 && (t.class[win[start-1]]&isLabel != 0 || colon-start > 4) {
		// A word before the address: "IPv6:2001:db8::1" in mail headers,
		// "ip6:" in SPF records. Its colon is not the address's.
		start = colon + 1
	} else if colon-start > 4 || start > 0 && (win[start-1] == ':' || win[start-1] == '.') {
		return
	}
	end, colons := max(start, colon), 0
	for end < len(win) && end-start <= 45 && (t.class[win[end]]&isHex != 0 || win[end] == ':' || win[end] == '.') {
		if win[end] == ':' {
			colons++
		}
		end++
	}
	if end < len(win) && t.class[win[end]]&isLabel != 0 || colons < 2 {
		return
	}
	for end > start+2 && (win[end-1] == '.' || win[end-1] == ':' && win[end-2] != ':') {
		end--
	}
	b, dots, ok := parse6(win[start:end])
	if !ok {
		return
	}
	a := netip.AddrFrom16(b)
	if a.Is4In6() {
		if dots { // found as IPv4
			return
		}
		a = a.Unmap()
	}
	t.set.IPs(a, func(e uint32) { t.found(e, start, end) })
	if start > 0 && win[start-1] == '[' && end < len(win) && win[end] == ']' {
		host := t.low[:0]
		if a.Is4() {
			host = a.AppendTo(host)
		} else {
			host = append(a.AppendTo(append(host, '[')), ']')
		}
		t.hostPort(host, win, start-1, end+1)
		t.behind(win, start-1, end+1, host, true)
	}
}

// parse6 reads an IPv6 address, RFC 4291 section 2.2, without a zone. dots says
// that it ends in dotted numbers.
func parse6(s []byte) (a [16]byte, dots, ok bool) {
	n, gap := 0, -1
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if i+1 >= len(s) || s[i+1] != ':' && (i == 0 || s[i-1] == ':') {
				return a, false, false
			}
			if s[i+1] == ':' {
				if gap >= 0 {
					return a, false, false
				}
				gap = n
				i += 2
				continue
			}
			i++
		}
		if n == 16 {
			return a, false, false
		}
		v, digits, from := 0, 0, i
		for i < len(s) && hexDigit(s[i]) >= 0 {
			v = v<<4 | hexDigit(s[i])
			if digits++; digits > 4 {
				return a, false, false
			}
			i++
		}
		if i < len(s) && s[i] == '.' {
			v4, ok := parse4(s[from:])
			if !ok || n > 12 {
				return a, false, false
			}
			b := v4.As4()
			copy(a[n:], b[:])
			n += 4
			dots = true
			break
		}
		if digits == 0 || i < len(s) && s[i] != ':' {
			return a, false, false
		}
		a[n], a[n+1] = byte(v>>8), byte(v)
		n += 2
	}
	if gap < 0 {
		return a, dots, n == 16
	}
	if n == 16 {
		return a, false, false
	}
	tail := n - gap
	copy(a[16-tail:], a[gap:n])
	clear(a[gap : 16-tail])
	return a, dots, true
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
