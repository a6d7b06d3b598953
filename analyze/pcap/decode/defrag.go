package decode

import (
	"bytes"
	"net/netip"
	"time"
)

// Bounds of reassembly: an IP payload has at most 65,535 bytes; offsets count
// in units of 8.
const (
	maxDatagram           = 65535
	fragUnits             = 8192
	defaultFragmentBytes  = 8 << 20
	defaultFragmentExpiry = time.Minute
	datagramOverhead      = 1400 // bitmap, key and list, bytes
)

type fragKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // IPv4 only (RFC 791); 0 for IPv6
}

// fragment is one piece of a datagram.
type fragment struct {
	key    fragKey
	offset int
	more   bool
	data   []byte
	next   uint8 // protocol of the payload, as this piece states it
}

// pending is a datagram in pieces. Where pieces overlap, the bytes that
// arrived first stand.
type pending struct {
	key        fragKey
	buf        []byte
	have       [fragUnits / 64]uint64 // one bit a unit of 8 bytes
	units      int
	end        int // length of the whole; -1 until the last piece is there
	next       uint8
	first      bool // the piece with offset 0 is there
	last       time.Time
	prev, succ *pending // by time of the last piece
}

type defrag struct {
	limit  int
	expiry time.Duration
	stats  *Stats
	open   map[fragKey]*pending
	list   pending // ring: list.succ is the oldest
	bytes  int
}

func (f *defrag) init(l Limits, s *Stats) {
	f.limit, f.expiry, f.stats = l.FragmentBytes, l.FragmentExpiry, s
	if f.limit <= 0 {
		f.limit = defaultFragmentBytes
	}
	if f.expiry <= 0 {
		f.expiry = defaultFragmentExpiry
	}
	f.open = make(map[fragKey]*pending)
	f.list.prev, f.list.succ = &f.list, &f.list
}

// add takes a piece; it returns the whole payload and its protocol where the
// datagram is now complete, else nil.
func (f *defrag) add(p fragment, now time.Time) ([]byte, uint8) {
	f.stats.Fragments++
	f.expire(now)
	end := p.offset + len(p.data)
	if len(p.data) == 0 || end > maxDatagram || p.more && len(p.data)%8 != 0 {
		f.stats.FragmentsBad++
		return nil, 0
	}
	q := f.open[p.key]
	if q == nil {
		q = &pending{key: p.key, end: -1, next: p.next}
		f.open[p.key] = q
		f.bytes += datagramOverhead
	} else {
		q.unlink()
	}
	q.link(&f.list)
	q.last = now
	if !f.put(q, p) {
		return nil, 0
	}
	if q.end >= 0 && q.units == (q.end+7)/8 && q.first {
		whole, next := q.buf[:q.end], q.next
		f.drop(q)
		f.stats.Reassembled++
		return whole, next
	}
	f.shed(q)
	return nil, 0
}

// put copies the units of p that are new. A piece that contradicts the known
// end of the datagram is not usable.
func (f *defrag) put(q *pending, p fragment) bool {
	end := p.offset + len(p.data)
	if q.end >= 0 && (end > q.end || !p.more && end != q.end) || !p.more && end < len(q.buf) {
		f.stats.FragmentConflict++
		return false
	}
	if end > len(q.buf) {
		before := cap(q.buf)
		q.buf = append(q.buf, make([]byte, end-len(q.buf))...)
		f.bytes += cap(q.buf) - before
	}
	if !p.more {
		q.end = end
	}
	if p.offset == 0 && !q.first {
		q.first, q.next = true, p.next
	}
	f.units(q, p)
	return true
}

func (f *defrag) units(q *pending, p fragment) {
	overlap, conflict := false, false
	for i := 0; i < len(p.data); i += 8 {
		unit := p.data[i:min(i+8, len(p.data))]
		at := p.offset + i
		u := at / 8
		if q.have[u/64]&(1<<(u%64)) == 0 {
			q.have[u/64] |= 1 << (u % 64)
			q.units++
			copy(q.buf[at:], unit)
			continue
		}
		overlap = true
		conflict = conflict || !bytes.Equal(q.buf[at:at+len(unit)], unit)
	}
	if overlap {
		f.stats.FragmentOverlap++
	}
	if conflict {
		f.stats.FragmentConflict++
	}
}

// expire gives up datagrams whose last piece is too old in capture time.
func (f *defrag) expire(now time.Time) {
	for q := f.list.succ; q != &f.list && now.Sub(q.last) > f.expiry; q = f.list.succ {
		f.stats.FragmentsExpired++
		f.drop(q)
	}
}

// shed keeps the memory bound by giving up the oldest, q excepted.
func (f *defrag) shed(q *pending) {
	for f.bytes > f.limit && f.list.succ != q {
		f.stats.FragmentsDropped++
		f.drop(f.list.succ)
	}
}

func (f *defrag) drop(q *pending) {
	q.unlink()
	delete(f.open, q.key)
	f.bytes -= datagramOverhead + cap(q.buf)
}

func (f *defrag) drain() {
	for q := f.list.succ; q != &f.list; q = f.list.succ {
		f.stats.FragmentsExpired++
		f.drop(q)
	}
}

func (q *pending) link(ring *pending) {
	q.prev, q.succ = ring.prev, ring
	ring.prev.succ, ring.prev = q, q
}

func (q *pending) unlink() {
	q.prev.succ, q.succ.prev = q.succ, q.prev
	q.prev, q.succ = nil, nil
}
