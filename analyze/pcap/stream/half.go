package stream

import (
	"bytes"
	"time"
)

// Mark says which packet brought a run of bytes.
type Mark struct {
	Packet int // 1-based
	Time   time.Time
}

// Sink receives one direction's bytes in order.
type Sink interface {
	// Data delivers the next bytes, valid during the call.
	Data(b []byte, at Mark)
	// Gap says that n bytes are missing here.
	Gap(n int64, at Mark)
	// Aside delivers bytes that have no place in the stream as it is known: from
	// before its start, or far outside its window. They may be forged, or the
	// start was. more says that they follow on those delivered aside last.
	Aside(b []byte, more bool, at Mark)
}

// Segment is what a TCP segment brings.
type Segment struct {
	Seq  uint32
	SYN  bool
	FIN  bool
	Data []byte // copied where it has to be kept
	Lost int    // bytes after Data that were sent but not captured
	At   Mark
}

// Stats counts what happened while streams were put in order.
type Stats struct {
	Segments    int   `json:"segments"`        // with data
	Bytes       int64 `json:"bytes,string"`    // delivered in order
	OutOfOrder  int   `json:"out_of_order"`    // segments that had to wait
	Retransmits int   `json:"retransmissions"` // segments, or parts of them, seen before
	Conflicts   int   `json:"conflicts"`       // retransmissions with other bytes; the first stand
	Gaps        int   `json:"gaps"`
	GapBytes    int64 `json:"gap_bytes,string"`
	EarlyGaps   int   `json:"gaps_for_memory"`           // gaps declared because too much waited behind them
	Unknown     int64 `json:"bytes_before_start,string"` // delivered aside
	StrayBytes  int64 `json:"stray_bytes,string"`        // far outside the window, likewise
	AfterEnd    int64 `json:"bytes_after_end,string"`    // after a FIN, delivered all the same, or in a RST, dropped
	Unchecked   int64 `json:"retransmitted_bytes_not_compared,string"`
	Resyncs     int   `json:"resyncs"`
}

// Bounds of one direction.
const (
	pieceOverhead = 1024    // counted for a waiting piece: bounds their number too
	farBehind     = 1 << 24 // no window reaches back 16 MiB
	resyncAfter   = 3       // contiguous stray segments that prove a new position
)

// piece is a run of bytes that waits for those before it.
type piece struct {
	seq  uint32
	data []byte
	lost int
	at   Mark
}

func (p *piece) end() uint32 { return p.seq + uint32(len(p.data)+p.lost) }

// Half is one direction of a connection.
type Half struct {
	next    uint32
	started bool
	finAt   uint32
	fin     bool
	pieces  []piece // by sequence number, not overlapping
	waiting int     // bytes of memory in pieces
	stray   uint32  // end of the last stray segment
	strays  int
	first   uint32 // sequence number of the first byte
	syn     bool   // and a SYN said so
	long    bool   // so much came that numbers from before first can't be told
	aside   span   // the last bytes that were delivered aside
}

// span is a range of sequence numbers.
type span struct {
	from, end uint32
	some      bool
}

// longStream is how far from its first byte a stream may be compared with it.
const longStream = 1 << 30

// before reports a < b in sequence space.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// Waiting returns the bytes of memory held by segments out of order.
func (h *Half) Waiting() int { return h.waiting }

// Finished reports whether all bytes up to the FIN were delivered, and none
// after it.
func (h *Half) Finished() bool { return h.fin && h.started && h.next == h.finAt }

// Started reports whether a sequence number is known.
func (h *Half) Started() bool { return h.started }

// NewConnection reports whether a SYN with this number can't belong to what
// was seen so far: the ports are used again.
func (h *Half) NewConnection(seq uint32) bool {
	return h.started && seq+1 != h.first
}

// Misplaced reports whether a SYN with this number contradicts a start that was
// taken from other segments. An endpoint ignores what comes before the
// handshake; so should who follows the stream, or a forged segment moves it.
func (h *Half) Misplaced(seq uint32) bool {
	return h.started && !h.syn && seq+1 != h.first
}

// untouched reports whether the start is known and nothing came since.
func (h *Half) untouched() bool { return h.next == h.first && len(h.pieces) == 0 && !h.long }

