package procfs

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// pfKthread marks kernel threads in Stat.Flags (PF_KTHREAD, linux/sched.h).
const pfKthread = 0x00200000

// Stat is what /proc/<pid>/stat says, as far as it is used here.
type Stat struct {
	PID     int
	Comm    string // raw; newline and backslash are escaped by the kernel
	State   string // one letter: R, S, D, Z, T …
	PPID    int
	PGID    int
	Session int
	TTY     int // device number of the controlling terminal; 0 where none
	Flags   uint64
	UTime   uint64 // clock ticks in user mode
	STime   uint64 // clock ticks in kernel mode
	Threads int
	Start   uint64 // clock ticks since boot
	VSize   uint64 // bytes
	RSS     int64  // pages
}

// KernelThread reports whether the kernel marks the process as its own.
func (s Stat) KernelThread() bool { return s.Flags&pfKthread != 0 }

// ParseStat decodes /proc/<pid>/stat. The name of a process is free text that
// may hold parentheses, blanks and digits; only numbers follow it, so the last
// closing parenthesis ends it.
func ParseStat(b []byte) (Stat, error) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return Stat{}, fmt.Errorf("process stat: no name in parentheses in %.40q", b)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:open])))
	if err != nil {
		return Stat{}, fmt.Errorf("process stat: bad pid in %.40q", b)
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 22 { // fields 3 to 24
		return Stat{}, fmt.Errorf("process stat: %d fields after the name, want 22 or more", len(f))
	}
	p := numbers{f: f}
	s := Stat{
		PID: pid, Comm: string(b[open+1 : end]), State: f[0],
		PPID: p.int(4), PGID: p.int(5), Session: p.int(6), TTY: p.int(7),
		Flags: p.uint(9), UTime: p.uint(14), STime: p.uint(15),
		Threads: p.int(20), Start: p.uint(22), VSize: p.uint(23), RSS: int64(p.int(24)),
	}
	return s, p.err
}

// numbers reads fields by their numbers in proc(5), where the state is 3.
type numbers struct {
	f   []string
	err error
}

func (n *numbers) int(field int) int {
	v, err := strconv.ParseInt(n.f[field-3], 10, 64)
	n.note(field, err)
	return int(v)
}

func (n *numbers) uint(field int) uint64 {
	v, err := strconv.ParseUint(n.f[field-3], 10, 64)
	n.note(field, err)
	return v
}

func (n *numbers) note(field int, err error) {
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("process stat: field %d is %.40q, not a number", field, n.f[field-3])
	}
}
