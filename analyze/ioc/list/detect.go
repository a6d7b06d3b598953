package list

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Errors that say why a text is not an indicator.
var (
	errEmpty   = errors.New("empty")
	errUnknown = errors.New("not an indicator of a known type")
	errLong    = errors.New("too long")
	errEvery   = errors.New("an expression that meets every path")
	errMask    = errors.New("a network with a wrong prefix length")
	errRange   = errors.New("a range of addresses: write it as networks")
	errUTF8    = errors.New("not UTF-8")
	errKey     = errors.New("a key of the registry: keys are not searched for")
	errDigest  = errors.New("a digest other than MD5, SHA-1 and SHA-256, which are those that items have")
)

// Detect tells what s is and returns its normal form. An explicit word in
// front ("path:", "name:", "domain:", "md5:" …) decides; without one the form
// of the text does.
func Detect(s string) (Kind, string, error) {
	s = unquote(strings.TrimSpace(s))
	if s == "" {
		return 0, "", errEmpty
	}
	if i := strings.IndexByte(s, ':'); i > 1 && i < 16 {
		if want, ok := words[strings.ToLower(s[:i])]; ok && !strings.HasPrefix(s[i:], "://") {
			return As(want, s[i+1:])
		}
	}
	if k, ok := hashKind(s); ok {
		l, _ := lower(s)
		return k, l, nil
	}
	if otherDigest(s) {
		return 0, "", errDigest
	}
	if addressRange(s) {
		return 0, "", errRange
	}
	return detectForm(s)
}

// addressRange tells "192.0.2.1-192.0.2.9" and "192.0.2.1 - 192.0.2.9".
func addressRange(s string) bool {
	from, to, ok := strings.Cut(s, "-")
	if !ok || len(s) > 120 {
		return false
	}
	_, low := IPKey(Refang(strings.TrimSpace(from)))
	_, high := IPKey(Refang(strings.TrimSpace(to)))
	return low && high
}

// otherDigest tells SHA-224, SHA-384 and SHA-512 by their length.
func otherDigest(s string) bool {
	if len(s) != 56 && len(s) != 96 && len(s) != 128 {
		return false
	}
	return hexDigits(s)
}

func hexDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !hexOr(s[i], '0') {
			return false
		}
	}
	return len(s) > 0
}

// fileName reads a name of a file, which may be a pattern.
func fileName(s string) (Kind, string, error) {
	k, key, err := keyed(FileName, s, nameKey)
	if err != nil {
		return k, key, err
	}
	return starred(k, key)
}

func unquote(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'' || s[0] == '`') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	if len(s) > 1 && s[0] == '<' && s[len(s)-1] == '>' { // RFC 3986, appendix C
		return s[1 : len(s)-1]
	}
	return s
}

func hashKind(s string) (Kind, bool) {
	k, ok := DigestKind(len(s))
	return k, ok && hexDigits(s)
}

// detectForm tries network forms first, then those of files.
func detectForm(s string) (Kind, string, error) {
	if isExpression(s) {
		return regexKey(s)
	}
	if registryKey(s) {
		return 0, "", errKey
	}
	s = unescaped(slashed(s))
	if k, p, ok := pathKey(s); ok && s[0] != '/' && (k == WinPath || s[0] == '%' || !strings.Contains(s, `\.`)) {
		return starred(k, p)
	}
	r := Refang(s)
	if r[0] == '/' {
		if k, p, ok := pathKey(r); ok {
			return starred(k, p)
		}
	}
	switch {
	case strings.HasPrefix(r, "tcp://") || strings.HasPrefix(r, "udp://"):
		return bare(r[6:])
	case strings.Contains(r, "://"):
		return keyed(URL, r, URLKey)
	case strings.IndexByte(r, '@') > 0 && strings.IndexByte(r, '/') < 0:
		return keyed(Email, r, EmailKey)
	}
	if k, ok := IPKey(r); ok {
		return IP, k, nil
	}
	if strings.IndexByte(r, '/') > 0 {
		if k, ok := CIDRKey(r); ok {
			return CIDR, k, nil
		}
		host, tail, _ := strings.Cut(r, "/")
		if _, ok := IPKey(host); ok && (number(tail) && len(tail) <= 3 || dotted(tail)) {
			return 0, "", errMask
		}
		return keyed(URL, r, URLKey)
	}
	if k, ok := HostPortKey(r); ok {
		return HostPort, k, nil
	}
	if fileLike(r) {
		return fileName(r)
	}
	return keyed(Domain, trimWildcard(r), DomainKey)
}

