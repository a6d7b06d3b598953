package scan

import (
	"bytes"
	"net/netip"
	"unicode/utf8"

	"github.com/hozen-dfir/hozen/analyze/ioc/compiled"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// Classes of bytes, for the scanner.
const (
	isLabel = 1 << iota // letters, digits, hyphen, underscore
	isDigit
	isHex
	isAlnum
	isURL   // may stand in the path of a URL as text quotes it
	isLocal // may stand in the local part of a mail address
)

// classOf is a function and not a table variable so that the table is a
// constant of the scanner that holds it.
func classOf(c byte) (m byte) {
	l := c | 0x20
	alpha, digit := 'a' <= l && l <= 'z', '0' <= c && c <= '9'
	if alpha || digit {
		m |= isAlnum | isURL
	}
	if alpha || digit || c == '-' || c == '_' {
		m |= isLabel
	}
	if digit {
		m |= isDigit
	}
	if digit || 'a' <= l && l <= 'f' {
		m |= isHex
	}
	if c > ' ' && c < 0x7f && bytes.IndexByte([]byte("\"<>\\^`{|}"), c) < 0 {
		m |= isURL
	}
	if list.LocalByte(c) {
		m |= isLocal
	}
	return m
}

// Bounds of what belongs to one token, in characters.
const (
	maxName  = 253 // of a domain name, RFC 1035
	maxLabel = 63
	maxLocal = 64
	maxTail  = list.MaxURL // of a URL behind its host
)

// tokens looks up what stands around one dot or colon. It belongs to one
// scanner.
type tokens struct {
	set    *compiled.Set
	walker *compiled.Walker
	runes  *runes
	class  [256]byte
	low    []byte
	key    []byte
	full   spelt
	// found gets an entry (1-based) and the place in the window.
	found             func(e uint32, start, end int)
	urlStart, urlPath int // of the URL that walker reads
}

func newTokens(set *compiled.Set, found func(e uint32, start, end int)) *tokens {
	t := &tokens{set: set, runes: &runes{}, found: found}
	for i := range t.class {
		t.class[i] = classOf(byte(i))
	}
	t.walker = compiled.NewWalker(set, func(c byte) bool { return t.class[c]&isURL != 0 }, t.url)
	return t
}

// dot examines the token around win[dot].
func (t *tokens) dot(win []byte, dot int) {
	if dot == 0 || dot+1 >= len(win) {
		return
	}
	before, after := win[dot-1], win[dot+1]
	left, right := t.class[before]&isLabel != 0, t.class[after]&isLabel != 0
	switch {
	case left && right:
		t.at(win, dot)
	case (left || before >= utf8.RuneSelf) && (right || after >= utf8.RuneSelf):
		t.spelt(win, dot, true)
	}
}

// at examines the token around the dot win[dot], which has label bytes on both
// sides. A token is looked up once, at its last dot.
func (t *tokens) at(win []byte, dot int) {
	end := dot + 1
	for end < len(win) && end-dot <= maxLabel && t.class[win[end]]&isLabel != 0 {
		end++
	}
	if end-dot > maxLabel+1 {
		return
	}
	if end < len(win) && win[end] >= utf8.RuneSelf && t.runes.after(win, end) == cased {
		t.spelt(win, dot, true) // the label goes on beyond ASCII
		return
	}
	if t.goesOn(win, end) {
		return // not the last
	}
	local := end < len(win) && win[end] == '@' // of a mail address
	for end > dot+1 && (win[end-1] == '-' || win[end-1] == '_') {
		end--
	}
	if end == dot+1 {
		return
	}
	if t.digits(win[dot+1 : end]) {
		t.ipv4(win, dot, end)
		return
	}
	if !local {
		t.name(win, dot, end)
	}
}

func (t *tokens) digits(b []byte) bool {
	for _, c := range b {
		if t.class[c]&isDigit == 0 {
			return false
		}
	}
	return true
}

// pathBehind asks whether a path of a URL may stand behind the host that ends
// at end, and any is listed.
func (t *tokens) pathBehind(win []byte, end int) bool {
	end = t.root(win, end)
	return end < len(win) && (win[end] == '/' || win[end] == ':' || win[end] == '?') && t.set.Has(list.Path)
}

func lowByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// ipv4 reads the four numbers that end at end. More numbers, letters or signs
// before them make it something else: a version, a range, a name.
func (t *tokens) ipv4(win []byte, dot, end int) {
	start := dot
	for start > 0 && dot-start < 16 && (win[start-1] == '.' && win[start] != '.' || t.class[win[start-1]]&isLabel != 0) {
		start--
	}
	if start > 0 && t.class[win[start-1]]&isLabel != 0 {
		return
	}
	start = t.unescaped(win, start, dot)
	if n := t.quoted(win, start); start+n < dot {
		start += n
	}
	for start < dot && (win[start] == '.' || win[start] == '-') {
		start++
	}
	if end-start > 15 || end-start < 7 {
		return
	}
	a, ok := parse4(win[start:end])
	if !ok {
		return
	}
	if start > 0 && t.runes.before(win, start) == cased {
		return
	}
	host := win[start:end]
	if t.set.Has(list.IP) || t.set.Has(list.CIDR) {
		t.set.IPs(a, func(e uint32) { t.found(e, start, end) })
	}
	t.hostPort(host, win, start, end)
	t.behind(win, start, end, host, true)
}

// unescaped returns where a token begins whose first two bytes belong to an
// escape: "%2Fevil.example" in a URL that holds another (RFC 3986 section 2.1).
func (t *tokens) unescaped(win []byte, start, dot int) int {
	if start > 0 && win[start-1] == '%' && start+2 < dot && t.class[win[start]]&isHex != 0 && t.class[win[start+1]]&isHex != 0 {
		return start + 2
	}
	return start
}

// quoted returns how many bytes at start belong to an escape of quoted text and
// not to the token: the "n" of `\nevil.example`, as JSON (RFC 8259 section 7)
// and C write it. Behind two backslashes stands a Windows share or a quoted
// backslash.
func (t *tokens) quoted(win []byte, start int) int {
	if start == 0 || win[start-1] != '\\' || start > 1 && win[start-2] == '\\' {
		return 0
	}
	n := 1
	switch win[start] {
	case 'n', 'r', 't':
		return n
	case 'x':
		n = 3
	case 'u':
		n = 5
	default:
		return 0
	}
	if start+n >= len(win) {
		return 0
	}
	for _, c := range win[start+1 : start+n] {
		if t.class[c]&isHex == 0 {
			return 0
		}
	}
	return n
}

// parse4 reads a dotted quad without leading zeros.
func parse4(b []byte) (netip.Addr, bool) {
	var a [4]byte
	part, n, digits := 0, 0, 0
	for _, c := range b {
		if c == '.' {
			if digits == 0 || part == 3 {
				return netip.Addr{}, false
			}
			a[part] = byte(n)
			part, n, digits = part+1, 0, 0
			continue
		}
		if c < '0' || c > '9' || digits > 0 && n == 0 {
			return netip.Addr{}, false
		}
		n = n*10 + int(c-'0')
		if digits++; n > 255 {
			return netip.Addr{}, false
		}
	}
	a[part] = byte(n)
	return netip.AddrFrom4(a), part == 3 && digits > 0
}

// name reads the domain name whose last dot is at dot.
func (t *tokens) name(win []byte, dot, end int) {
	t.low = t.low[:0]
	for _, c := range win[dot+1 : end] {
		t.low = append(t.low, lowByte(c))
	}
	known, paths := t.set.MayEnd(t.low), t.pathBehind(win, end)
	if !known && !paths {
		return
	}
	start, cut := t.nameStart(win, dot, end)
	piece := false // of a name that goes on beyond ASCII
	if start > 0 && win[start-1] >= utf8.RuneSelf {
		class := t.runes.before(win, start)
		piece = class == cased || class != noLabel && win[start] == '.'
		if class != noLabel {
			t.spelt(win, dot, piece)
		}
		cut = cut || class == cased && win[start] != '.'
	}
	if !cut && !piece {
		start = t.unescaped(win, start, dot)
	}
	for start < dot && (win[start] == '.' || win[start] == '-') {
		start++
	}
	if start == dot {
		return
	}
	var host []byte
	if known && t.names(win, start, end, cut) && !piece {
		host = t.low
		if start > 0 && win[start-1] == '@' {
			t.email(win, host, start, end)
		}
	}
	if !piece {
		t.behind(win, start, end, host, paths)
	}
	if n := t.quoted(win, start); known && !piece && !cut && n > 0 && start+n < dot {
		t.within(win, start+n, end)
	}
}

// within looks up the name that is left when the letters of an escape are taken
// off. The name with them was looked up as well: `C:\nas.example` has none.
func (t *tokens) within(win []byte, start, end int) {
	t.low = t.low[:0]
	for _, c := range win[start:end] {
		t.low = append(t.low, lowByte(c))
	}
	e, more := t.set.Host(t.low)
	if e != 0 {
		t.found(e, start, end)
	}
	if more {
		t.hostPort(t.low, win, start, end)
		t.behind(win, start, end, t.low, false)
	}
}

// nameStart returns where the name begins whose last dot is at dot, and
// whether it goes on to the left, beyond what a name may have.
func (t *tokens) nameStart(win []byte, dot, end int) (start int, cut bool) {
	start = dot
	for start > 0 && end-start < maxName {
		c := win[start-1]
		if c == '.' && win[start] == '.' || c != '.' && t.class[c]&isLabel == 0 {
			break
		}
		start--
	}
	if start > 0 && end-start >= maxName {
		cut = win[start-1] == '.' || t.class[win[start-1]]&isLabel != 0
	}
	return start, cut
}

// names looks up every end of the name that starts a label, the shortest
// first, as long as any host of the set ends so. It leaves the name in t.low,
// and reports whether a host of the set may be the whole of it.
func (t *tokens) names(win []byte, start, end int, cut bool) bool {
	t.low = t.low[:0]
	for _, c := range win[start:end] {
		t.low = append(t.low, lowByte(c))
	}
	name := t.low
	for i := bytes.LastIndexByte(name, '.'); i >= 0; {
		i = bytes.LastIndexByte(name[:i], '.')
		if i < 0 && cut {
			return false
		}
		e, more := t.set.Host(name[i+1:])
		if !more {
			return false
		}
		if e != 0 {
			t.found(e, start+i+1, end)
		}
		t.hostPort(name[i+1:], win, start+i+1, end)
	}
	return true
}

func (t *tokens) email(win, domain []byte, start, end int) {
	at := start - 1
	from := at
	for from > 0 && at-from <= maxLocal && t.class[win[from-1]]&isLocal != 0 {
		from--
	}
	for from < at && win[from] == '.' {
		from++
	}
	if from == at || at-from > maxLocal || from > 0 && t.runes.before(win, from) == cased {
		return
	}
	t.key = t.key[:0]
	for _, c := range win[from : at+1] {
		t.key = append(t.key, lowByte(c))
	}
	t.key = append(t.key, domain...)
	if e := t.set.Find(list.Email, t.key); e != 0 {
		t.found(e, from, end)
	}
	if n := t.quoted(win, from); n > 0 && from+n < at {
		if e := t.set.Find(list.Email, t.key[n:]); e != 0 {
			t.found(e, from+n, end)
		}
	}
}
