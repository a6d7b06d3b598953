package worker

import (
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
)

// TestTimeForItsSize: an item gets time for its size, and a sparse one of a
// terabyte no days.
func TestTimeForItsSize(t *testing.T) {
	for size, want := range map[int64]time.Duration{
		0: 0, pace - 1: 0, 60 * pace: time.Minute, 30 << 30: 15360 * time.Second,
		100 << 30: 6 * time.Hour, analyze.MaxSize: 6 * time.Hour,
	} {
		if got := more(size); got != want {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}
