package scan

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// maxSpelt bounds the bytes of a name with letters beyond ASCII.
const maxSpelt = 4 * maxName

// spelt is a name with letters beyond ASCII: mapped as UTS 46 says and
// decomposed, with where its labels begin, there and in the window.
type spelt struct {
	text   []byte
	labels []labelStart
	late   labelStart // where the first label may begin too: behind a script without spaces
	cut    bool       // the name goes on to the left
}

type labelStart struct{ text, win int }

// spelt looks up the name around the dot, its last, that has letters beyond
// ASCII in it, to its left or to its right. paths says to look for paths of
// URLs behind it, too.
func (t *tokens) spelt(win []byte, dot int, paths bool) {
	end := t.labelEnd(win, dot+1)
	if end == dot+1 || t.goesOn(win, end) || end < len(win) && win[end] == '@' {
		return
	}
	t.low = t.mapped(t.low[:0], win[dot+1:end])
	known := t.mayEnd(t.low)
	paths = paths && t.pathBehind(win, end)
	if !known && !paths {
		return
	}
	start, cut := t.speltStart(win, dot)
	if start == dot {
		return
	}
	if !known {
		t.behind(win, start, end, nil, paths)
		return
	}
	t.mapName(win, start, end)
	t.full.cut = cut
	host, at := t.speltHosts(win, end)
	if host != nil && at > 0 && win[at-1] == '@' {
		t.email(win, host, at, end)
	}
	if host != nil || paths {
		t.behind(win, at, end, host, paths)
	}
}

// labelEnd returns where the label at i ends. One that begins in ASCII or a
// script with spaces between words ends where a script without them begins.
func (t *tokens) labelEnd(win []byte, i int) int {
	first, end := i, i
	spaced := false
	for i < len(win) && i-first <= 4*maxLabel {
		c, n := rune(win[i]), 1
		class := cased
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRune(win[i:])
			if n <= 1 {
				break
			}
			class = t.runes.fold(c).class
		} else if t.class[c]&isLabel == 0 {
			break
		}
		if class == noLabel || class == free && spaced {
			break
		}
		spaced = spaced || class == cased && end == first
		i += n
		if class != ignored && c != '-' && c != '_' {
			end = i
		}
	}
	return end
}

// goesOn reports whether another label follows the one that ends at end.
func (t *tokens) goesOn(win []byte, end int) bool {
	return end+1 < len(win) && win[end] == '.' && (t.class[win[end+1]]&isLabel != 0 || t.runes.after(win, end+1) == cased)
}

// speltStart returns where the name begins whose last dot is at dot, and
// whether that is only as far as a name is read.
func (t *tokens) speltStart(win []byte, dot int) (start int, cut bool) {
	start = dot
	for start > 0 {
		n := 1
		if c := win[start-1]; c >= utf8.RuneSelf {
			if t.runes.before(win, start) == noLabel {
				break
			}
			_, n = utf8.DecodeLastRune(win[:start])
		} else if c == '.' && win[start] == '.' || c != '.' && t.class[c]&isLabel == 0 {
			break
		}
		if dot-start+n > maxSpelt {
			return start, true
		}
		start -= n
	}
	start = t.unescaped(win, start, dot)
	for start < dot && (win[start] == '.' || win[start] == '-') {
		start++
	}
	return start, false
}

// mapped appends the mapped form of a label, decomposed.
func (t *tokens) mapped(to, label []byte) []byte {
	from, marks, sort := len(to), false, false
	for i := 0; i < len(label); {
		if c := label[i]; c < utf8.RuneSelf {
			to = append(to, lowByte(c))
			i++
			marks = false
			continue
		}
		c, n := utf8.DecodeRune(label[i:])
		f := t.runes.fold(c)
		to = append(to, f.text...)
		if f.text != "" {
			sort = sort || marks && f.marks
			marks = f.marks
		}
		i += n
	}
	if sort { // of several marks the order is settled: the length stays
		copy(to[from:], norm.NFD.Bytes(to[from:]))
	}
	return to
}

func (t *tokens) mapName(win []byte, start, end int) {
	n := &t.full
	n.text, n.labels, n.late = n.text[:0], n.labels[:0], labelStart{win: -1}
	for i := start; ; {
		n.labels = append(n.labels, labelStart{len(n.text), i})
		stop := end
		if d := bytes.IndexByte(win[i:end], '.'); d >= 0 {
			stop = i + d
		}
		from := i
		if len(n.labels) == 1 {
			from = t.lateStart(win, start, stop)
			n.text = t.mapped(n.text, win[start:from])
			if from > start && from < stop {
				n.late = labelStart{len(n.text), from}
			}
		}
		n.text = t.mapped(n.text, win[from:stop])
		if stop == end {
			return
		}
		n.text = append(n.text, '.')
		i = stop + 1
	}
}

// lateStart returns where the last run of a label begins that has no letter of
// a script without spaces between words; start where there is no such letter.
func (t *tokens) lateStart(win []byte, start, stop int) int {
	for i := stop; i > start; {
		if win[i-1] < utf8.RuneSelf {
			i--
			continue
		}
		if t.runes.before(win, i) == free {
			return i
		}
		_, n := utf8.DecodeLastRune(win[:i])
		i -= n
	}
	return start
}

// speltHosts looks up the ends of t.full that are spelt with more than ASCII:
// the rest is found as ASCII. It returns the whole name in A-labels where a
// host of the set may have it, and where it begins.
func (t *tokens) speltHosts(win []byte, end int) (host []byte, start int) {
	n := &t.full
	start = n.labels[0].win
	for k := len(n.labels) - 2; k >= 0; k-- {
		if k == 0 && n.cut {
			return nil, start
		}
		at := n.labels[k]
		host, more := t.speltHost(n.text[at.text:])
		if k == 0 && host == nil && n.late.win >= 0 {
			at = n.late
			host, more = t.speltHost(n.text[at.text:])
		}
		if host != nil && !ascii(win[at.win:end]) {
			t.host(host, win, at.win, end)
		}
		if k == 0 && host != nil {
			return host, at.win
		}
		if !more {
			break
		}
	}
	return nil, start
}

// speltHost returns the A-labels of the end of a name, and whether a host of
// the set may end so.
func (t *tokens) speltHost(end []byte) (host []byte, more bool) {
	if ascii(end) {
		if _, more = t.set.Host(end); more {
			return end, true
		}
		return nil, false
	}
	a, more := t.set.Spelt(end)
	if a == "" {
		return nil, more
	}
	return []byte(a), more
}

// mayEnd asks whether a host of the set may have this top-level domain.
func (t *tokens) mayEnd(tld []byte) bool {
	if ascii(tld) {
		return t.set.MayEnd(tld)
	}
	_, more := t.set.Spelt(tld)
	return more
}

// host looks up one name, and it with the port behind it.
func (t *tokens) host(name, win []byte, start, end int) {
	if e, _ := t.set.Host(name); e != 0 {
		t.found(e, start, end)
	}
	t.hostPort(name, win, start, end)
}

// hostPort looks up a host with the port behind it.
func (t *tokens) hostPort(name, win []byte, start, end int) {
	end = t.root(win, end)
	if end >= len(win) || win[end] != ':' || !t.set.Has(list.HostPort) {
		return
	}
	port, stop := t.port(win, end)
	if len(port) == 0 {
		return
	}
	t.key = append(append(append(t.key[:0], name...), ':'), port...)
	if e := t.set.Find(list.HostPort, t.key); e != 0 {
		t.found(e, start, stop)
	}
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
