package scan

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// behind looks at what follows a host: a port, a path. t.key holds the host's
// normal form; name is it again for a domain name, and nil for an address.
func (t *tokens) behind(win []byte, start, end int, name []byte) {
	host := len(t.key)
	port, after := t.port(win, end)
	if len(port) > 0 && t.set.Has(list.HostPort) {
		t.hostPort(port, start, after, name)
	}
	if !t.set.Has(list.URL) && !t.set.Has(list.Path) {
		return
	}
	scheme := t.scheme(win, start)
	path := after < len(win) && (win[after] == '/' || scheme != "" && (win[after] == '?' || win[after] == '#'))
	if !path && scheme == "" {
		return
	}
	t.key = t.key[:host]
	if len(port) > 0 && !list.DefaultPort(scheme, string(port)) {
		t.key = append(append(t.key, ':'), port...)
	}
	slash := len(t.key)
	stop := after
	if path {
		for stop < len(win) && stop-after < maxTail && t.class[win[stop]]&isURL != 0 {
			stop++
		}
	}
	raw := win[after:stop]
	if plainPath(raw) {
		t.key = append(t.key, raw...)
	} else {
		t.key = append(t.key, list.URLPathKey(string(raw))...)
	}
	same := len(t.key)-slash == len(raw)
	t.set.URLs(t.key, slash, func(e uint32, n int) {
		if same {
			t.found(e, start, after+n-slash)
		} else {
			t.found(e, start, stop)
		}
	})
}

// plainPath reports whether a path is in its normal form already.
func plainPath(b []byte) bool {
	return len(b) > 0 && b[0] == '/' && bytes.IndexByte(b, '%') < 0 && bytes.IndexByte(b, '#') < 0
}

// port reads ":1234" at end, without leading zeros, and returns its digits and
// where they stop.
func (t *tokens) port(win []byte, end int) ([]byte, int) {
	if end >= len(win) || win[end] != ':' {
		return nil, end
	}
	stop := end + 1
	for stop < len(win) && stop-end <= 6 && t.class[win[stop]]&isDigit != 0 {
		stop++
	}
	digits := win[end+1 : stop]
	if len(digits) == 0 || len(digits) > 5 || digits[0] == '0' || len(digits) == 5 && string(digits) > "65535" {
		return nil, end
	}
	if stop < len(win) && t.class[win[stop]]&isLabel != 0 {
		return nil, end
	}
	return digits, stop
}

func (t *tokens) hostPort(port []byte, start, end int, name []byte) {
	t.key = append(append(t.key, ':'), port...)
	key := t.key
	for {
		if e := t.set.Find(list.HostPort, key); e != 0 {
			t.found(e, start+len(t.key)-len(key), end)
		}
		i := bytes.IndexByte(key, '.')
		if name == nil || i < 0 {
			return
		}
		key = key[i+1:]
	}
}

// scheme returns what stands before "://" before start, in lower case, with
// "user:password@" between skipped; "" where there is none.
func (t *tokens) scheme(win []byte, start int) string {
	if start > 0 && win[start-1] == '@' {
		from := start - 1
		for from > 0 && start-from < maxLocal && t.class[win[from-1]]&isURL != 0 && win[from-1] != '/' {
			from--
		}
		start = from
	}
	if start < 4 || string(win[start-3:start]) != "://" {
		return ""
	}
	from := start - 3
	for from > 0 && start-from < 12 && t.class[win[from-1]]&isAlnum != 0 {
		from--
	}
	return strings.ToLower(string(win[from : start-3]))
}

// international looks up a name with letters beyond ASCII, in UTF-8, around
// the dot. The name is taken from the last white space or sign before it.
func (t *tokens) international(win []byte, dot, end int) {
	start := dot
	for start > 0 && end-start < maxName {
		if c := win[start-1]; c < 0x80 && c != '.' && t.class[c]&isLabel == 0 {
			break
		}
		start--
	}
	for start < dot && !utf8.RuneStart(win[start]) {
		start++
	}
	for i := start; i < end; { // keep what follows the last wrong byte
		r, n := utf8.DecodeRune(win[i:end])
		i += n
		if r == utf8.RuneError && n <= 1 {
			start = i
		}
	}
	if start >= dot {
		return
	}
	name := win[start:end]
	for len(name) > 0 {
		i := bytes.IndexByte(name, '.')
		if i < 0 {
			return
		}
		if key, ok := list.DomainKey(string(name)); ok && i > 0 {
			if e := t.set.Find(list.Domain, []byte(key)); e != 0 && !ascii(name) {
				t.found(e, end-len(name), end)
			}
		}
		name = name[i+1:]
	}
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
