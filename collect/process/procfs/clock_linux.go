package procfs

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Clock turns ticks since boot into points of time.
type Clock struct {
	Boot  time.Time // when the host started, by the clock of now
	Ticks uint64    // clock ticks a second (USER_HZ)
}

// atClkTck is AT_CLKTCK of the auxiliary vector (getauxval(3)).
const atClkTck = 17

// ReadClock reads the host's clocks. Boot is the wall clock less the time since
// boot, so it moves when the wall clock is set.
func ReadClock() (Clock, error) {
	var up unix.Timespec
	now := time.Now()
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return Clock{}, fmt.Errorf("reading the time since boot: %w", err)
	}
	return Clock{Boot: now.Add(-time.Duration(up.Nano())), Ticks: userHZ()}, nil
}

func userHZ() uint64 {
	b, err := os.ReadFile("/proc/self/auxv") // our own: 16 bytes an entry, about 20 of them
	word := strconv.IntSize / 8
	for ; err == nil && len(b) >= 2*word; b = b[2*word:] {
		if native(b[:word]) == atClkTck {
			if v := native(b[word : 2*word]); v > 0 {
				return v
			}
		}
	}
	return 100 // on all architectures that Go supports
}

func native(b []byte) uint64 {
	if len(b) == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// At returns the time of a tick count since boot.
func (c Clock) At(ticks uint64) time.Time {
	if c.Ticks == 0 {
		return time.Time{}
	}
	sec, frac := ticks/c.Ticks, ticks%c.Ticks
	if sec > 1<<32 { // no host has run for 136 years
		return time.Time{}
	}
	return c.Boot.Add(time.Duration(sec)*time.Second + time.Duration(frac*uint64(time.Second)/c.Ticks))
}
