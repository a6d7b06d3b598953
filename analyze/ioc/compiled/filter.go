package compiled

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// bitsPerNode sizes the filter; three bits are set for each node, in one word,
// so that about one in a hundred probes passes for nothing.
const bitsPerNode = 12

// filter returns the set of all that a search may meet on its way to an
// indicator: the key of each; of hosts all that a name may end in; of URLs and
// paths all beginnings that end at a delimiter; of networks the masked
// address. So a search ends at the first step that leads nowhere, and content
// can't make it try what no list holds. It is a blocked Bloom filter over the
// hashes of the table: a word is chosen by the low bits, three bits of it by
// the high ones.
func (b *Builder) filter(names []byte) []byte {
	count := 0
	b.nodes(names, func(uint64) { count++ })
	words := uint64(1)
	for words*64 < uint64(count)*bitsPerNode {
		words *= 2
	}
	f := make([]byte, 8*words)
	b.nodes(names, func(h uint64) {
		at := f[8*(h&(words-1)):]
		binary.LittleEndian.PutUint64(at, binary.LittleEndian.Uint64(at)|filterBits(h))
	})
	return f
}

func filterBits(h uint64) uint64 { return 1<<(h>>58) | 1<<(h>>52&63) | 1<<(h>>46&63) }

// may reports whether h is in the filter. False is certain.
func (s *Set) may(h uint64) bool {
	want := filterBits(h)
	return binary.LittleEndian.Uint64(s.filter[8*(h&s.words):])&want == want
}

// nodes hands out the hash of every node, some of them many times.
func (b *Builder) nodes(names []byte, node func(uint64)) {
	for i := uint32(0); i < b.n; i++ {
		e := b.entries[i*entrySize:]
		key, k := b.key(binary.LittleEndian.Uint32(e)), list.Kind(e[kindAt])
		node(keyHash(k, key))
		hostNodes(hostOf(k, key), list.Domain, node)
		switch k {
		case list.CIDR:
			if p, err := netip.ParsePrefix(key); err == nil {
				node(networkHash(p.Addr(), p.Bits()))
			}
		case list.Path:
			beginnings(k, key, 1, node)
		case list.URL:
			beginnings(k, key, strings.IndexByte(key, '/'), node)
		}
	}
	eachName(names, func(spelt, _ string) {
		hostNodes(spelt, kindSpelt, node)
		node(keyHash(kindSpelt, spelt[strings.LastIndexByte(spelt, '.')+1:]))
	})
}

func (b *Builder) key(off uint32) string {
	n := uint32(binary.LittleEndian.Uint16(b.arena[off:]))
	return string(b.arena[off+2 : off+2+n])
}

// hostNodes takes what a name ends in: two labels, three … and the name.
func hostNodes(host string, k list.Kind, node func(uint64)) {
	if host == "" || host[0] == '[' {
		return
	}
	for i := strings.LastIndexByte(host, '.'); i >= 0; {
		i = strings.LastIndexByte(host[:i], '.')
		node(keyHash(k, host[i+1:]))
	}
}

// beginnings takes those beginnings of key, longer than from bytes, at which
// a Walker stops to look.
func beginnings(k list.Kind, key string, from int, node func(uint64)) {
	p := prefixes[string]{key: key, h: hashSeed(k)}
	for n := from + 1; n < len(key); n++ {
		if delimiter(key[n-1]) || delimiter(key[n]) {
			node(p.next(n))
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
