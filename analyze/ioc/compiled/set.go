package compiled

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
	"github.com/hozen-dfir/hozen/analyze/ioc/paths"
)

// A set in memory is its own file, little endian:
//
//	0   magic "hozenIOC", then u32 version
//	12  u32 number of entries
//	16  u32 bit set of kinds, u32 flags: IPv6, A-labels, A-label at the end; << 8 signs at the end of a URL
//	24  4 × u64 bit sets of prefix lengths: IPv4, then IPv6 (0 to 128)
//	56  u64 duplicate listings that were not kept
//	64  6 × (u64 offset, u64 length): entries, slots, arena, lists, filter, names
//	160 4096 bytes: bit set of hashed top-level domains
//	…   the sections
//
// An entry is entrySize bytes: u32 key, raw, comment, except (offsets of texts
// in the arena: u16 length, bytes), u32 line, u32 next listing of the same key
// (1-based), u16 list, i16 score, u8 kind, a zero byte, and u16 how many bytes
// of the key's end stand behind raw. A slot of the open
// hash table is u64: the upper half of the key's hash and the 1-based entry.
// The filter is described at Builder.filter, names at Builder.names.
const (
	magic      = "hozenIOC"
	version    = 3
	sections   = 6
	tldAt      = 64 + 16*sections
	headSize   = tldAt + tldBytes
	signsShift = 8
	tldBytes   = 4096
	entrySize  = 32
	nextAt     = 20
	kindAt     = 28
	tailAt     = 30
)

// ErrBlob is returned by Load for bytes that are no compiled set.
var ErrBlob = errors.New("not a compiled set of indicators")

type entry struct {
	key, raw, comment, except uint32
	line, next                uint32
	file                      uint16
	score                     int16
	kind                      list.Kind
	tail                      uint16
}

func (e *entry) append(b []byte) []byte {
	for _, v := range []uint32{e.key, e.raw, e.comment, e.except, e.line, e.next} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	b = binary.LittleEndian.AppendUint16(b, e.file)
	b = binary.LittleEndian.AppendUint16(b, uint16(e.score))
	return binary.LittleEndian.AppendUint16(append(b, byte(e.kind), 0), e.tail)
}

// head is what the scanner asks before anything else.
type head struct {
	kinds            uint32
	ip6, idn, idnTLD bool
	signs            int // in which a URL or path ends, at most; see sentenceSign
	masks            [4]uint64
	tlds             [tldBytes]byte
}

func (h *head) setTLD(s string) {
	v := keyHash(0, s) >> 32
	h.tlds[v>>3%tldBytes] |= 1 << (v & 7)
}

