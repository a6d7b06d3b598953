package scan

import (
	"bytes"
	"net/netip"

	"github.com/hozen-dfir/hozen/analyze/ioc/compiled"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// Place is one place in content at which an indicator stands.
type Place struct {
	Entry  uint32 // of the set, 1-based
	Offset int64
	Length int    // bytes, twice the characters in UTF-16
	Wide   bool   // UTF-16LE
	Data   []byte // the bytes there, valid until the report returns
}

// margin is how many bytes around a place the scanner may need to see: a
// domain name and a URL behind it, in UTF-16.
const margin = 2 * (maxName + maxLocal + 32 + maxTail)

// Scanner finds the indicators of a set in bytes. It is not safe for
// concurrent use.
type Scanner struct {
	set    *compiled.Set
	tok    tokens
	wide   []byte
	report func(Place)

	buf    []byte
	base   int64 // of the buffer in the content
	origin int   // window to buffer: buffer = origin + window*step
	step   int
	dots   bool
	hashes bool
	ip6    bool
	idn    bool
	idnTLD bool
}

// New returns a scanner over set that hands what it finds to report.
// Places come in no particular order, the same for the same content.
func New(set *compiled.Set, report func(Place)) *Scanner {
	s := &Scanner{set: set, report: report}
	s.tok.set = set
	s.ip6 = set.HasIP6()
	s.idn, s.idnTLD = set.HasIDN()
	s.tok.idn = s.idn
	for i := range s.tok.class {
		s.tok.class[i] = classOf(byte(i))
	}
	s.tok.found = s.place
	for _, k := range []list.Kind{list.IP, list.CIDR, list.HostPort, list.Domain, list.URL, list.Path, list.Email} {
		s.dots = s.dots || set.Has(k)
	}
	s.hashes = set.Has(list.MD5) || set.Has(list.SHA1) || set.Has(list.SHA256)
	return s
}

// Block is the size of the blocks in which content is best scanned.
const Block = blockSize

// Part scans those indicators of b, content that is whole in memory, whose
// search starts in b[lo:hi].
func (s *Scanner) Part(b []byte, lo, hi int) { s.block(b, 0, lo, hi) }

// Bytes scans content that is whole in memory.
func (s *Scanner) Bytes(b []byte) { s.block(b, 0, 0, len(b)) }

// block reports what starts its search in buf[lo:hi]; buf[0] is at base of the
// content. Where content goes on, margin bytes must surround lo and hi.
func (s *Scanner) block(buf []byte, base int64, lo, hi int) {
	s.buf, s.base = buf, base
	if s.dots {
		s.scanDots(buf, lo, hi)
	}
	if s.ip6 {
		s.scanColons(buf, lo, hi)
	}
	if s.hashes {
		s.scanHex(buf, lo, hi)
	}
}

func (s *Scanner) place(e uint32, start, end int) {
	from, to := s.origin+start*s.step, s.origin+end*s.step
	s.report(Place{Entry: e, Offset: s.base + int64(from), Length: to - from, Wide: s.step == 2, Data: s.buf[from:to]})
}

func (s *Scanner) scanDots(buf []byte, lo, hi int) {
	class := &s.tok.class
	for p := lo; p < hi; p++ {
		i := bytes.IndexByte(buf[p:hi], '.')
		if i < 0 {
			return
		}
		p += i
		if p == 0 || p+1 >= len(buf) {
			continue
		}
		before, after := buf[p-1], buf[p+1]
		switch {
		case class[after]&isLabel != 0:
			if class[before]&isLabel != 0 || before >= 0x80 && s.idn {
				s.narrow(buf, p, before)
			}
		case after == 0 && before == 0 && p >= 2 && p+3 < len(buf) && buf[p+3] == 0:
			if class[buf[p-2]]&isLabel != 0 && class[buf[p+2]]&isLabel != 0 {
				s.wideDot(buf, p)
			}
		case after >= 0x80 && s.idnTLD:
			s.narrowIDN(buf, p)
		}
	}
}

func (s *Scanner) narrow(buf []byte, p int, before byte) {
	s.origin, s.step = 0, 1
	if before < 0x80 {
		s.tok.at(buf, p)
		return
	}
	end := p + 1
	for end < len(buf) && end-p <= maxLabel && s.tok.class[buf[end]]&isLabel != 0 {
		end++
	}
	last := end+1 >= len(buf) || buf[end] != '.' || s.tok.class[buf[end+1]]&isLabel == 0
	if last && s.tok.wanted(buf, p, end) {
		s.tok.international(buf, p, end)
	}
}

// narrowIDN reads a name whose last label has letters beyond ASCII.
func (s *Scanner) narrowIDN(buf []byte, p int) {
	end := p + 1
	for end < len(buf) && end-p <= 3*maxLabel && (buf[end] >= 0x80 || s.tok.class[buf[end]]&isLabel != 0) {
		end++
	}
	if end+1 < len(buf) && buf[end] == '.' && (buf[end+1] >= 0x80 || s.tok.class[buf[end+1]]&isLabel != 0) {
		return // not the last label
	}
	s.origin, s.step = 0, 1
	s.tok.international(buf, p, end)
}

// wideDot copies the UTF-16 text around a dot to a window of single bytes.
func (s *Scanner) wideDot(buf []byte, p int) {
	end := p + 2
	for end+1 < len(buf) && end-p <= 2*maxLabel && buf[end+1] == 0 && s.tok.class[buf[end]]&isLabel != 0 {
		end += 2
	}
	if end+3 < len(buf) && buf[end] == '.' && buf[end+1] == 0 && s.tok.class[buf[end+2]]&isLabel != 0 && buf[end+3] == 0 {
		return // not the last dot
	}
	start := p
	for start >= 2 && p-start < 2*(maxName+maxLocal+16) && buf[start-1] == 0 && buf[start-2] > ' ' {
		start -= 2
	}
	s.wide = s.wide[:0]
	for i := start; i+1 < len(buf) && buf[i+1] == 0 && i-p < 2*(maxLabel+8+maxTail); i += 2 {
		if buf[i] <= ' ' {
			break
		}
		c := buf[i]
		if c >= 0x80 { // Latin-1, no part of a name
			c = ' '
		}
		s.wide = append(s.wide, c)
	}
	s.origin, s.step = start, 2
	s.tok.at(s.wide, (p-start)/2)
}

// scanColons looks for IPv6 addresses, at their first colon.
func (s *Scanner) scanColons(buf []byte, lo, hi int) {
	class := &s.tok.class
	for p := lo; p < hi; p++ {
		i := bytes.IndexByte(buf[p:hi], ':')
		if i < 0 {
			return
		}
		p += i
		if p+3 >= len(buf) {
			continue
		}
		after := buf[p+1]
		switch {
		case after == ':' || class[after]&isHex != 0:
			s.origin, s.step = 0, 1
			s.ipv6(buf, p)
		case after == 0 && buf[p+3] == 0 && (buf[p+2] == ':' || class[buf[p+2]]&isHex != 0):
			s.wide6(buf, p)
		}
	}
}

func (s *Scanner) wide6(buf []byte, p int) {
	start := p
	for start >= 2 && p-start < 16 && buf[start-1] == 0 {
		start -= 2
	}
	s.wide = s.wide[:0]
	for i := start; i+1 < len(buf) && buf[i+1] == 0 && i-p < 2*(64+maxTail) && (i < p || buf[i] > ' '); i += 2 {
		s.wide = append(s.wide, buf[i])
	}
	s.origin, s.step = start, 2
	s.ipv6(s.wide, (p-start)/2)
}

// ipv6 reads the address whose first colon is at colon.
func (s *Scanner) ipv6(win []byte, colon int) {
	class := &s.tok.class
	start := colon
	for start > 0 && colon-start < 5 && class[win[start-1]]&isHex != 0 {
		start--
	}
	if start > 0 && (class[win[start-1]]&isLabel != 0 || colon-start > 4) {
		// A word before the address: "IPv6:2001:db8::1" in mail headers,
		// "ip6:" in SPF records. Its colon is not the address's.
		start = colon + 1
	} else if colon-start > 4 || start > 0 && (win[start-1] == ':' || win[start-1] == '.') {
		return
	}
	end, colons := max(start, colon), 0
	for end < len(win) && end-start <= 45 && (class[win[end]]&isHex != 0 || win[end] == ':' || win[end] == '.') {
		if win[end] == ':' {
			colons++
		}
		end++
	}
	if end < len(win) && class[win[end]]&isLabel != 0 || colons < 2 {
		return
	}
	for end > start+2 && (win[end-1] == '.' || win[end-1] == ':' && win[end-2] != ':') {
		end--
	}
	a, err := netip.ParseAddr(string(win[start:end]))
	if err != nil || end-start > 45 || a.Is4In6() {
		return
	}
	s.set.IPs(a, func(e uint32) { s.place(e, start, end) })
	if start > 0 && win[start-1] == '[' && end < len(win) && win[end] == ']' {
		s.tok.key = append(a.AppendTo(append(s.tok.key[:0], '[')), ']')
		s.tok.behind(win, start-1, end+1, nil)
	}
}

// scanHex looks for runs of 32, 40 or 64 hex digits that stand alone. Such a
// run covers a multiple of its shortest length, so only those are looked at.
func (s *Scanner) scanHex(buf []byte, lo, hi int) {
	class := &s.tok.class
	const shortest = 32
	done := 0
	for p := lo + shortest - 1; p < hi+2*shortest && p < len(buf); p += shortest {
		if p < done {
			continue
		}
		switch {
		case class[buf[p]]&isHex != 0:
			if p+1 < len(buf) && buf[p+1] == 0 && (p == 0 || class[buf[p-1]]&isHex == 0) {
				done = s.wideHex(buf, p, lo, hi)
			} else {
				done = s.narrowHex(buf, p, lo, hi)
			}
		case buf[p] == 0 && p > 0 && class[buf[p-1]]&isHex != 0:
			done = s.wideHex(buf, p-1, lo, hi)
		}
	}
}

func (s *Scanner) narrowHex(buf []byte, p, lo, hi int) int {
	class := &s.tok.class
	start := p
	for start > 0 && p-start <= 64 && class[buf[start-1]]&isHex != 0 {
		start--
	}
	end := p
	for end < len(buf) && class[buf[end]]&isHex != 0 {
		end++
	}
	if start < lo || start >= hi || start > 0 && class[buf[start-1]]&isAlnum != 0 || end < len(buf) && class[buf[end]]&isAlnum != 0 {
		return end
	}
	s.origin, s.step = 0, 1
	s.hex(buf[start:end], start)
	return end
}

func (s *Scanner) wideHex(buf []byte, p, lo, hi int) int {
	class := &s.tok.class
	at := func(i int) bool { return i >= 0 && i+1 < len(buf) && buf[i+1] == 0 && class[buf[i]]&isHex != 0 }
	start := p
	for p-start <= 128 && at(start-2) {
		start -= 2
	}
	end := p
	for at(end) {
		end += 2
	}
	alnum := func(i int) bool { return i >= 0 && i+1 < len(buf) && buf[i+1] == 0 && class[buf[i]]&isAlnum != 0 }
	if start < lo || start >= hi || alnum(start-2) || alnum(end) {
		return end
	}
	s.wide = s.wide[:0]
	for i := start; i < end && len(s.wide) <= 64; i += 2 {
		s.wide = append(s.wide, buf[i])
	}
	s.origin, s.step = start, 2
	s.hex(s.wide, 0)
	return end
}

func (s *Scanner) hex(run []byte, start int) {
	kind := list.MD5
	switch len(run) {
	case 32:
	case 40:
		kind = list.SHA1
	case 64:
		kind = list.SHA256
	default:
		return
	}
	var low [64]byte
	for i, c := range run {
		low[i] = lowByte(c)
	}
	if e := s.set.Find(kind, low[:len(run)]); e != 0 {
		s.place(e, start, start+len(run))
	}
}
