package host

import "testing"

func TestHandles(t *testing.T) {
	for limit, want := range map[uint64]int{0: 2, 20: 2, 64: 8, 256: 32, 1024: 100, 1 << 63: 100} {
		if got := handles(100, limit); got != want {
			t.Errorf("of %d: %d, want %d", limit, got, want)
		}
	}
	if got := Handles(1); got != 1 {
		t.Error(got)
	}
}