// registryKey tells keys of the Windows registry, which look like ends of paths.
func registryKey(s string) bool {
	root, _, ok := strings.Cut(s, `\`)
	if !ok || len(root) < 3 || len(root) > 32 || root[0]|0x20 != 'h' || root[1]|0x20 != 'k' {
		return false
	}
	root = strings.ToUpper(strings.TrimSuffix(root, ":"))
	return strings.HasPrefix(root, "HKEY_") || slices.Contains([]string{"HKLM", "HKCU", "HKCR", "HKU", "HKCC"}, root)
}

// bare reads what stands behind a scheme that says nothing of an application:
// where no path follows, the host and its port are the indicator.
func bare(s string) (Kind, string, error) {
	host := strings.TrimSuffix(s, "/")
	if k, ok := IPKey(host); ok {
		return IP, k, nil
	}
	if k, ok := HostPortKey(host); ok {
		return HostPort, k, nil
	}
	if k, ok := DomainKey(host); ok {
		return Domain, k, nil
	}
	return keyed(URL, s, URLKey)
}

func trimWildcard(s string) string {
	s = strings.TrimPrefix(s, "*")
	return strings.TrimPrefix(s, ".")
}

func keyed(k Kind, s string, f func(string) (string, bool)) (Kind, string, error) {
	key, ok := f(s)
	if !ok {
		return 0, "", errUnknown
	}
	return k, key, nil
}

// want is a type as a list words it; some words leave a choice.
type want uint8

const (
	wantAny want = iota
	wantHash
	wantIP // address, network or address with port
	wantDomain
	wantURL
	wantEmail
	wantName
	wantPath
	wantRegex
)

// words maps the names of types in CSV columns and before a colon.
var words = map[string]want{
	"any": wantAny, "ioc": wantAny, "indicator": wantAny, "stixfile": wantAny,
	"md5": wantHash, "sha1": wantHash, "sha-1": wantHash, "sha256": wantHash, "sha-256": wantHash, "hash": wantHash,
	"md5_hash": wantHash, "sha1_hash": wantHash, "sha256_hash": wantHash, "file_hash": wantHash, "filehash": wantHash,
	"filehash-md5": wantHash, "filehash-sha1": wantHash, "filehash-sha256": wantHash, "sha-2": wantHash,
	"sha224": wantHash, "sha384": wantHash, "sha512": wantHash, "sha-224": wantHash, "sha-384": wantHash, "sha-512": wantHash, // said to be unknown
	"ip": wantIP, "ipv4": wantIP, "ipv6": wantIP, "ip-src": wantIP, "ip-dst": wantIP, "ip_address": wantIP, "ip address": wantIP,
	"ipv4-addr": wantIP, "ipv6-addr": wantIP, "cidr": wantIP, "netblock": wantIP, "network": wantIP, "ip:port": wantIP,
	"ip-dst|port": wantIP, "ip-src|port": wantIP, "host-port": wantIP, "dst_ip": wantIP, "src_ip": wantIP,
	"domain": wantDomain, "domains": wantDomain, "hostname": wantDomain, "host": wantDomain, "fqdn": wantDomain,
	"domain-name": wantDomain, "domain_name": wantDomain, "hostname|port": wantDomain,
	"url": wantURL, "uri": wantURL, "link": wantURL, "urls": wantURL,
	"email": wantEmail, "e-mail": wantEmail, "email-src": wantEmail, "email-dst": wantEmail, "email-addr": wantEmail,
	"filename": wantName, "file_name": wantName, "file-name": wantName, "name": wantName, "file": wantName,
	"filepath": wantPath, "file_path": wantPath, "fullpath": wantPath,
	"path": wantRegex, "regex": wantRegex, "path-regex": wantRegex, "path_regex": wantRegex, "filepath-regex": wantRegex,
	"file path regex": wantRegex,
}

// As reads s as the type that the list states.
func As(w want, s string) (Kind, string, error) {
	s = unquote(strings.TrimSpace(s))
	if s == "" {
		return 0, "", errEmpty
	}
	switch w {
	case wantAny:
		return Detect(s)
	case wantRegex:
		return regexKey(s)
	case wantName:
		return fileName(s)
	case wantPath:
		if k, p, ok := pathKey(s); ok {
			return starred(k, p)
		}
		return fileName(s)
	case wantHash:
		s = strings.TrimPrefix(strings.ToLower(s), "0x")
		if k, ok := hashKind(s); ok {
			return k, s, nil
		}
		if otherDigest(s) {
			return 0, "", errDigest
		}
		return 0, "", errUnknown
	}
	return asNetwork(w, Refang(s))
}

func asNetwork(w want, s string) (Kind, string, error) {
	switch w {
	case wantURL:
		if k, p, ok := pathKey(s); ok && k == Path {
			return k, p, nil
		}
		return keyed(URL, s, URLKey)
	case wantEmail:
		return keyed(Email, s, EmailKey)
	case wantIP:
		s = strings.Replace(s, "|", ":", 1)
		if k, ok := IPKey(s); ok {
			return IP, k, nil
		}
		if k, ok := CIDRKey(s); ok {
			return CIDR, k, nil
		}
		return keyed(HostPort, s, HostPortKey)
	}
	s = trimWildcard(strings.Replace(s, "|", ":", 1))
	if k, ok := DomainKey(s); ok {
		return Domain, k, nil
	}
	return keyed(HostPort, s, HostPortKey)
}

// regexKey checks that s is an RE2 expression of bearable size.
func regexKey(s string) (Kind, string, error) {
	if len(s) > MaxRegex {
		return 0, "", errLong
	}
	re, err := regexp.Compile(s)
	switch {
	case err != nil:
		return 0, "", err
	case re.MatchString(""):
		return 0, "", errEvery
	}
	return PathRegex, s, nil
}