// Add takes a segment. past holds the most recently delivered bytes, ending at
// the next expected one, to compare retransmissions with; it may be short.
func (h *Half) Add(s Segment, past []byte, to Sink, st *Stats) {
	seq := s.Seq
	if s.SYN {
		seq++
		if !h.started {
			h.start(seq)
		}
		h.syn = true
	} else if !h.started {
		h.start(seq)
	}
	n := uint32(len(s.Data) + s.Lost)
	if s.FIN && !h.fin {
		h.fin, h.finAt = true, seq+n
	}
	if n == 0 {
		return
	}
	st.Segments++
	if !h.near(seq, n, st) {
		h.setAside(seq, s.Data, to, s.At)
		return
	}
	h.early(seq, s.Data, to, s.At, st)
	if h.fin && !before(seq, h.finAt) { // a forged FIN must not hide what follows
		st.AfterEnd += int64(n)
		if seq == h.finAt+1 && h.next == h.finAt {
			h.next = seq // the FIN itself takes a number
		}
	}
	if before(seq, h.next) {
		cut := h.retransmit(seq, s.Data, past, st)
		if cut >= int(n) {
			return
		}
		seq += uint32(cut)
		s.Data, s.Lost = s.Data[min(cut, len(s.Data)):], int(n)-max(cut, len(s.Data))
	}
	if seq == h.next && len(h.pieces) == 0 {
		h.deliver(piece{seq: seq, data: s.Data, lost: s.Lost, at: s.At}, to, st)
		return
	}
	if seq != h.next {
		st.OutOfOrder++
	}
	h.insert(piece{seq: seq, data: s.Data, lost: s.Lost, at: s.At}, st)
	h.drain(to, st)
}

func (h *Half) start(seq uint32) { h.started, h.next, h.first = true, seq, seq }

// near refuses segments that lie further back than any window; several of them
// in a row move the position, for the capture may have lost a new handshake.
func (h *Half) near(seq, n uint32, st *Stats) bool {
	if int32(seq-h.next) >= -farBehind {
		h.strays = 0
		return true
	}
	if h.strays == 0 || seq != h.stray {
		h.strays = 0
	}
	h.strays++
	h.stray = seq + n
	if h.strays < resyncAfter && !h.untouched() {
		st.StrayBytes += int64(n)
		return false
	}
	st.Resyncs++
	st.drop(h)
	*h = Half{syn: h.syn}
	h.start(seq)
	return true
}

// early looks after bytes from before the start. Where nothing else came yet,
// it is the start that was wrong; a keep-alive has one byte that means nothing.
func (h *Half) early(seq uint32, b []byte, to Sink, at Mark, st *Stats) {
	switch n := int(h.first - seq); {
	case h.long || !before(seq, h.first) || len(b) == 0 || n == 1 && len(b) == 1:
	case h.untouched():
		st.Resyncs++
		h.start(seq)
	default:
		h.setAside(seq, b[:min(n, len(b))], to, at)
	}
}

// setAside delivers bytes aside, those not that were last delivered so.
func (h *Half) setAside(seq uint32, b []byte, to Sink, at Mark) {
	r, end := &h.aside, seq+uint32(len(b))
	more := r.some && !before(seq, r.from) && !before(r.end, seq)
	if more && !before(r.end, end) || len(b) == 0 {
		return
	}
	if more {
		b = b[r.end-seq:]
	} else {
		r.from = seq
	}
	r.some, r.end = true, end
	to.Aside(b, more, at)
}

// drop counts bytes that waited and are given up.
func (st *Stats) drop(h *Half) {
	for i := range h.pieces {
		st.StrayBytes += int64(len(h.pieces[i].data))
	}
}

// retransmit compares the known part of a segment with what was delivered and
// returns how many of its bytes are old.
func (h *Half) retransmit(seq uint32, data, past []byte, st *Stats) int {
	old := int(h.next - seq)
	if before(seq, h.first) {
		st.Unknown += int64(min(int(h.first-seq), len(data)))
	}
	if len(data) == 1 && old == 1 {
		return old // a keep-alive, its byte means nothing (RFC 9293 section 3.8.4)
	}
	st.Retransmits++
	b := data[:min(old, len(data))]
	from := len(past) - old // place of b in past
	if from < 0 {
		skip := min(-from, len(b))
		st.Unchecked += int64(skip)
		b, from = b[skip:], 0
	}
	if len(b) > 0 && from+len(b) <= len(past) && !bytes.Equal(b, past[from:from+len(b)]) {
		st.Conflicts++
	}
	return old
}

