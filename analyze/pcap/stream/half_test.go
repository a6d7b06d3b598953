package stream

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// record keeps what a Sink is told: bytes as text, gaps as "<n>".
type record struct {
	out  bytes.Buffer
	past []byte
	gaps int64

	aside bytes.Buffer // each run after a bar
}

func (r *record) Data(b []byte, _ Mark) {
	r.out.Write(b)
	r.past = append(r.past, b...)
}

func (r *record) Gap(n int64, _ Mark) {
	fmt.Fprintf(&r.out, "<%d>", n)
	r.past = nil
	r.gaps += n
}

func (r *record) Aside(b []byte, more bool, _ Mark) {
	fmt.Fprintf(&r.aside, "%s%s", map[bool]string{false: "|"}[more], b)
}

type seg struct {
	seq      uint32
	data     string
	syn, fin bool
	lost     int
}

func run(segs []seg) (string, Stats, *Half) {
	var h Half
	var r record
	var st Stats
	for i, s := range segs {
		h.Add(Segment{Seq: s.seq, SYN: s.syn, FIN: s.fin, Data: []byte(s.data), Lost: s.lost, At: Mark{Packet: i + 1}}, r.past, &r, &st)
	}
	h.Flush(&r, &st)
	return r.out.String(), st, &h
}

