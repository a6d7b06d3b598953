package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

func item() *ItemMsg {
	m := &ItemMsg{ID: 1 << 40, Deadline: 5, Bundle: "b", Size: 3<<20 + 7, Record: evidence.Record{Path: "/x", Size: 3<<20 + 7}}
	m.Blocks = analyze.Blocks(m.Size)
	for i := range m.Blocks {
		m.Blocks[i].Zstd = i != 1
		m.Inline = append(m.Inline, bytes.Repeat([]byte{byte(i)}, i*10))
	}
	return m
}

func TestItem(t *testing.T) {
	want := item()
	for _, buf := range [][]byte{nil, make([]byte, 5, 100), make([]byte, 1<<20)} {
		b, err := want.Encode(buf)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeItem(b)
		if err != nil {
			t.Fatal(err)
		}
		want.Frame = b
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

// TestItemCut: no shortened item is read as one.
func TestItemCut(t *testing.T) {
	b, err := item().Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(b) {
		if _, err := DecodeItem(b[:n]); !errors.Is(err, ErrFrame) {
			t.Fatalf("cut at %d of %d: %v", n, len(b), err)
		}
	}
}

// TestLongTable: 64 GiB of equal blocks take a few bytes; a table without end
// is refused.
func TestLongTable(t *testing.T) {
	m := &ItemMsg{Size: 64 << 30, Blocks: analyze.Blocks(64 << 30)}
	b, err := m.Encode(nil)
	if err != nil || len(b) > 1000 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	got, err := DecodeItem(b)
	if err != nil || len(got.Blocks) != len(m.Blocks) {
		t.Fatalf("%v", err)
	}
	var e encoder
	e.uint(2)
	for _, n := range []uint64{3, maxBlocks} {
		e.uint(n)
		e.uint(1)
		e = append(e, 0)
	}
	d := decoder{b: e}
	if d.table(); d.err == nil {
		t.Error("more blocks than allowed were read")
	}
}

func TestResult(t *testing.T) {
	want := &ResultMsg{ID: 3, Findings: [][]byte{[]byte(`{}`), []byte(`{"rule":"x"}`)},
		Faults: []analyze.Fault{{Kind: analyze.FaultRead, Analyzer: "a", Reason: "r"}, {}}}
	b := want.Encode()
	got, err := DecodeResult(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for n := range len(b) {
		if _, err := DecodeResult(b[:n]); err == nil {
			t.Fatalf("cut at %d was read", n)
		}
	}
	if _, err := DecodeResult(append(b, 0)); err == nil {
		t.Error("a byte too many was read")
	}
}

func TestEvents(t *testing.T) {
	want := []analyze.Event{
		{Analyzer: "a", Kind: "dns", Time: evidence.At(time.Unix(7, 8)), Text: "query\n\xff", Facts: []byte(`{"n": 1}`)},
		{Kind: "bare"},
	}
	var b []byte
	var ends []int
	for i := range want {
		var err error
		if b, err = AppendEvent(b, &want[i]); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, len(b))
	}
	if err := CheckEvents(b); err != nil {
		t.Error(err)
	}
	rest := b
	for _, w := range want {
		var got analyze.Event
		var err error
		if got, rest, err = DecodeEvent(rest); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(w, got, cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
	for n := range len(b) {
		if err := CheckEvents(b[:n]); (err == nil) != (n == 0 || n == ends[0]) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	for _, facts := range []string{"[]", "1", `{"a":`, "{} {}", "x", " {}"} {
		b, err := AppendEvent(nil, &analyze.Event{Facts: []byte(facts)})
		if err != nil || CheckEvents(b) == nil {
			t.Errorf("facts %q were taken, %v", facts, err)
		}
	}
	if id, got, err := DecodeEvents(append(EventsHead(300), b...)); id != 300 || !bytes.Equal(got, b) || err != nil {
		t.Errorf("%d, %d bytes, %v", id, len(got), err)
	}
}

func TestFrames(t *testing.T) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := errors.Join(Write(w, Item, []byte("he"), []byte("ad")), Write(w, Ready, nil, nil), w.Flush()); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for n := range len(whole) {
		r := bufio.NewReader(bytes.NewReader(whole[:n]))
		var err error
		for err == nil {
			_, _, err = Read(r, 100)
		}
		if clean := n == 0 || n == 9; clean != (err == io.EOF) || !clean && !errors.Is(err, ErrFrame) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	r := bufio.NewReader(bytes.NewReader(whole))
	if ty, p, err := Read(r, 5); ty != Item || string(p) != "head" || err != nil {
		t.Errorf("%q %q %v", ty, p, err)
	}
	if _, _, err := Read(bufio.NewReader(bytes.NewReader(whole)), 4); !errors.Is(err, ErrFrame) {
		t.Errorf("a frame beyond the limit: %v", err)
	}
	if err := Write(w, Item, nil, make([]byte, MaxFrame)); !errors.Is(err, ErrFrame) {
		t.Errorf("a frame too large to write: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	b, err := item().Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add((&ResultMsg{ID: 3, Findings: [][]byte{[]byte(`{}`)}, Faults: []analyze.Fault{{Kind: "x"}}}).Encode())
	f.Add(NeedMsg{ID: 1, I: 2}.Encode())
	f.Add(BlockHead(1, 2, true))
	ev, err := AppendEvent(EventsHead(1), &analyze.Event{Kind: "k", Time: evidence.At(time.Unix(1, 0)), Facts: []byte("{}")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ev)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := DecodeItem(b); err == nil {
			in := analyze.Input{Size: m.Size, Blocks: m.Blocks}
			_ = in.Check() // the worker trusts its parent here; it must not panic
		}
		if m, err := DecodeResult(b); err == nil && (len(m.Findings) > MaxFindings || len(m.Faults) > MaxFaults) {
			t.Fatal("limits")
		}
		_, _ = DecodeNeed(b)
		_, _ = DecodeBlock(b)
		if _, events, err := DecodeEvents(b); err == nil && CheckEvents(events) == nil {
			for len(events) > 0 {
				ev, rest, err := DecodeEvent(events)
				if err != nil || !GoodFacts(ev.Facts) || len(rest) >= len(events) {
					t.Fatalf("%+v, %v", ev, err)
				}
				events = rest
			}
		}
		_, _, _ = Read(bufio.NewReader(bytes.NewReader(b)), 1<<20)
	})
}