// insert keeps the parts of p that no waiting piece covers, comparing the rest.
func (h *Half) insert(p piece, st *Stats) {
	i := len(h.pieces)
	for i > 0 && before(p.seq, h.pieces[i-1].end()) {
		i--
	}
	for ; i < len(h.pieces); i++ {
		q := &h.pieces[i]
		if before(p.seq, q.seq) { // a part before q
			n := min(int(q.seq-p.seq), len(p.data)+p.lost)
			if h.place(i, p.head(n)) {
				i++
				q = &h.pieces[i]
			}
			p = p.tail(n)
		}
		if len(p.data)+p.lost == 0 {
			return
		}
		if !before(p.seq, q.end()) {
			continue
		}
		n := min(int(q.end()-p.seq), len(p.data)+p.lost)
		q.compare(&p, n, st)
		p = p.tail(n)
		if len(p.data)+p.lost == 0 {
			return
		}
	}
	h.place(len(h.pieces), p)
}

// head and tail split a piece after n bytes.
func (p piece) head(n int) piece {
	if n <= len(p.data) {
		return piece{p.seq, p.data[:n], 0, p.at}
	}
	return piece{p.seq, p.data, n - len(p.data), p.at}
}

func (p piece) tail(n int) piece {
	if n <= len(p.data) {
		return piece{p.seq + uint32(n), p.data[n:], p.lost, p.at}
	}
	return piece{p.seq + uint32(n), nil, p.lost - (n - len(p.data)), p.at}
}

// compare checks the n bytes at p.seq, which q covers too.
func (q *piece) compare(p *piece, n int, st *Stats) {
	st.Retransmits++
	from := min(int(p.seq-q.seq), len(q.data))
	n = min(n, len(p.data), len(q.data)-from)
	if !bytes.Equal(p.data[:n], q.data[from:from+n]) {
		st.Conflicts++
	}
}

func (h *Half) place(i int, p piece) bool {
	if len(p.data)+p.lost == 0 {
		return false
	}
	p.data = bytes.Clone(p.data)
	h.pieces = append(h.pieces, piece{})
	copy(h.pieces[i+1:], h.pieces[i:])
	h.pieces[i] = p
	h.waiting += len(p.data) + pieceOverhead
	return true
}

// drain delivers the pieces that are next.
func (h *Half) drain(to Sink, st *Stats) {
	n := 0
	for n < len(h.pieces) && h.pieces[n].seq == h.next {
		h.waiting -= len(h.pieces[n].data) + pieceOverhead
		h.deliver(h.pieces[n], to, st)
		n++
	}
	if n > 0 {
		h.pieces = append(h.pieces[:0], h.pieces[n:]...)
		clear(h.pieces[len(h.pieces):cap(h.pieces)])
	}
	if len(h.pieces) == 0 {
		h.pieces = nil
	}
}

func (h *Half) deliver(p piece, to Sink, st *Stats) {
	h.next = p.end()
	h.long = h.long || h.next-h.first > longStream
	if len(p.data) > 0 {
		st.Bytes += int64(len(p.data))
		to.Data(p.data, p.at)
	}
	if p.lost > 0 {
		st.Gaps++
		st.GapBytes += int64(p.lost)
		to.Gap(int64(p.lost), p.at)
	}
}

// SkipGap gives up the bytes missing before the first waiting piece. early
// says that memory was the reason, not the end of the connection.
func (h *Half) SkipGap(early bool, to Sink, st *Stats) {
	if len(h.pieces) == 0 {
		return
	}
	n := int64(h.pieces[0].seq - h.next)
	st.Gaps++
	st.GapBytes += n
	if early {
		st.EarlyGaps++
	}
	at := h.pieces[0].at
	h.next = h.pieces[0].seq
	h.long = h.long || h.next-h.first > longStream
	to.Gap(n, at)
	h.drain(to, st)
}

// Flush delivers all that waits, with gaps between.
func (h *Half) Flush(to Sink, st *Stats) {
	for len(h.pieces) > 0 {
		h.SkipGap(false, to, st)
	}
}
