package collectcmd

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// syncFacts asks the kernel whether something keeps its clock right
// (adjtimex(2)) and how long it has been running.
func syncFacts(out map[string]string) {
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err == nil {
		out["synchronized"] = strconv.FormatBool(state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0)
		out["estimated_error_us"] = strconv.FormatInt(int64(t.Esterror), 10)
	}
	if b, err := os.ReadFile("/proc/uptime"); err == nil {
		out["uptime_seconds"], _, _ = strings.Cut(string(b[:min(len(b), 64)]), " ")
	}
}
