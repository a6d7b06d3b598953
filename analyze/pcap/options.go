package pcap

import (
	"errors"
	"strings"
	"time"
)

// Options bounds an analysis. Zero fields take the defaults given here.
type Options struct {
	MaxFlows   int   // flows remembered at a time (25,000)
	MaxMemory  int   // bytes held for streams, messages and bodies together (32 MiB)
	MaxWaiting int   // bytes that wait behind a gap, one direction (4 MiB)
	MaxBody    int   // bytes of a body kept at once; longer ones come in windows (8 MiB)
	MaxDecoded int64 // bytes decoded of a compressed body (64 MiB)
	// DecodedFloor is what is decoded of all compressed bodies together
	// (512 MiB), beside 16 times the bytes captured so far.
	DecodedFloor int64
	Window       int           // bytes of a stream handed out at a time (1 MiB)
	Overlap      int           // bytes that windows share (4 KiB)
	Idle         time.Duration // a flow so long without packets may be forgotten unsaid (5 min)
}

func (o Options) withDefaults() Options {
	or := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	or(&o.MaxFlows, 25_000)
	or(&o.MaxMemory, 32<<20)
	or(&o.MaxWaiting, 4<<20)
	or(&o.MaxBody, 8<<20)
	or(&o.Window, 1<<20)
	or(&o.Overlap, 4<<10)
	o.Overlap = min(o.Overlap, o.Window/2, o.MaxBody/2)
	if o.MaxDecoded <= 0 {
		o.MaxDecoded = 64 << 20
	}
	if o.DecodedFloor <= 0 {
		o.DecodedFloor = 512 << 20
	}
	if o.Idle <= 0 {
		o.Idle = 5 * time.Minute
	}
	return o
}

// decodedTimes is how many times the bytes captured may be decoded.
const decodedTimes = 16

// ErrIncomplete says that part of a capture was not examined.
var ErrIncomplete = errors.New("capture not examined to the end")

// IncompleteError lists what was not examined, and why. It wraps ErrIncomplete.
type IncompleteError struct{ Reasons []string }

func (e *IncompleteError) Error() string {
	return ErrIncomplete.Error() + ": " + strings.Join(e.Reasons, "; ")
}

// Unwrap makes errors.Is(err, ErrIncomplete) true.
func (e *IncompleteError) Unwrap() error { return ErrIncomplete }
