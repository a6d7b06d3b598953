package expand

import (
	"encoding/binary"
	"hash/maphash"
	"sync"

	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of seen: 2^20 slots of 17 bytes, at most seven eighths of them used.
const (
	seenStart = 1 << 10
	seenSlots = 1 << 20
)

// seen remembers which paths were taken, by a keyed hash of 128 bits: an
// attacker who names files can't make two collide. Its memory is bounded;
// when it is full, further paths are taken as often as they are asked for.
type seen struct {
	mu       sync.Mutex
	seeds    [2]maphash.Seed
	keys     [][16]byte
	outcomes []byte // index into evidence.Outcomes plus 1; 0 while unknown
	used     int
	slots    int // bound, for tests
	full     bool
}

func newSeen() *seen {
	return &seen{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		keys: make([][16]byte, seenStart), outcomes: make([]byte, seenStart), slots: seenSlots}
}

func (s *seen) key(name string) (k [16]byte) {
	binary.LittleEndian.PutUint64(k[:8], maphash.String(s.seeds[0], name))
	binary.LittleEndian.PutUint64(k[8:], maphash.String(s.seeds[1], name))
	if k == ([16]byte{}) {
		k[0] = 1 // the zero key marks a free slot
	}
	return k
}

// slot returns where k is, or where it would go.
func (s *seen) slot(k [16]byte) (int, bool) {
	mask := len(s.keys) - 1
	for i := int(binary.LittleEndian.Uint64(k[:8])) & mask; ; i = (i + 1) & mask {
		if s.keys[i] == k {
			return i, true
		}
		if s.keys[i] == ([16]byte{}) {
			return i, false
		}
	}
}

// add enters a name and reports whether it was there before, and with which
// outcome, "" while that is unknown.
func (s *seen) add(name string) (before bool, o evidence.Outcome) {
	k := s.key(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.slot(k)
	if ok {
		if n := s.outcomes[i]; n > 0 {
			o = evidence.Outcomes()[n-1]
		}
		return true, o
	}
	if s.used >= len(s.keys)/8*7 {
		if len(s.keys) >= s.slots {
			s.full = true
			return false, ""
		}
		s.grow()
		i, _ = s.slot(k)
	}
	s.keys[i] = k
	s.used++
	return false, ""
}

// has reports whether a name was entered.
func (s *seen) has(name string) bool {
	k := s.key(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.slot(k)
	return ok
}

func (s *seen) grow() {
	keys, outcomes := s.keys, s.outcomes
	s.keys, s.outcomes = make([][16]byte, 2*len(keys)), make([]byte, 2*len(keys))
	for j, k := range keys {
		if k != ([16]byte{}) {
			i, _ := s.slot(k)
			s.keys[i], s.outcomes[i] = k, outcomes[j]
		}
	}
}

// settle notes the outcome of a name.
func (s *seen) settle(name string, o evidence.Outcome) {
	k := s.key(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.slot(k)
	if !ok {
		return
	}
	for n, known := range evidence.Outcomes() {
		if known == o {
			s.outcomes[i] = byte(n + 1)
		}
	}
}

// overflowed reports whether names were forgotten.
func (s *seen) overflowed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full
}
