package host

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// measure reads /proc/self/io and /proc/self/status (proc(5)). VmHWM is used
// rather than ru_maxrss, which a process inherits from the one that started it.
func measure(f *Footprint) {
	io := fields("/proc/self/io")
	if n, err := strconv.ParseInt(io["write_bytes"], 10, 64); err == nil {
		gone, _ := strconv.ParseInt(io["cancelled_write_bytes"], 10, 64)
		f.DiskWritten = max(n-gone, 0)
	}
	if n, err := strconv.ParseInt(io["read_bytes"], 10, 64); err == nil {
		f.DiskRead = n
	}
	peak, _, _ := strings.Cut(fields("/proc/self/status")["VmHWM"], " ")
	if n, err := strconv.ParseInt(peak, 10, 64); err == nil {
		f.PeakMemory = n << 10 // stated in kB
	}
}

// fields reads "name: value" lines, as files of /proc/self have them. A file
// that can't be read has none.
func fields(name string) map[string]string {
	out := map[string]string{}
	fh, err := os.Open(name)
	if err != nil {
		return out
	}
	defer fh.Close()
	sc := bufio.NewScanner(io.LimitReader(fh, 64<<10))
	for sc.Scan() {
		if k, v, ok := strings.Cut(sc.Text(), ":"); ok {
			out[k] = strings.TrimSpace(v)
		}
	}
	return out
}
