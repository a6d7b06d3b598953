package list

import (
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
)

// Errors that say why a text is not an indicator.
var (
	errEmpty   = errors.New("empty")
	errUnknown = errors.New("not an indicator of a known type")
	errLong    = errors.New("too long")
	errEvery   = errors.New("an expression that meets every path")
	errMask    = errors.New("a network with a wrong prefix length")
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
	return detectForm(s)
}

func unquote(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

func hashKind(s string) (Kind, bool) {
	var k Kind
	switch len(s) {
	case 32:
		k = MD5
	case 40:
		k = SHA1
	case 64:
		k = SHA256
	default:
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if !hexOr(s[i], '0') {
			return 0, false
		}
	}
	return k, true
}

// detectForm tries network forms first, then those of files.
func detectForm(s string) (Kind, string, error) {
	if k, p, ok := pathKey(s); ok && s[0] != '/' && !strings.Contains(s, `\.`) {
		return k, p, nil
	}
	r := Refang(s)
	if r[0] == '/' {
		if k, p, ok := pathKey(r); ok {
			return k, p, nil
		}
	}
	switch {
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
		if _, ok := IPKey(host); ok && number(tail) && len(tail) <= 3 {
			return 0, "", errMask
		}
		return keyed(URL, r, URLKey)
	}
	if k, ok := HostPortKey(r); ok {
		return HostPort, k, nil
	}
	if fileLike(r) {
		return keyed(FileName, r, nameKey)
	}
	return keyed(Domain, trimWildcard(r), DomainKey)
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
	"any": wantAny, "ioc": wantAny, "indicator": wantAny,
	"md5": wantHash, "sha1": wantHash, "sha-1": wantHash, "sha256": wantHash, "sha-256": wantHash, "hash": wantHash,
	"md5_hash": wantHash, "sha1_hash": wantHash, "sha256_hash": wantHash, "file_hash": wantHash, "filehash": wantHash,
	"filehash-md5": wantHash, "filehash-sha1": wantHash, "filehash-sha256": wantHash, "sha-2": wantHash,
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
		return keyed(FileName, s, nameKey)
	case wantPath:
		if k, p, ok := pathKey(s); ok {
			return k, p, nil
		}
		return keyed(FileName, s, nameKey)
	case wantHash:
		s = strings.TrimPrefix(strings.ToLower(s), "0x")
		if k, ok := hashKind(s); ok {
			return k, s, nil
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

// HashBytes returns the bytes of a hash key, or nil.
func HashBytes(key string) []byte {
	b, err := hex.DecodeString(key)
	if err != nil {
		return nil
	}
	return b
}
