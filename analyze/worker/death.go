package worker

import (
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/hozen-dfir/hozen/analyze/worker/internal/serve"
)

// head keeps the first bytes of what a worker writes to standard error, where
// the Go runtime states the cause of death first, and drops the rest.
type head struct {
	mu sync.Mutex
	b  []byte
}

const headSize = 16 << 10

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = append(h.b, p[:min(len(p), headSize-len(h.b))]...)
	return len(p), nil
}

// String returns what was kept.
func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.b)
}

// outOfMemory is death's word for a process that the kernel refused memory.
const outOfMemory = "out of memory"

// death says in a few words how a process ended. They hold no addresses or
// process ids, so that two runs say the same.
func death(st *os.ProcessState, stderr string) string {
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "fatal error:"), strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "SIG"):
			if strings.Contains(line, "out of memory") || strings.Contains(line, "cannot allocate memory") {
				return outOfMemory
			}
			return address().ReplaceAllString(serve.Clean(line, 200), "0x…")
		}
	}
	if st == nil {
		return "unknown"
	}
	return st.String()
}

func address() *regexp.Regexp { return regexp.MustCompile(`0x[0-9a-fA-F]+`) }
