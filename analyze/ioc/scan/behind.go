package scan

import (
	"bytes"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// behind looks at what follows a host: a port, a path. host is its normal
// form, or nil where no URL with it is listed; paths says whether to look for
// paths that stand behind any host.
func (t *tokens) behind(win []byte, start, end int, host []byte, paths bool) {
	paths = paths && t.set.Has(list.Path)
	if host != nil && !t.set.Has(list.URL) {
		host = nil
	}
	if host == nil && !paths {
		return
	}
	end = t.root(win, end)
	port, after := t.port(win, end)
	next := byte(0)
	if after < len(win) {
		next = win[after]
	}
	scheme := ""
	if host != nil || next == '?' {
		scheme = t.scheme(win, start)
	}
	if next != '/' && scheme == "" {
		return
	}
	if next != '/' && next != '?' && next != '#' {
		after = len(win) // no path
	}
	if host != nil {
		t.key = append(t.key[:0], host...)
		if len(port) > 0 && !list.DefaultPort(scheme, string(port)) {
			t.key = append(append(t.key, ':'), port...)
		}
		host = t.key
	}
	t.urlStart, t.urlPath = start, end+portLen(port)
	t.walker.Walk(host, win[after:], paths)
}

// root skips the dot of the root behind a name, where a port or a path follows:
// "evil.example./x".
func (t *tokens) root(win []byte, end int) int {
	if end+1 < len(win) && win[end] == '.' && bytes.IndexByte([]byte(":/?#"), win[end+1]) >= 0 {
		return end + 1
	}
	return end
}

func portLen(port []byte) int {
	if len(port) == 0 {
		return 0
	}
	return len(port) + 1
}

// url gets what the walker finds.
func (t *tokens) url(e uint32, n int) { t.found(e, t.urlStart, t.urlPath+n) }

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

// maxScheme bounds the name of a scheme, in characters.
const maxScheme = 12

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
	for from > 0 && start-from < maxScheme && t.class[win[from-1]]&isAlnum != 0 {
		from--
	}
	return strings.ToLower(string(win[from : start-3]))
}
