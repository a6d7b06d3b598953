package verify

import (
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// A first part that names another item is judged once that item's own first part
// may have come, and never harms an item that begins after it.
func TestTurnOfFirstParts(t *testing.T) {
	c := newChains([]seal.Segment{{Number: 1}, {Number: 2}, {Number: 3}})
	first := func(seq, item uint64) brief {
		return brief{Seq: seq, Source: "live", Path: "/f", Part: &evidence.Part{Item: item, Number: 1}}
	}
	if it, due, err := c.turn(2, first(3, 1), &digester{}); it != nil || due == nil || err != nil {
		t.Fatalf("another's first part before that item: %v, %v", it, err)
	}
	if it, due, err := c.turn(1, first(2, 4), &digester{}); it != nil || due != nil || err == nil {
		t.Fatal("a first part of an item that comes later is not called wrong")
	}
	for seg, seq := range map[int]uint64{1: 1, 3: 4} {
		if it, due, err := c.turn(seg, first(seq, seq), &digester{}); it == nil || due != nil || err != nil {
			t.Errorf("the first part of item %d: %v, %v", seq, it, err)
		}
	}
}
