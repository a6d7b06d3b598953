package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A disk of Windows has a reserved partition that holds nothing. That nothing
// is read of it is no gap; a partition with bytes that nobody knows is one.
func TestAPartitionOfZerosIsNoGap(t *testing.T) {
	p := filepath.Join(t.TempDir(), "d.raw")
	if err := os.WriteFile(p, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sgdisk", "-n", "1:2048:6143", "-t", "1:0c01", "-n", "2:6144:10239", "-t", "2:0c01", p).CombinedOutput()
	if err != nil {
		t.Skipf("sgdisk: %v %s", err, out)
	}
	f, err := os.OpenFile(p, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{1}, 10240*512-1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	srcs, notes, err := Open(p)
	if err != nil || len(srcs) != 0 || len(notes) != 2 {
		t.Fatal(srcs, notes, err)
	}
	if notes[0].Unread || !strings.Contains(notes[0].Text, "zeros") || !notes[1].Unread {
		t.Errorf("%+v", notes)
	}
	// Cut short: what is not there is not known to be zeros.
	if err := os.Truncate(p, 5000*512); err != nil {
		t.Fatal(err)
	}
	if _, notes, err := Open(p); err != nil || len(notes) == 0 || !notes[len(notes)-1].Unread {
		t.Errorf("cut short: %+v %v", notes, err)
	}
}
