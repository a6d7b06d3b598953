// Package host knows what this process may do on the host it runs on, how much
// room there is, and what it did to the host itself.
package host

import (
	"runtime"
	"strconv"
	"time"
)

// Footprint is what the collector itself did to the host. Fields that the
// system does not tell are -1.
type Footprint struct {
	DiskWritten int64         // bytes this process caused to be written to disks; memory filesystems don't count
	DiskRead    int64         // bytes it caused to be read from disks
	Files       int64         // files created: the output's, as its writer counts them
	Processes   int64         // processes started
	CPU         time.Duration // user and kernel mode
	PeakMemory  int64         // bytes resident at most
}

// Measure looks at this process. files and processes are what the caller knows
// of the files that its output created and the commands that were run.
func Measure(files, processes int64) Footprint {
	f := Footprint{DiskWritten: -1, DiskRead: -1, Files: files, Processes: processes, CPU: CPUTime(), PeakMemory: -1}
	measure(&f)
	return f
}

// Map is the footprint as the end leaf of a bundle holds it; what is not known
// is left out, and "not_known" names it.
func (f Footprint) Map() map[string]string {
	out := map[string]string{"system": runtime.GOOS}
	unknown := ""
	for _, v := range []struct {
		key string
		n   int64
	}{
		{"disk_written_bytes", f.DiskWritten}, {"disk_read_bytes", f.DiskRead}, {"files_created", f.Files},
		{"processes_started", f.Processes}, {"peak_memory_bytes", f.PeakMemory},
	} {
		if v.n >= 0 {
			out[v.key] = strconv.FormatInt(v.n, 10)
		} else if unknown += " " + v.key; true {
			out["not_known"] = unknown[1:]
		}
	}
	if f.CPU > 0 {
		out["cpu_seconds"] = strconv.FormatFloat(f.CPU.Seconds(), 'f', 3, 64)
	}
	return out
}
