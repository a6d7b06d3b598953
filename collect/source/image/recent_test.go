package image

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// TestVolumesAtOnePlace has four entries of one table that begin at one place: the
// volume is read once, and again where an entry is longer than the one before.
func TestVolumesAtOnePlace(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	const start = 63
	n := uint32(len(whole) / 512)
	disk := make([]byte, start*512, start*512+len(whole))
	for i, count := range []uint32{n / 2, n, n, n - 1} {
		e := disk[446+16*i:]
		e[4] = 7
		binary.LittleEndian.PutUint32(e[8:], start)
		binary.LittleEndian.PutUint32(e[12:], count)
	}
	disk[510], disk[511] = 0x55, 0xAA
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, append(disk, whole...), 0o600); err != nil {
		t.Fatal(err)
	}
	srcs, notes, err := Open(path)
	if err != nil || len(srcs) != 2 || srcs[0].Info().Name != "p1" || srcs[1].Info().Name != "p2" {
		t.Fatalf("%d sources, %v", len(srcs), err)
	}
	told := 0
	for _, note := range notes {
		if strings.Contains(note.Text, "as p2 does") {
			told++
		}
		if note.Unread {
			t.Errorf("a gap: %s", note)
		}
	}
	if told != 2 {
		t.Errorf("notes %q", notes)
	}
	for _, s := range srcs {
		s.Close()
	}
}

// TestRecent: of many volumes the last few remember what was read of them.
func TestRecent(t *testing.T) {
	var r recent
	all := make([]*ntfs.FS, 2*maxRecent)
	for i := range all {
		src := openOne(t, fixture(t, "frag.raw")).(*volume)
		all[i] = src.fs
		for range 2 {
			r.use(src.fs)
		}
		r.use(all[0])
		r.use(src.fs)
		if want := min(i+1, maxRecent); len(r.list) != want || r.list[0] != src.fs || i > 0 && r.list[1] != all[0] {
			t.Errorf("%d volumes remembered, want %d", len(r.list), want)
		}
	}
}
