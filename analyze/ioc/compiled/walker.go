package compiled

import "github.com/hozen-dfir/hozen/analyze/ioc/list"

// Walker looks up listed URLs and paths of URLs in what stands behind a host.
// It goes on only as long as something listed begins so: its work on hostile
// text is bounded by what the lists hold, not by the text. It is not safe for
// concurrent use.
type Walker struct {
	set   *Set
	part  [256]bool
	found func(e uint32, n int)

	key         []byte  // the host, then the normal form of what follows
	ends        []int32 // for each byte of key behind the host, where it ends in the text
	slash       int
	urls, paths bool
	whole, tail prefixes[[]byte]
}

// NewWalker returns a Walker. A URL ends at the first byte for which part is
// false. found gets an entry, 1-based, and how much of the text behind the
// host belongs to it.
func NewWalker(set *Set, part func(byte) bool, found func(e uint32, n int)) *Walker {
	w := &Walker{set: set, found: found}
	for i := range w.part {
		w.part[i] = part(byte(i))
	}
	return w
}

// Walk reads text, which stands behind host: the normal form of a host with
// its port, or nil to look for paths only; paths says whether to look for them.
func (w *Walker) Walk(host, text []byte, paths bool) {
	w.key, w.ends, w.slash = append(w.key[:0], host...), w.ends[:0], len(host)
	w.urls, w.paths = host != nil && w.set.Has(list.URL), paths && w.set.Has(list.Path)
	if w.urls {
		key := append(w.key, '/')
		w.urls, w.key = w.set.may(list.URL, keyHash(list.URL, key)), key[:w.slash]
	}
	if w.paths && w.foreign(text) {
		w.paths = false
	}
	if !w.urls && !w.paths {
		return
	}
	w.whole, w.tail = prefixes[[]byte]{h: hashSeed(list.URL)}, prefixes[[]byte]{h: hashSeed(list.Path)}
	if len(text) == 0 || text[0] != '/' {
		w.put('/', 0)
	}
	for i := 0; ; {
		n := len(w.key)
		end := i >= len(text) || i >= list.MaxURL || !w.part[text[i]] || text[i] == '#'
		switch {
		case end:
			w.last()
			return
		case n == w.slash:
		case delimiter(w.key[n-1]) || delimiter(text[i]):
			if !w.step(n) {
				return
			}
		}
		i = w.take(text, i)
	}
}

// foreign reports, without much work, that no listed path begins as text does.
func (w *Walker) foreign(text []byte) bool {
	if len(text) == 0 || text[0] != '/' {
		return false
	}
	for i := 1; i < len(text) && i < list.MaxURL; i++ {
		switch c := text[i]; {
		case delimiter(c):
			return i > 1 && !w.set.may(list.Path, keyHash(list.Path, text[:i]))
		case c == '%' || !w.part[c]:
			return false
		}
	}
	return false
}

// take adds the byte or the escape at i, as list.URLPathKey has it.
func (w *Walker) take(text []byte, i int) int {
	if text[i] == '%' && i+2 < len(text) {
		if c, plain, ok := list.Unescape(text[i+1], text[i+2]); ok {
			if plain {
				w.put(c, i+3)
				return i + 3
			}
			w.put('%', i+3)
			w.put(list.UpperHex(text[i+1]), i+3)
			w.put(list.UpperHex(text[i+2]), i+3)
			return i + 3
		}
	}
	w.put(text[i], i+1)
	return i + 1
}

func (w *Walker) put(c byte, end int) {
	w.key, w.ends = append(w.key, c), append(w.ends, int32(end))
}

// step looks up the first n bytes, which end at a delimiter, and reports
// whether something listed goes on from there.
func (w *Walker) step(n int) bool {
	w.urls = w.urls && w.try(n)
	w.paths = w.paths && (n-w.slash == 1 || w.tryPath(n))
	return w.urls || w.paths
}

// last looks up the text up to its end, and up to each of the signs at its end
// that may belong to the text around it: as many of them as a listed URL ends
// in.
func (w *Walker) last() {
	n := len(w.key)
	for n > w.slash+1 && sentenceSign(w.key[n-1]) {
		n--
	}
	for last := min(len(w.key), n+w.set.signs); n <= last; n++ {
		if w.urls {
			w.try(n)
		}
		if w.paths && n-w.slash > 1 {
			w.tryPath(n)
		}
	}
}

func (w *Walker) try(n int) bool {
	w.whole.key = w.key
	h := w.whole.next(n)
	if !w.set.may(list.URL, h) {
		return false
	}
	w.hit(lookupHash(w.set, list.URL, h, w.key[:n]), n)
	return true
}

func (w *Walker) tryPath(n int) bool {
	w.tail.key = w.key[w.slash:]
	h := w.tail.next(n - w.slash)
	if !w.set.may(list.Path, h) {
		return false
	}
	w.hit(lookupHash(w.set, list.Path, h, w.key[w.slash:n]), n)
	return true
}

func (w *Walker) hit(e uint32, n int) {
	if e != 0 {
		w.found(e, int(w.ends[n-w.slash-1]))
	}
}

func delimiter(c byte) bool { return c == '/' || c == '?' || c == '&' || c == '=' || c == ';' }

// sentenceSign: signs that end a sentence, or close what a URL stands in.
func sentenceSign(c byte) bool {
	switch c {
	case '.', ',', ':', '!', ')', ']', '\'', '*':
		return true
	}
	return false
}
