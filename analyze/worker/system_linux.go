package worker

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// self starts the very image that runs, even where its file was replaced.
func self() (string, error) { return "/proc/self/exe", nil }

// pipeSize is what the kernel lets anyone ask for (pipe(7)); fewer switches.
const pipeSize = 1 << 20

func tune(cmd *exec.Cmd, pipe *os.File) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c, err := pipe.SyscallConn(); err == nil { // Fd would make the pipe block
		_ = c.Control(func(fd uintptr) {
			_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) // the default does too, slower
		})
	}
}

// timerSlack is how late a worker's timers may be.
const timerSlack = 5 * time.Millisecond

// calm sets the slack of this thread's timers, which the process it starts
// inherits (PR_SET_TIMERSLACK in prctl(2)). The Go runtime's monitor wakes
// every 20 µs for as long as there is work, and interrupts the scan each time.
func calm() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) // costs speed alone
}

const canShare = true

// share puts the parts into an anonymous file that nobody can change later.
func share(cfg analyze.Config) (*os.File, []wire.PartMsg, error) {
	fd, err := unix.MemfdCreate("hozen-config", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil, fmt.Errorf("memfd: %w", err)
	}
	f := os.NewFile(uintptr(fd), "hozen-config")
	var at int64
	var parts []wire.PartMsg
	for _, p := range cfg.Parts {
		if _, err := f.WriteAt(p.Data, at); err != nil {
			f.Close()
			return nil, nil, fmt.Errorf("share %s: %w", p.Name, err)
		}
		parts = append(parts, wire.PartMsg{Name: p.Name, Offset: at, Size: int64(len(p.Data))})
		at = (at + int64(len(p.Data)) + 4095) &^ 4095 // so that each part is aligned
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("seal the configuration: %w", err)
	}
	return f, parts, nil
}

// used returns the private memory of a process, from /proc/<pid>/statm (proc(5)): resident
// pages less those of files and shared memory.
func used(pid int) (int64, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	f := bytes.Fields(b)
	if err != nil || len(f) < 3 {
		return 0, false
	}
	resident, err1 := strconv.ParseInt(string(f[1]), 10, 64)
	shared, err2 := strconv.ParseInt(string(f[2]), 10, 64)
	return (resident - shared) * int64(os.Getpagesize()), err1 == nil && err2 == nil
}
