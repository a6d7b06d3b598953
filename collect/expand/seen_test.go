package expand

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/hozen-dfir/hozen/evidence"
)

func TestSeen(t *testing.T) {
	s := newSeen()
	for i := range 20_000 {
		n := fmt.Sprintf("/%d", i)
		if before, _ := s.add(n); before {
			t.Fatalf("%s was there", n)
		}
		if i%2 == 0 {
			s.settle(n, evidence.Partial)
		}
	}
	for i := range 20_000 {
		before, o := s.add(fmt.Sprintf("/%d", i))
		if want := map[bool]evidence.Outcome{true: evidence.Partial}[i%2 == 0]; !before || o != want {
			t.Fatalf("/%d: %v %q", i, before, o)
		}
	}
	s.settle("/never", evidence.Failed)
	if s.has("/never") || s.full {
		t.Error("a name that was not added is there")
	}
}

// TestSeenIsBounded fills a small one: nothing more goes in, what is in stays.
func TestSeenIsBounded(t *testing.T) {
	s := newSeen()
	s.slots = 2 * seenStart
	for i := range 5 * seenStart {
		s.add(fmt.Sprint(i))
	}
	if !s.overflowed() || len(s.keys) != 2*seenStart || s.used != 2*seenStart/8*7 {
		t.Errorf("full %v, %d slots, %d used", s.full, len(s.keys), s.used)
	}
	if before, _ := s.add("0"); !before {
		t.Error("an early name was forgotten")
	}
	if before, _ := s.add(fmt.Sprint(5*seenStart - 1)); before {
		t.Error("a late name was kept")
	}
	if mem := seenSlots * (int(unsafe.Sizeof(s.keys[0])) + 1); mem > 32<<20 {
		t.Errorf("a full table has %d bytes", mem)
	}
}
