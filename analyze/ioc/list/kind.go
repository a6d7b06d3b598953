package list

// Kind is the type of an indicator. The numbers are part of the compiled form
// of a set (package ioc) and never change their meaning.
type Kind uint8

// The kinds. Key forms are those of Indicator.Key.
const (
	MD5       Kind = 1 + iota // 32 hex digits, lower case
	SHA1                      // 40 hex digits, lower case
	SHA256                    // 64 hex digits, lower case
	IP                        // netip.Addr.String, IPv4-mapped addresses as IPv4
	CIDR                      // netip.Prefix.String, masked
	HostPort                  // "1.2.3.4:80", "[2001:db8::1]:80", "evil.example:80"
	Domain                    // lower case, A-labels (RFC 5890), no trailing dot
	URL                       // host[:port]/path?query without scheme; see URLKey
	Path                      // "/tmp/x": an absolute path, of a file or of a URL, case kept
	WinPath                   // "/windows/x.exe": no drive, lower case, forward slashes
	PathEnd                   // "/temp/x.exe": the end of a path, lower case, forward slashes
	FileName                  // the last part of a path, lower case
	Email                     // lower case
	PathRegex                 // RE2 source, searched for in a path
	kinds                     // one past the last
)

var kindNames = [kinds]string{
	MD5: "md5", SHA1: "sha1", SHA256: "sha256", IP: "ip", CIDR: "cidr", HostPort: "host-port",
	Domain: "domain", URL: "url", Path: "path", WinPath: "path", PathEnd: "path",
	FileName: "filename", Email: "email", PathRegex: "path-regex",
}

// String returns the name that findings use: "md5", "ip", "domain", "path" …
func (k Kind) String() string {
	if k.Valid() {
		return kindNames[k]
	}
	return "unknown"
}

// Valid reports whether k is one of the kinds above.
func (k Kind) Valid() bool { return k > 0 && k < kinds }

// DigestKind returns the kind of digests that are written in that many hex
// digits.
func DigestKind(digits int) (Kind, bool) {
	switch digits {
	case 32:
		return MD5, true
	case 40:
		return SHA1, true
	case 64:
		return SHA256, true
	}
	return 0, false
}

// NoScore marks an indicator whose list states no score.
const NoScore = -1

// Indicator is one indicator as a list states it.
type Indicator struct {
	Kind    Kind
	Key     string // normal form, see the kinds
	Raw     string // as listed, refanged only in Key
	Except  string // of a PathRegex: RE2 source of paths that don't count
	Comment string
	Score   int // 0 to 1000, or NoScore
	Line    int // 1-based
}

// Bounds on what a list may hold. A line beyond them is reported as odd.
const (
	MaxLine    = 16 << 10 // bytes of a line, or of a CSV record over several lines
	MaxRegex   = 2048     // bytes of a path regex
	MaxComment = 512      // bytes of a comment that are kept
	MaxURL     = 2048     // bytes of a normalised URL
	MaxPath    = 4096     // bytes of a path
)
