package scan

import (
	"bytes"
	"unicode/utf8"

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

// margin is how many bytes around a place the scanner may need to see: a name
// and a URL behind it, in UTF-16.
const margin = 2 * (maxSpelt + maxLocal + maxScheme + maxLabel + 32 + maxTail)

// Scanner finds the indicators of a set in bytes. It is not safe for
// concurrent use.
type Scanner struct {
	set    *compiled.Set
	tok    *tokens
	wide   window
	digits []byte
	report func(Place)

	buf    []byte
	base   int64 // of the buffer in the content
	inWide bool  // tokens look at the window, not the buffer
	dots   bool
	colons bool
	hashes bool
}

// New returns a scanner over set that hands what it finds to report. Places
// come in no particular order, the same for the same content.
func New(set *compiled.Set, report func(Place)) *Scanner {
	s := &Scanner{set: set, report: report}
	s.tok = newTokens(set, s.place)
	for _, k := range []list.Kind{list.IP, list.CIDR, list.HostPort, list.Domain, list.URL, list.Path, list.Email} {
		s.dots = s.dots || set.Has(k)
	}
	// IPv4 addresses may be written as IPv6 ones: "::ffff:c000:201".
	s.colons = set.HasIP6() || set.Has(list.IP) || set.Has(list.CIDR) || set.Has(list.HostPort)
	s.hashes = set.Has(list.MD5) || set.Has(list.SHA1) || set.Has(list.SHA256)
	return s
}

// Block is the size of the blocks in which content is best scanned.
const Block = 1 << 20

// Part scans those indicators of b, content that is whole in memory, whose
// search starts in b[lo:hi].
func (s *Scanner) Part(b []byte, lo, hi int) { s.block(b, 0, lo, hi) }

// Bytes scans content that is whole in memory.
func (s *Scanner) Bytes(b []byte) { s.block(b, 0, 0, len(b)) }

// block reports what starts its search in buf[lo:hi]; buf[0] is at base of the
// content. Where content goes on, margin bytes must surround lo and hi.
func (s *Scanner) block(buf []byte, base int64, lo, hi int) {
	s.buf, s.base = buf, base
	s.wide.reset()
	if s.dots {
		s.scanDots(buf, lo, hi)
	}
	if s.colons {
		s.scanColons(buf, lo, hi)
	}
	if s.hashes {
		s.scanHex(buf, lo, hi)
	}
}

func (s *Scanner) place(e uint32, start, end int) {
	if s.inWide {
		start, end = int(s.wide.at[start]), int(s.wide.at[end])
	}
	s.report(Place{Entry: e, Offset: s.base + int64(start), Length: end - start, Wide: s.inWide, Data: s.buf[start:end]})
}

func (s *Scanner) scanDots(buf []byte, lo, hi int) {
	for p := lo; p < hi; p++ {
		if buf[p] != '.' {
			i := bytes.IndexByte(buf[p:hi], '.')
			if i < 0 {
				return
			}
			p += i
		}
		switch {
		case p+1 >= len(buf):
		case buf[p+1] != 0:
			s.inWide = false
			s.tok.dot(buf, p)
		case p >= 2 && p+3 < len(buf) && s.nameUnit(buf, p-2) && s.nameUnit(buf, p+2):
			s.inWide = true
			at := s.wide.index(s.tok.runes, buf, p)
			s.tok.dot(s.wide.text, at)
		}
	}
}

// nameUnit reports whether the UTF-16 unit at i may belong to a name.
func (s *Scanner) nameUnit(buf []byte, i int) bool {
	if buf[i+1] == 0 && buf[i] < utf8.RuneSelf {
		return s.tok.class[buf[i]]&isLabel != 0
	}
	return unitOf(s.tok.runes, buf, i) != 0
}

// scanColons looks for IPv6 addresses, at their first colon.
func (s *Scanner) scanColons(buf []byte, lo, hi int) {
	class := &s.tok.class
	for p := lo; p < hi; p++ {
		if buf[p] != ':' {
			i := bytes.IndexByte(buf[p:hi], ':')
			if i < 0 {
				return
			}
			p += i
		}
		if p+3 >= len(buf) && p+2 >= len(buf) {
			continue
		}
		after := buf[p+1]
		switch {
		case after == ':' || class[after]&isHex != 0:
			s.inWide = false
			s.tok.ipv6(buf, p)
		case after == 0 && p+3 < len(buf) && buf[p+3] == 0 && (buf[p+2] == ':' || class[buf[p+2]]&isHex != 0):
			s.inWide = true
			at := s.wide.index(s.tok.runes, buf, p)
			s.tok.ipv6(s.wide.text, at)
		}
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
	if start < lo || start >= hi || start > 0 && class[buf[start-1]]&isAlnum != 0 && s.tok.quoted(buf, start-1) != 1 || end < len(buf) && class[buf[end]]&isAlnum != 0 {
		return end
	}
	s.inWide = false
	s.hex(buf[start:end], start, end)
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
	s.digits = s.digits[:0]
	for i := start; i < end && len(s.digits) <= 64; i += 2 {
		s.digits = append(s.digits, buf[i])
	}
	s.inWide = true
	s.hex(s.digits, start, end)
	return end
}

func (s *Scanner) hex(run []byte, start, end int) {
	kind, ok := list.DigestKind(len(run))
	if !ok {
		return
	}
	var low [64]byte
	for i, c := range run {
		low[i] = lowByte(c)
	}
	if e := s.set.Find(kind, low[:len(run)]); e != 0 {
		s.report(Place{Entry: e, Offset: s.base + int64(start), Length: end - start, Wide: s.inWide, Data: s.buf[start:end]})
	}
}