func (h *head) marshal(b *Builder) []byte {
	names := b.names()
	parts := [sections][]byte{b.entries, nil, nil, []byte(strings.Join(b.files, "\x00")), b.filter(names), names}
	sizes := [sections]int{1: 8 * len(b.slots), 2: b.arena.size()}
	size := headSize
	for i, p := range parts {
		sizes[i] += len(p)
		size += sizes[i]
	}
	out := make([]byte, 0, size)
	out = append(out, magic...)
	flags := uint32(0)
	for i, f := range []bool{h.ip6, h.idn, h.idnTLD} {
		if f {
			flags |= 1 << i
		}
	}
	flags |= uint32(h.signs) << signsShift
	for _, v := range []uint32{version, b.n, h.kinds, flags} {
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	for _, v := range append(h.masks[:], uint64(b.dup)) {
		out = binary.LittleEndian.AppendUint64(out, v)
	}
	at := headSize
	for _, n := range sizes {
		out = binary.LittleEndian.AppendUint64(out, uint64(at))
		out = binary.LittleEndian.AppendUint64(out, uint64(n))
		at += n
	}
	out = append(out, h.tlds[:]...)
	for i, p := range parts {
		switch i {
		case 1:
			for _, v := range b.slots {
				out = binary.LittleEndian.AppendUint64(out, v)
			}
		case 2:
			out = b.arena.moveTo(out)
		default:
			out = append(out, p...)
		}
	}
	return out
}

// Set is a compiled set of indicators. It is safe for concurrent use and does
// not change.
type Set struct {
	head
	blob    []byte
	n       uint32
	dup     uint64
	entries []byte
	slots   []byte
	mask    uint64
	arena   []byte
	files   []string
	filters [filters]filter
	names   []byte

	once  sync.Once
	paths *paths.Matcher

	onceNames sync.Once
	ascii     map[string]string // by the name as it is spelt, decomposed
}

// Load returns the set whose compiled form is blob, without copying it: blob
// may be a read-only mapping and must stay as it is while the set is in use.
func Load(blob []byte) (*Set, error) {
	if len(blob) < headSize || string(blob[:8]) != magic {
		return nil, ErrBlob
	}
	le := binary.LittleEndian
	if v := le.Uint32(blob[8:]); v != version {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrBlob, v, version)
	}
	s := &Set{blob: blob, n: le.Uint32(blob[12:]), dup: le.Uint64(blob[56:])}
	s.kinds = le.Uint32(blob[16:])
	flags := le.Uint32(blob[20:])
	s.ip6, s.idn, s.idnTLD = flags&1 != 0, flags&2 != 0, flags&4 != 0
	s.signs = int(flags >> signsShift)
	for i := range s.masks {
		s.masks[i] = le.Uint64(blob[24+8*i:])
	}
	var section [sections][]byte
	for i := range section {
		off, n := le.Uint64(blob[64+16*i:]), le.Uint64(blob[72+16*i:])
		if off > uint64(len(blob)) || n > uint64(len(blob))-off {
			return nil, fmt.Errorf("%w: section %d lies outside", ErrBlob, i)
		}
		section[i] = blob[off : off+n]
	}
	copy(s.tlds[:], blob[tldAt:])
	s.entries, s.slots, s.arena, s.names = section[0], section[1], section[2], section[5]
	n := len(s.slots) / 8
	if uint64(len(s.entries)) != uint64(s.n)*entrySize || bits.OnesCount(uint(n)) != 1 || len(s.slots)%8 != 0 || uint64(n) <= uint64(s.n)/2 {
		return nil, fmt.Errorf("%w: sizes don't agree", ErrBlob)
	}
	s.mask = uint64(n - 1)
	var ok bool
	if s.filters, ok = cutFilters(section[4]); !ok {
		return nil, fmt.Errorf("%w: filters of %d bytes", ErrBlob, len(section[4]))
	}
	if len(section[3]) > 0 {
		s.files = strings.Split(string(section[3]), "\x00")
	}
	return s, nil
}

// Marshal returns the compiled form of the set. Don't write to it.
func (s *Set) Marshal() []byte { return s.blob }

// Len returns the number of indicators, with at most eight listings of each;
// Duplicates returns how many further listings were left out.
func (s *Set) Len() int { return int(s.n) }

// Duplicates returns how many listings beyond the eighth of the same indicator
// the set does not hold.
func (s *Set) Duplicates() int { return int(s.dup) }

// Files returns the names of the lists, as given to Builder.File.
func (s *Set) Files() []string { return s.files }

// Has reports whether the set has indicators of kind k.
func (s *Set) Has(k list.Kind) bool { return s.kinds&(1<<k) != 0 }

// HasIP6 reports whether any address, network or host is IPv6.
func (s *Set) HasIP6() bool { return s.ip6 }

// HasIDN reports whether any host has an A-label (RFC 5890); tld, whether one
// has it as its top-level domain.
func (s *Set) HasIDN() (any, tld bool) { return s.idn, s.idnTLD }

// MayEnd reports whether a host of the set may have the top-level domain tld,
// in lower case. False is certain.
func (s *Set) MayEnd(tld []byte) bool {
	v := keyHash(0, tld) >> 32
	return s.tlds[v>>3%tldBytes]&(1<<(v&7)) != 0
}

// Find returns the first entry of the key, 1-based, or 0.
func (s *Set) Find(k list.Kind, key []byte) uint32 {
	h := keyHash(k, key)
	if !s.may(k, h) {
		return 0
	}
	return lookupHash(s, k, h, key)
}

// Host looks up the end of a name, two labels at least, in lower case and
// A-labels. It returns the entry of a domain of that name, 1-based, or 0; and
// whether any host of the set may end so. False is certain.
func (s *Set) Host(end []byte) (e uint32, more bool) {
	h := keyHash(list.Domain, end)
	if !s.may(list.Domain, h) {
		return 0, false
	}
	return lookupHash(s, list.Domain, h, end), true
}

