package all_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/hozen-dfir/hozen/analyze/report"
)

// TestLargeTree sweeps this machine's /usr with all analyzers: findings are the
// same with one worker and with four, and the parent's peak memory is bounded.
func TestLargeTree(t *testing.T) {
	if os.Getenv("HOZEN_FULL") == "" {
		t.Skip("sweeps all of /usr, with HOZEN_FULL=1 only")
	}
	opt := sources(t)
	opt.IOCs = append(opt.IOCs, put(t, t.TempDir(), "real.txt", "gnu.org\nexample.com\n127.0.0.53\n"))
	one, _, sum := sweep(t, 1, opt, "/usr")
	four, _, again := sweep(t, 4, opt, "/usr")
	t.Logf("%d items, %d bytes, %d findings; %.1f s with one worker, %.1f s with four", sum.Items, sum.Bytes, sum.Findings, sum.Seconds, again.Seconds)
	for _, name := range []string{report.FindingsFile, report.UnscannedFile} {
		if !bytes.Equal(read(t, one, name), read(t, four, name)) {
			t.Errorf("%s differs", name)
		}
	}
	if n := bytes.Count(read(t, one, report.UnscannedFile), []byte("\n")); n > 0 {
		t.Logf("%d not scanned:\n%.2000s", n, read(t, one, report.UnscannedFile))
	}
	const most = 192 << 20
	if n := peak(t); n > most {
		t.Errorf("the parent took %d MiB, want at most %d", n>>20, most>>20)
	} else {
		t.Logf("the parent took %d MiB", n>>20)
	}
}

// peak is this process's largest resident memory, VmHWM in proc(5).
func peak(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc/self", "status"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no VmHWM")
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}
