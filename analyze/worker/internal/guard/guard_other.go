//go:build !linux

package guard

import (
	"errors"
	"runtime/debug"
)

var errSystem = errors.New("not supported on this system")

// Enter restricts this process as far as Go itself can.
func Enter(memory int64) Report {
	var r Report
	debug.SetMaxStack(stackLimit)
	if memory > 0 {
		debug.SetMemoryLimit(memory / 4 * 3)
	}
	for _, name := range []string{"no core dumps", "memory", "landlock", "seccomp"} {
		r.add(name, errSystem)
	}
	return r
}
