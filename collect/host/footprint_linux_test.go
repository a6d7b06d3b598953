package host

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFootprint(t *testing.T) {
	before := Measure(1, 2)
	name := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	after := Measure(1, 2)
	if before.DiskWritten < 0 || after.PeakMemory < 1<<20 || after.PeakMemory > 8<<30 || after.CPU <= 0 {
		t.Errorf("%+v", after)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(name, &fs); err != nil {
		t.Fatal(err)
	}
	if got := after.DiskWritten - before.DiskWritten; fs.Type != unix.TMPFS_MAGIC && got < 8<<20 {
		t.Errorf("%d bytes written, want at least 8 MiB", got)
	}
	m := after.Map()
	if m["files_created"] != "1" || m["processes_started"] != "2" || m["peak_memory_bytes"] == "" || m["not_known"] != "" {
		t.Errorf("%v", m)
	}
	if m := (Footprint{DiskWritten: -1, PeakMemory: -1, Files: 3}).Map(); m["not_known"] != "disk_written_bytes peak_memory_bytes" {
		t.Errorf("%v", m)
	}
}
