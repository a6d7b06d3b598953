//go:build unix

package host

import (
	"syscall"
	"time"
)

// CPUTime is what this process used so far, in user and kernel mode; 0 where
// the system does not tell.
func CPUTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