func TestOrder(t *testing.T) {
	const top = 0xfffffffe // the sequence number wraps
	for name, c := range map[string]struct {
		segs []seg
		want string
		st   Stats
	}{
		"in order":      {[]seg{{9, "", true, false, 0}, {10, "ab", false, false, 0}, {12, "c", false, true, 0}}, "abc", Stats{Segments: 2, Bytes: 3}},
		"data on syn":   {[]seg{{9, "ab", true, false, 0}, {12, "c", false, false, 0}}, "abc", Stats{Segments: 2, Bytes: 3}},
		"wraps":         {[]seg{{top, "abc", false, false, 0}, {1, "d", false, false, 0}}, "abcd", Stats{Segments: 2, Bytes: 4}},
		"out of order":  {[]seg{{0, "", true, false, 0}, {3, "c", false, false, 0}, {2, "b", false, false, 0}, {1, "a", false, false, 0}}, "abc", Stats{Segments: 3, Bytes: 3, OutOfOrder: 2}},
		"retransmitted": {[]seg{{5, "abc", false, false, 0}, {5, "abc", false, false, 0}, {6, "bcd", false, false, 0}}, "abcd", Stats{Segments: 3, Bytes: 4, Retransmits: 2}},
		"conflict with delivered bytes": {[]seg{{5, "abc", false, false, 0}, {5, "aXc", false, false, 0}, {6, "YYdd", false, false, 0}},
			"abcdd", Stats{Segments: 3, Bytes: 5, Retransmits: 2, Conflicts: 2}},
		"conflict with waiting bytes": {[]seg{{5, "a", false, false, 0}, {8, "def", false, false, 0}, {7, "cXXX", false, false, 0}, {6, "b", false, false, 0}},
			"abcdef", Stats{Segments: 4, Bytes: 6, OutOfOrder: 2, Retransmits: 1, Conflicts: 1}},
		"covers waiting bytes": {[]seg{{1, "a", false, false, 0}, {4, "d", false, false, 0}, {3, "cdef", false, false, 0}, {2, "b", false, false, 0}},
			"abcdef", Stats{Segments: 4, Bytes: 6, OutOfOrder: 2, Retransmits: 1}},
		"gap":        {[]seg{{1, "a", false, false, 0}, {4, "d", false, false, 0}}, "a<2>d", Stats{Segments: 2, Bytes: 2, OutOfOrder: 1, Gaps: 1, GapBytes: 2}},
		"snapped":    {[]seg{{1, "ab", false, false, 3}, {6, "c", false, false, 0}}, "ab<3>c", Stats{Segments: 2, Bytes: 3, Gaps: 1, GapBytes: 3}},
		"keep-alive": {[]seg{{1, "ab", false, false, 0}, {2, "\x00", false, false, 0}, {3, "c", false, false, 0}}, "abc", Stats{Segments: 3, Bytes: 3}},
		"after fin":  {[]seg{{1, "ab", false, true, 0}, {4, "zz", false, false, 0}}, "abzz", Stats{Segments: 2, Bytes: 4, AfterEnd: 2}},
		"forged fin": {[]seg{{1, "ab", false, true, 0}, {3, "zz", false, false, 0}}, "abzz", Stats{Segments: 2, Bytes: 4, AfterEnd: 2}},
		"stray, then resync": {[]seg{{1 << 30, "ab", false, false, 0}, {5, "c", false, false, 0}, {6, "d", false, false, 0}, {7, "e", false, false, 0}, {8, "f", false, false, 0}},
			"abef", Stats{Segments: 5, Bytes: 4, StrayBytes: 2, Resyncs: 1}},
	} {
		got, st, _ := run(c.segs)
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if d := cmp.Diff(c.st, st); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestAside: bytes without a place in the stream are delivered all the same,
// each once; what was only a forged or wrong start is given up.
func TestAside(t *testing.T) {
	for name, c := range map[string]struct {
		segs        []seg
		want, aside string
	}{
		"before the start":    {[]seg{{seq: 50, data: "fg"}, {seq: 45, data: "abc"}, {seq: 45, data: "abc"}, {seq: 48, data: "de"}, {seq: 52, data: "h"}}, "fgh", "|abcde"},
		"reaching into it":    {[]seg{{seq: 50, data: "fg"}, {seq: 48, data: "defgh"}}, "fgh", "|de"},
		"two runs":            {[]seg{{seq: 50, data: "fg"}, {seq: 40, data: "ab"}, {seq: 45, data: "cd"}}, "fg", "|ab|cd"},
		"far outside":         {[]seg{{seq: 1 << 30, data: "ab"}, {seq: 5, data: "cd"}, {seq: 7, data: "ef"}, {seq: 1<<30 + 2, data: "g"}}, "abg", "|cdef"},
		"forged syn":          {[]seg{{seq: 50, syn: true}, {seq: 45, data: "abc"}, {seq: 48, data: "defg"}}, "abcdefg", ""},
		"forged syn far away": {[]seg{{seq: 1 << 30, syn: true}, {seq: 45, data: "abc"}, {seq: 48, data: "defg"}}, "abcdefg", ""},
		"keep-alive":          {[]seg{{seq: 49, syn: true}, {seq: 49, data: "x"}, {seq: 50, data: "ab"}, {seq: 49, data: "x"}}, "ab", ""},
	} {
		var h Half
		var r record
		var st Stats
		for i, s := range c.segs {
			h.Add(Segment{Seq: s.seq, SYN: s.syn, Data: []byte(s.data), At: Mark{Packet: i + 1}}, r.past, &r, &st)
		}
		h.Flush(&r, &st)
		if r.out.String() != c.want || r.aside.String() != c.aside {
			t.Errorf("%s: %q aside %q, %+v", name, r.out.String(), r.aside.String(), st)
		}
	}
}

// TestLongStream: in a stream of over 2 GiB, where numbers wrap, retransmitted
// bytes are not taken for some from before its start.
func TestLongStream(t *testing.T) {
	var h Half
	var r record
	var st Stats
	seq := uint32(0)
	for range 5 {
		h.Add(Segment{Seq: seq, Data: []byte("ab"), Lost: 1<<29 - 2}, nil, &r, &st)
		seq += 1 << 29
	}
	h.Add(Segment{Seq: seq - 10, Data: []byte("cd")}, nil, &r, &st)
	if r.aside.Len() != 0 || st.Retransmits != 1 {
		t.Errorf("%q %+v", r.aside.String(), st)
	}
}

func TestUnknownPastIsSaid(t *testing.T) {
	var h Half
	var r record
	var st Stats
	h.Add(Segment{Seq: 1, Data: []byte("abcdef")}, nil, &r, &st)
	h.Add(Segment{Seq: 1, Data: []byte("abXXef")}, []byte("ef"), &r, &st)
	if st.Unchecked != 4 || st.Conflicts != 0 {
		t.Errorf("%+v", st)
	}
	h.Add(Segment{Seq: 1, Data: []byte("abcdeX")}, []byte("ef"), &r, &st)
	if st.Conflicts != 1 {
		t.Errorf("%+v", st)
	}
}

// TestRandom cuts random bytes into segments that overlap, repeats and
// shuffles them within a distance, and expects the bytes back.
func TestRandom(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		data := make([]byte, 1+rnd.IntN(3000))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		base := rnd.Uint32()
		segs := []seg{{seq: base - 1, syn: true}}
		for at := 0; at < len(data); {
			n := 1 + rnd.IntN(min(len(data)-at, 90))
			lo := max(0, at-rnd.IntN(30))
			segs = append(segs, seg{seq: base + uint32(lo), data: string(data[lo : at+n])})
			at += n
		}
		for i := range segs[1:] { // the SYN stays first
			if j := i + 1 + rnd.IntN(4); j < len(segs) {
				segs[i+1], segs[j] = segs[j], segs[i+1]
			}
			if rnd.IntN(5) == 0 {
				segs = append(segs, segs[1+rnd.IntN(i+1)])
			}
		}
		got, st, h := run(segs)
		if got != string(data) || st.Conflicts != 0 || st.Gaps != 0 || h.Waiting() != 0 {
			t.Fatalf("seed %d: %d of %d bytes, %+v, waiting %d", seed, len(got), len(data), st, h.Waiting())
		}
	}
}

// FuzzHalf feeds arbitrary segments: no byte is invented, and memory is
// accounted for.
func FuzzHalf(f *testing.F) {
	f.Add([]byte("\x00\x05\x01\x02\x03\x04\x05\x03\x04\x80\x03\x02"))
	f.Add(bytes.Repeat([]byte{0xff, 3, 7}, 30))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var h Half
		var r record
		var st Stats
		in := int64(0)
		for len(ops) >= 3 {
			n := int(ops[1]) % 64
			s := Segment{Seq: uint32(int32(int8(ops[0]))) << (ops[2] & 24), SYN: ops[2]&1 != 0, FIN: ops[2]&2 != 0, Data: make([]byte, n), Lost: int(ops[2]>>2) & 1}
			in += int64(n)
			h.Add(s, r.past, &r, &st)
			if h.Waiting() > 1<<20 {
				h.SkipGap(true, &r, &st)
			}
			ops = ops[3:]
		}
		h.Flush(&r, &st)
		if h.Waiting() != 0 || st.Bytes > in || st.GapBytes < 0 || r.gaps != st.GapBytes {
			t.Errorf("waiting %d, %d bytes of %d, %+v", h.Waiting(), st.Bytes, in, st)
		}
	})
}
