package compiled

import (
	"encoding/binary"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// kindSpelt is a kind of nodes of the filter that no entry has: ends of names
// as they are spelt.
const kindSpelt list.Kind = 0

// names returns, of every host with an A-label (RFC 5890), the name as it is
// spelt, decomposed (Unicode's form NFD), and the name in A-labels: each a
// text behind its length as u16.
func (b *Builder) names() []byte {
	if !b.head.idn {
		return nil
	}
	var out []byte
	seen := map[string]bool{}
	for i := uint32(0); i < b.n; i++ {
		e := b.entries[i*entrySize:]
		host := hostOf(list.Kind(e[kindAt]), b.key(binary.LittleEndian.Uint32(e)))
		for host != "" && strings.Contains(host, "xn--") && !seen[host] {
			seen[host] = true
			if u, ok := list.Spelt(host); ok {
				out = appendText(appendText(out, norm.NFD.String(u)), host)
			}
			break
		}
	}
	return out
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(s))), s...)
}

func eachName(names []byte, f func(spelt, ascii string)) {
	for len(names) > 0 {
		u, rest := cutText(names)
		a, next := cutText(rest)
		if next == nil {
			return
		}
		f(u, a)
		names = next
	}
}

// cutText returns nil for what follows a text that is cut short.
func cutText(b []byte) (string, []byte) {
	if len(b) < 2 {
		return "", nil
	}
	n := int(binary.LittleEndian.Uint16(b))
	if len(b) < 2+n {
		return "", nil
	}
	return string(b[2 : 2+n]), b[2+n:]
}

// Spelt looks up the end of a name, one label or more, with letters beyond
// ASCII: in lower case and otherwise mapped as UTS 46 says, decomposed. It
// returns the A-labels where a host of the set has that name, and whether any
// host of the set may end so. False is certain.
func (s *Set) Spelt(end []byte) (ascii string, more bool) {
	if !s.may(kindSpelt, keyHash(kindSpelt, end)) {
		return "", false
	}
	s.onceNames.Do(func() {
		s.ascii = map[string]string{}
		eachName(s.names, func(spelt, ascii string) { s.ascii[spelt] = ascii })
	})
	return s.ascii[string(end)], true
}
