package sourcetest

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// EndFirstThread ends the first thread of this process, which then looks like a
// zombie and runs on in its other threads.
func EndFirstThread() {
	for ended := false; !ended; {
		done := make(chan bool)
		hold := make(chan struct{})
		for range 8 { // each on a thread of its own, until one is the first
			go func() {
				runtime.LockOSThread()
				if unix.Gettid() == os.Getpid() {
					done <- true
					_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
				}
				done <- false
				<-hold
			}()
		}
		for range 8 {
			ended = <-done || ended
		}
		close(hold)
	}
	for {
		if _, thread := procfs.Live().Folder(os.Getpid()); thread != 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
