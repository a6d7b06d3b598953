package list

import "strings"

// URLKey returns the normal form of a URL: no scheme, user or fragment; host
// in lower case; the port only where it isn't its scheme's own (without a
// scheme neither 80 nor 443 is kept); then the path as in PathKey, "/" at
// least.
func URLKey(s string) (string, bool) {
	scheme := ""
	if i := strings.Index(s, "://"); i >= 0 {
		if !schemeName(s[:i]) {
			return "", false
		}
		scheme, s = strings.ToLower(s[:i]), s[i+3:]
	}
	end := strings.IndexAny(s, "/?#")
	if end < 0 {
		end = len(s)
	}
	authority, path := s[:end], s[end:]
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	host, ok := authorityKey(authority, scheme)
	if !ok {
		return "", false
	}
	key := host + URLPathKey(path)
	return key, len(key) <= MaxURL && printable(key)
}

// printable reports whether s has no spaces and control bytes.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func schemeName(s string) bool {
	if len(s) == 0 || len(s) > 16 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if !('a' <= c && c <= 'z') && (i == 0 || !('0' <= s[i] && s[i] <= '9') && s[i] != '+' && s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return true
}

func authorityKey(s, scheme string) (string, bool) {
	if i := strings.LastIndexByte(s, ':'); i > 0 && !strings.HasSuffix(s, "]") {
		port, ok := portKey(s[i+1:])
		if !ok && s[i+1:] != "" {
			return "", false
		}
		host, ok := HostKey(s[:i])
		if port == "" || DefaultPort(scheme, port) {
			return host, ok
		}
		return host + ":" + port, ok
	}
	return HostKey(s)
}

// DefaultPort reports whether URLKey leaves port out under scheme.
func DefaultPort(scheme, port string) bool {
	switch scheme {
	case "":
		return port == "80" || port == "443"
	case "http":
		return port == "80"
	case "https":
		return port == "443"
	case "ftp":
		return port == "21"
	}
	return false
}

// URLPathKey returns the normal form of the path and query of a URL: a leading
// slash, no fragment, %XX of unreserved bytes decoded and other %xx in upper
// case (RFC 3986 section 6.2.2).
func URLPathKey(s string) string {
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[:i]
	}
	if s == "" || s[0] != '/' {
		s = "/" + s
	}
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return string(appendUnescaped(make([]byte, 0, len(s)), s))
}

func appendUnescaped(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+2 >= len(s) {
			b = append(b, s[i])
			continue
		}
		c, plain, ok := Unescape(s[i+1], s[i+2])
		switch {
		case !ok:
			b = append(b, s[i])
			continue
		case plain:
			b = append(b, c)
		default:
			b = append(b, '%', UpperHex(s[i+1]), UpperHex(s[i+2]))
		}
		i += 2
	}
	return b
}

// Unescape reads the two digits behind a "%". It returns the byte that they
// stand for, and whether the normal form has that byte in their place.
func Unescape(hi, lo byte) (c byte, plain, ok bool) {
	if !hexOr(hi, '0') || !hexOr(lo, '0') {
		return 0, false, false
	}
	c = unhex(hi)<<4 | unhex(lo)
	return c, unreserved(c), true
}

func unreserved(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// UpperHex returns a hex digit as the normal form has it.
func UpperHex(c byte) byte {
	if c >= 'a' {
		return c - 0x20
	}
	return c
}
