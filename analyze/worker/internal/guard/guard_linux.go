package guard

import (
	"runtime/debug"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Enter restricts this process for good. memory is in bytes; 0 sets no limit.
// It is called once, when all files are open and before any evidence is read.
func Enter(memory int64) Report {
	var r Report
	debug.SetMaxStack(stackLimit)
	r.add("no core dumps", limit(unix.RLIMIT_CORE, 0))
	if memory > 0 {
		// The collector works harder from three quarters on, so that what is
		// killed needs the memory rather than having left it behind.
		debug.SetMemoryLimit(memory / 4 * 3)
		r.add("memory", limit(unix.RLIMIT_DATA, uint64(memory)+Slack))
	}
	r.add("landlock", lock())
	r.add("seccomp", filter())
	return r
}

// limit sets soft and hard limit. RLIMIT_DATA counts private writable mappings
// (setrlimit(2), Linux 4.7 and later), unlike RLIMIT_AS, which would count the
// address space that Go reserves and never touches.
func limit(resource int, n uint64) error {
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: n, Max: n})
}

// lock denies every opening, making and changing of files, TCP, signals to
// others and abstract sockets, as far as the kernel knows these rights.
func lock() error {
	if err := landlock.V1.Restrict(); err != nil {
		return err // no Landlock at all; what follows would pass in silence
	}
	return landlock.V9.BestEffort().Restrict()
}