// Key returns the normal form of the indicator of an entry, 1-based.
func (s *Set) Key(e uint32) string { return string(s.text(s.entry(e - 1).key)) }

// text returns the text at off; a wrong offset gives none.
func (s *Set) text(off uint32) []byte {
	if off == 0 || uint64(off)+2 > uint64(len(s.arena)) {
		return nil
	}
	n := uint64(binary.LittleEndian.Uint16(s.arena[off:]))
	end := uint64(off) + 2 + n
	if end > uint64(len(s.arena)) {
		return nil
	}
	return s.arena[off+2 : end]
}

func (s *Set) entry(i uint32) entry {
	if i >= s.n {
		return entry{}
	}
	b := s.entries[int(i)*entrySize:][:entrySize]
	le := binary.LittleEndian
	return entry{key: le.Uint32(b), raw: le.Uint32(b[4:]), comment: le.Uint32(b[8:]), except: le.Uint32(b[12:]),
		line: le.Uint32(b[16:]), next: le.Uint32(b[nextAt:]), file: le.Uint16(b[24:]), score: int16(le.Uint16(b[26:])), kind: list.Kind(b[kindAt]), tail: le.Uint16(b[tailAt:])}
}

// lookup returns the first entry of the key, 1-based, or 0.
func lookup[T ~string | ~[]byte](s *Set, k list.Kind, key T) uint32 {
	return lookupHash(s, k, keyHash(k, key), key)
}

func lookupHash[T ~string | ~[]byte](s *Set, k list.Kind, h uint64, key T) uint32 {
	// A slot is always free in a true set; the bound is for a false one.
	for i, tries := h&s.mask, uint64(0); tries <= s.mask; i, tries = (i+1)&s.mask, tries+1 {
		v := binary.LittleEndian.Uint64(s.slots[8*i:])
		if uint32(v) == 0 {
			return 0
		}
		if v>>32 != h>>32 {
			continue
		}
		at := int(uint32(v)-1) * entrySize
		if at+entrySize > len(s.entries) || list.Kind(s.entries[at+kindAt]) != k {
			continue
		}
		if string(s.text(binary.LittleEndian.Uint32(s.entries[at:]))) == string(key) {
			return uint32(v)
		}
	}
	return 0
}

// Multipliers of the hash: odd, with bits well spread.
const m1, m2 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db

// keyHash is fixed, since a set goes from process to process. It need not
// resist chosen keys: whoever writes an item can cause look-ups, not
// insertions.
func keyHash[T ~string | ~[]byte](k list.Kind, key T) uint64 {
	return prefixes[T]{key: key, h: hashSeed(k)}.at(len(key))
}

func hashSeed(k list.Kind) uint64 { return uint64(k)*m2 ^ m1 }

// prefixes hashes ever longer beginnings of one key, each byte once.
type prefixes[T ~string | ~[]byte] struct {
	key  T
	h    uint64
	done int // bytes in h, a multiple of 8
}

// next is at, and remembers what was hashed; n must not shrink.
func (p *prefixes[T]) next(n int) uint64 {
	for ; p.done+8 <= n; p.done += 8 {
		p.h = fold(p.h^word(p.key, p.done), m1)
	}
	return p.at(n)
}

// at returns the hash of key[:n].
func (p prefixes[T]) at(n int) uint64 {
	i, h := p.done, p.h
	for ; i+8 <= n; i += 8 {
		h = fold(h^word(p.key, i), m1)
	}
	v := uint64(0)
	for ; i < n; i++ {
		v = v<<8 ^ uint64(p.key[i])
	}
	return fold(h^v^uint64(n)*m1, m2)
}

func word[T ~string | ~[]byte](key T, i int) uint64 {
	return uint64(key[i]) | uint64(key[i+1])<<8 | uint64(key[i+2])<<16 | uint64(key[i+3])<<24 |
		uint64(key[i+4])<<32 | uint64(key[i+5])<<40 | uint64(key[i+6])<<48 | uint64(key[i+7])<<56
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
