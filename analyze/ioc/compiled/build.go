package compiled

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// Bounds of a set.
const (
	MaxIndicators = 16 << 20
	maxArena      = 2 << 30 // bytes of text
	maxFiles      = 1<<16 - 1
	maxTwins      = 8 // listings kept of one and the same indicator
)

// ErrTooMany is returned when a set would grow beyond its bounds.
var ErrTooMany = errors.New("too many indicators for one set")

// Builder collects indicators for a Set. Not safe for concurrent use.
type Builder struct {
	entries []byte
	n       uint32
	arena   arena
	slots   []uint64
	files   []string
	last    [2]uint32 // offset and length of the last comment, which often repeats
	dup     int
	head    head
}

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder {
	return &Builder{arena: newArena(), slots: make([]uint64, 1<<10)}
}

// File begins a list; Add counts its indicators to it. It returns an error
// when there are too many lists.
func (b *Builder) File(name string) error {
	if len(b.files) == maxFiles {
		return fmt.Errorf("%w: more than %d lists", ErrTooMany, maxFiles)
	}
	b.files = append(b.files, name)
	return nil
}

// Add takes one indicator of the current list.
func (b *Builder) Add(ind list.Indicator) error {
	if !ind.Kind.Valid() || ind.Key == "" || len(b.files) == 0 {
		return fmt.Errorf("indicator %q: no kind, key or list", ind.Raw)
	}
	if b.n >= MaxIndicators || b.arena.size() > maxArena-4*chunkSize {
		return ErrTooMany
	}
	if int(b.n)*10 >= len(b.slots)*7 {
		b.grow()
	}
	h := keyHash(ind.Kind, ind.Key)
	slot, twin := b.find(h, ind.Kind, ind.Key)
	e := entry{kind: ind.Kind, file: uint16(len(b.files) - 1), line: uint32(ind.Line), score: int16(ind.Score)}
	if twin != 0 {
		return b.twin(twin-1, e, ind)
	}
	e.key = b.text(ind.Key)
	b.fill(&e, ind)
	b.n++
	b.entries = e.append(b.entries)
	b.slots[slot] = h>>32<<32 | uint64(b.n)
	b.note(ind)
	return nil
}

// twin adds another listing of an indicator that is there already.
func (b *Builder) twin(first uint32, e entry, ind list.Indicator) error {
	at, count := first, 1
	for next := b.next(at); next != 0; next = b.next(at) {
		at = next - 1
		count++
	}
	if count >= maxTwins {
		b.dup++
		return nil
	}
	e.key = binary.LittleEndian.Uint32(b.entries[first*entrySize:])
	b.fill(&e, ind)
	b.n++
	b.entries = e.append(b.entries)
	binary.LittleEndian.PutUint32(b.entries[at*entrySize+nextAt:], b.n)
	return nil
}

func (b *Builder) next(i uint32) uint32 {
	return binary.LittleEndian.Uint32(b.entries[i*entrySize+nextAt:])
}

func (b *Builder) fill(e *entry, ind list.Indicator) {
	e.raw = e.key
	if ind.Raw != ind.Key {
		n := commonTail(ind.Raw, ind.Key)
		e.raw, e.tail = b.text(ind.Raw[:len(ind.Raw)-n]), uint16(n)
	}
	e.except = b.text(ind.Except)
	e.comment = b.comment(ind.Comment)
}

// commonTail returns how many bytes at the end of two texts are the same: most
// of a defanged URL is, and need not be held twice.
func commonTail(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// text stores s and returns its offset; the empty text is at 0.
func (b *Builder) text(s string) uint32 {
	if s == "" {
		return 0
	}
	return b.arena.add(s[:min(len(s), list.MaxLine)])
}

func (b *Builder) comment(s string) uint32 {
	if s != "" && b.last[1] == uint32(len(s)) {
		if off := b.last[0]; string(b.arena.text(off)) == s {
			return off
		}
	}
	off := b.text(s)
	if off != 0 {
		b.last = [2]uint32{off, uint32(len(s))}
	}
	return off
}

// find returns the slot of the key and the entry number (1-based) there, or
// the free slot and 0.
func (b *Builder) find(h uint64, k list.Kind, key string) (slot int, entry uint32) {
	mask := uint64(len(b.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		v := b.slots[i]
		if uint32(v) == 0 {
			return int(i), 0
		}
		if v>>32 == h>>32 && b.same(uint32(v)-1, k, key) {
			return int(i), uint32(v)
		}
	}
}

func (b *Builder) same(i uint32, k list.Kind, key string) bool {
	e := b.entries[i*entrySize:]
	return list.Kind(e[kindAt]) == k && string(b.arena.text(binary.LittleEndian.Uint32(e))) == key
}

func (b *Builder) grow() {
	old := b.slots
	b.slots = make([]uint64, 2*len(old))
	mask := uint64(len(b.slots) - 1)
	for _, v := range old {
		if uint32(v) == 0 {
			continue
		}
		i := uint32(v) - 1
		off := binary.LittleEndian.Uint32(b.entries[i*entrySize:])
		h := keyHash(list.Kind(b.entries[i*entrySize+kindAt]), b.arena.text(off))
		at := h & mask
		for uint32(b.slots[at]) != 0 {
			at = (at + 1) & mask
		}
		b.slots[at] = v
	}
}

// note keeps what lets the scanner skip: kinds, prefix lengths, top-level
// domains in use.
func (b *Builder) note(ind list.Indicator) {
	b.head.kinds |= 1 << ind.Kind
	switch ind.Kind {
	case list.CIDR:
		p := netip.MustParsePrefix(ind.Key)
		if p.Addr().Is4() {
			b.head.masks[0] |= 1 << p.Bits()
		} else {
			b.head.ip6 = true
			b.head.masks[1+p.Bits()/64] |= 1 << (p.Bits() % 64)
		}
	case list.IP:
		b.head.ip6 = b.head.ip6 || strings.IndexByte(ind.Key, ':') >= 0
	}
	if ind.Kind == list.URL || ind.Kind == list.Path {
		b.head.signs = max(b.head.signs, signsAtEnd(ind.Key))
	}
	b.noteHost(hostOf(ind.Kind, ind.Key))
}

func signsAtEnd(key string) int {
	n := len(key)
	for n > 0 && sentenceSign(key[n-1]) {
		n--
	}
	return len(key) - n
}

// hostOf returns the host in the key of an indicator, "" where it has none.
func hostOf(k list.Kind, key string) string {
	switch k {
	case list.Domain:
		return key
	case list.Email:
		return key[strings.LastIndexByte(key, '@')+1:]
	case list.HostPort:
		return key[:strings.LastIndexByte(key, ':')]
	case list.URL:
		host, _, _ := strings.Cut(key, "/")
		if i := strings.LastIndexByte(host, ':'); i > 0 && host[len(host)-1] != ']' {
			host = host[:i]
		}
		return host
	}
	return ""
}

func (b *Builder) noteHost(host string) {
	if host == "" {
		return
	}
	if host[0] == '[' {
		b.head.ip6 = true
		return
	}
	tld := host[strings.LastIndexByte(host, '.')+1:]
	b.head.idn = b.head.idn || strings.Contains(host, "xn--")
	b.head.idnTLD = b.head.idnTLD || strings.HasPrefix(tld, "xn--")
	b.head.setTLD(tld)
}

// Compile returns the set. The Builder must not be used afterwards.
func (b *Builder) Compile() (*Set, error) {
	blob := b.head.marshal(b)
	b.entries, b.arena, b.slots = nil, arena{}, nil
	return Load(blob)
}
