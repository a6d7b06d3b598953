package compiled

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// bitsPerNode sizes the filter; three bits are set for each node, in one word,
// so that about one in a hundred probes passes for nothing.
const bitsPerNode = 12

// filters is the number of filters: one for each kind of nodes, so that those
// of a short list are small and fast.
const filters = 16

// filter returns the set of all that a search may meet on its way to an
// indicator: the key of each; of hosts all that a name may end in; of URLs and
// paths all beginnings that end at a delimiter; of networks and addresses the
// masked address. So a search ends at the first step that leads nowhere, and
// content can't make it try what no list holds.
//
// There are 16 filters, one behind the other, after a u64 each: the number of
// words of 8 bytes, a power of two or 0. Each is a blocked Bloom filter over
// hashes as those of the table: the low bits choose a word, and the high ones
// three bits of it.
func (b *Builder) filter(names []byte) []byte {
	var count, words, from [filters]uint64
	b.nodes(names, func(k list.Kind, _ uint64) { count[k]++ })
	size := uint64(8 * filters)
	for k, n := range count {
		for words[k] = min(n, 1); words[k]*64 < n*bitsPerNode; words[k] *= 2 {
		}
		from[k] = size
		size += 8 * words[k]
	}
	f := make([]byte, size)
	for k, n := range words {
		binary.LittleEndian.PutUint64(f[8*k:], n)
	}
	b.nodes(names, func(k list.Kind, h uint64) {
		at := f[from[k]+8*(h&(words[k]-1)):]
		binary.LittleEndian.PutUint64(at, binary.LittleEndian.Uint64(at)|filterBits(h))
	})
	return f
}

// cutFilters takes filter's work apart again, or fails.
func cutFilters(f []byte) (out [filters]filter, ok bool) {
	if len(f) < 8*filters {
		return out, false
	}
	rest := f[8*filters:]
	for k := range out {
		n := binary.LittleEndian.Uint64(f[8*k:])
		if n > uint64(len(rest))/8 || bits.OnesCount64(n) > 1 {
			return out, false
		}
		out[k] = filter{rest[:8*n], n - 1}
		rest = rest[8*n:]
	}
	return out, true
}

type filter struct {
	words []byte
	mask  uint64 // number of words, less one
}

func filterBits(h uint64) uint64 { return 1<<(h>>58) | 1<<(h>>52&63) | 1<<(h>>46&63) }

// may reports whether h is among the nodes of kind k. False is certain.
func (s *Set) may(k list.Kind, h uint64) bool {
	f := &s.filters[k%filters]
	if len(f.words) == 0 {
		return false
	}
	want := filterBits(h)
	return binary.LittleEndian.Uint64(f.words[8*(h&f.mask):])&want == want
}

// nodes hands out the kind and hash of every node, some of them many times.
func (b *Builder) nodes(names []byte, node func(list.Kind, uint64)) {
	for i := uint32(0); i < b.n; i++ {
		e := b.entries[i*entrySize:]
		key, k := b.key(binary.LittleEndian.Uint32(e)), list.Kind(e[kindAt])
		node(k, keyHash(k, key))
		hostNodes(hostOf(k, key), list.Domain, node)
		switch k {
		case list.CIDR:
			if p, err := netip.ParsePrefix(key); err == nil {
				node(k, networkHash(p.Addr(), p.Bits()))
			}
		case list.IP:
			if a, err := netip.ParseAddr(key); err == nil {
				node(k, networkHash(a, a.BitLen()))
			}
		case list.Path:
			beginnings(k, key, 1, node)
		case list.URL:
			beginnings(k, key, strings.IndexByte(key, '/'), node)
		}
	}
	eachName(names, func(spelt, _ string) {
		hostNodes(spelt, kindSpelt, node)
		node(kindSpelt, keyHash(kindSpelt, spelt[strings.LastIndexByte(spelt, '.')+1:]))
	})
}

func (b *Builder) key(off uint32) string {
	return string(b.arena.text(off))
}

// hostNodes takes what a name ends in: two labels, three … and the name.
func hostNodes(host string, k list.Kind, node func(list.Kind, uint64)) {
	if host == "" || host[0] == '[' {
		return
	}
	for i := strings.LastIndexByte(host, '.'); i >= 0; {
		i = strings.LastIndexByte(host[:i], '.')
		node(k, keyHash(k, host[i+1:]))
	}
}

// beginnings takes those beginnings of key, longer than from bytes, at which
// a Walker stops to look.
func beginnings(k list.Kind, key string, from int, node func(list.Kind, uint64)) {
	p := prefixes[string]{key: key, h: hashSeed(k)}
	for n := from + 1; n < len(key); n++ {
		if delimiter(key[n-1]) || delimiter(key[n]) {
			node(k, p.next(n))
		}
	}
}

// networkHash is of the first bits of an address.
func networkHash(a netip.Addr, bits int) uint64 {
	b := a.As16()
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if a.Is4() {
		bits += 96
	}
	if bits <= 64 {
		hi, lo = hi&^(^uint64(0)>>bits), 0
	} else {
		lo &^= ^uint64(0) >> (bits - 64)
	}
	return fold(fold(hi^uint64(bits), m1)^lo, m2)
}
