package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// mbrEntry is (type, start, count) of one slot.
type mbrEntry struct {
	kind         byte
	start, count uint32
}

func putTable(sector []byte, es ...mbrEntry) {
	for i, e := range es {
		b := sector[mbrTable+16*i:]
		b[4] = e.kind
		binary.LittleEndian.PutUint32(b[8:], e.start)
		binary.LittleEndian.PutUint32(b[12:], e.count)
	}
	sector[510], sector[511] = 0x55, 0xAA
}

// logicalDisk has two primary volumes and two logical ones.
func logicalDisk() []byte {
	d := make([]byte, 48<<10)
	putTable(d, mbrEntry{0x07, 8, 8}, mbrEntry{0x83, 16, 8}, mbrEntry{0x05, 32, 90})
	putTable(d[32*512:], mbrEntry{0x0B, 1, 9}, mbrEntry{0x05, 20, 20})
	putTable(d[52*512:], mbrEntry{0x07, 2, 18})
	copy(d[54*512+3:], "NTFS    ")
	return d
}

func read(t *testing.T, d []byte) Layout {
	t.Helper()
	l, err := Volumes(bytes.NewReader(d), int64(len(d)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMBRWithLogicalVolumes(t *testing.T) {
	d := logicalDisk()
	l := read(t, d)
	var got []string
	for _, v := range l.Volumes {
		got = append(got, fmt.Sprintf("%s %s %d %d %s", v.Name, v.Type, v.Offset/512, v.Length/512, v.Filesystem))
	}
	want := "p1 0x07 8 8 unknown;p2 0x83 16 8 unknown;p5 0x0B 33 9 unknown;p6 0x07 54 18 ntfs"
	if s := strings.Join(got, ";"); s != want || l.Scheme != "mbr" || l.SectorSize != 512 {
		t.Errorf("got %s\nwant %s", s, want)
	}
	compareMMLS(t, d, l, 512)
}

var mmlsLine = regexp.MustCompile(`^\d+: +\d+(?::\d+)? +(\d+) +\d+ +(\d+) `)

// compareMMLS holds offsets and lengths against the Sleuth Kit.
func compareMMLS(t *testing.T, d []byte, l Layout, sector int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.raw")
	if err := os.WriteFile(path, d, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mmls", "-a", "-b", strconv.Itoa(sector), path).Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("mmls (sleuthkit) is not here")
	}
	if err != nil {
		t.Fatalf("mmls: %v\n%s", err, out)
	}
	var want, got []string
	for line := range strings.Lines(string(out)) {
		if m := mmlsLine.FindStringSubmatch(line); m != nil {
			start, _ := strconv.Atoi(m[1])
			n, _ := strconv.Atoi(m[2])
			want = append(want, fmt.Sprintf("%d+%d", start, n))
		}
	}
	for _, v := range l.Volumes {
		got = append(got, fmt.Sprintf("%d+%d", v.Offset/int64(sector), v.Length/int64(sector)))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, mmls says %v\n%s", got, want, out)
	}
}

func TestHostileMBR(t *testing.T) {
	d := logicalDisk()
	putTable(d[52*512:], mbrEntry{0x07, 2, 18}, mbrEntry{0x05, 0, 20}) // back to the first EBR
	if l := read(t, d); len(l.Volumes) != 4 || !strings.Contains(strings.Join(l.Lost, ";"), "comes back") {
		t.Errorf("loop: %+v", l)
	}
	d = logicalDisk()
	putTable(d, mbrEntry{0x07, 8, 8}, mbrEntry{0x83, 12, 0xFFFFFFFF}, mbrEntry{0x07, 0xFFFFFFF0, 5})
	l := read(t, d)
	notes := fmt.Sprint(l.Volumes[0].Notes, l.Volumes[1].Notes, l.Volumes[2].Notes)
	for _, want := range []string{"overlaps p1", "behind the end", "starts at"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in %s", want, notes)
		}
	}
	d = logicalDisk()
	d[mbrTable] = 0x33 // no boot flag: this is code, not a table
	if _, err := Volumes(bytes.NewReader(d), int64(len(d))); !errors.Is(err, errNoTable) {
		t.Errorf("code taken for a table: %v", err)
	}
	long := make([]byte, 512*400)
	putTable(long, mbrEntry{0x05, 1, 399})
	for i := 1; i < 399; i++ {
		putTable(long[i*512:], mbrEntry{}, mbrEntry{0x05, uint32(i), 1})
	}
	if l := read(t, long); !strings.Contains(strings.Join(l.Lost, ";"), "left out") {
		t.Errorf("endless chain: %v", l.Lost)
	}
	d = logicalDisk()
	d[52*512+510] = 0
	if l := read(t, d); len(l.Volumes) != 3 || !strings.Contains(strings.Join(l.Lost, ";"), "sector 52 has no signature") {
		t.Errorf("broken chain: %+v", l)
	}
	if l := read(t, d[:50*512]); len(l.Volumes) != 3 || !strings.Contains(strings.Join(l.Lost, ";"), "sector 52") {
		t.Errorf("chain cut short: %+v", l)
	}
	for _, d := range [][]byte{nil, make([]byte, 100), make([]byte, 512), make([]byte, 5000)} {
		if _, err := Volumes(bytes.NewReader(d), int64(len(d))); err == nil {
			t.Errorf("%d zeros have volumes", len(d))
		}
	}
}

// gptDisk writes a table with two volumes in sectors of the given size.
func gptDisk(sector int) []byte {
	d := make([]byte, 300*sector)
	putTable(d, mbrEntry{0xEE, 1, 299})
	array := make([]byte, 128*128)
	for i, span := range [][2]uint64{{60, 99}, {100, 199}} {
		e := array[128*i:]
		copy(e, []byte{0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7})
		e[16] = byte(i + 1)
		binary.LittleEndian.PutUint64(e[32:], span[0])
		binary.LittleEndian.PutUint64(e[40:], span[1])
		copy(e[56:], "B\x00a\x00s\x00i\x00c\x00")
	}
	put := func(lba, other, at uint64) {
		copy(d[int(at)*sector:], array)
		h := d[int(lba)*sector:]
		copy(h, "EFI PART\x00\x00\x01\x00\x5c\x00\x00\x00")
		binary.LittleEndian.PutUint64(h[24:], lba)
		binary.LittleEndian.PutUint64(h[32:], other)
		binary.LittleEndian.PutUint64(h[40:], 40)
		binary.LittleEndian.PutUint64(h[48:], 250)
		binary.LittleEndian.PutUint64(h[72:], at)
		binary.LittleEndian.PutUint32(h[80:], 128)
		binary.LittleEndian.PutUint32(h[84:], 128)
		binary.LittleEndian.PutUint32(h[88:], crc32.ChecksumIEEE(array))
		clear(h[16:20])
		binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
	}
	put(1, 299, 2)
	put(299, 1, 260)
	copy(d[100*sector+3:], "NTFS    ")
	return d
}

func TestGPT(t *testing.T) {
	for _, sector := range []int{512, 4096} {
		d := gptDisk(sector)
		l := read(t, d)
		if l.Scheme != "gpt" || l.SectorSize != int64(sector) || len(l.Volumes) != 2 || len(l.Notes) != 0 {
			t.Fatalf("%+v", l)
		}
		v := l.Volumes[1]
		if v.Name != "p2" || v.Filesystem != "ntfs" || v.Label != "Basic" || v.Type != "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" {
			t.Errorf("%+v", v)
		}
		compareMMLS(t, d, l, sector)
	}
}

func TestDamagedGPT(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(d []byte)
		note string
		want int
	}{
		"header":       {func(d []byte) { d[512+40] ^= 1 }, "backup was used", 2},
		"entries":      {func(d []byte) { d[2*512+33] ^= 1 }, "backup was used", 2},
		"no primary":   {func(d []byte) { clear(d[512:1024]) }, "backup was used", 2},
		"both entries": {func(d []byte) { d[2*512+33] ^= 1; d[260*512+1] ^= 1 }, "used as it is", 2},
		"both headers": {func(d []byte) { d[512+40] ^= 1; d[299*512+40] ^= 1 }, "can't be used", 1}, // the protective MBR's
	} {
		d := gptDisk(512)
		c.harm(d)
		l := read(t, d)
		if len(l.Volumes) != c.want || !strings.Contains(strings.Join(append(l.Notes, l.Lost...), ";"), c.note) || (len(l.Lost) > 0) != (name == "both entries") {
			t.Errorf("%s: %d volumes, notes %q, lost %q", name, len(l.Volumes), l.Notes, l.Lost)
		}
	}
	d := gptDisk(512)
	clear(d[512:1024])
	if l := read(t, append(d, make([]byte, 5000)...)); len(l.Volumes) != 2 || l.Scheme != "gpt" {
		t.Errorf("a disk that has grown, with its backup where the end was: %+v", l)
	}
	d = gptDisk(512)
	l := read(t, d[:150*512]) // cut short: the second volume ends behind the image
	if len(l.Volumes) != 2 || len(l.Volumes[1].Notes) == 0 {
		t.Errorf("truncated: %+v", l)
	}
}

// A disk that was divided anew by an MBR may keep a GPT from before, often in
// its last sector alone: no system reads it where the MBR has volumes and no
// protective entry.
func TestAGPTFromBefore(t *testing.T) {
	for name, harm := range map[string]func([]byte){
		"both halves": func([]byte) {}, "backup alone": func(d []byte) { clear(d[512:1024]) },
	} {
		d := gptDisk(512)
		harm(d)
		clear(d[mbrTable:510])
		putTable(d, mbrEntry{0x07, 80, 90})
		l := read(t, d)
		if l.Scheme != "mbr" || len(l.Volumes) != 1 || l.Volumes[0].Offset != 80*512 || !strings.Contains(strings.Join(l.Notes, ";"), "left from before") {
			t.Errorf("%s: %+v", name, l)
		}
		putTable(d, mbrEntry{0x07, 80, 90}, mbrEntry{0xEE, 1, 50}) // a hybrid: both are meant
		if l := read(t, d); l.Scheme != "gpt" || len(l.Volumes) != 2 {
			t.Errorf("%s, hybrid: %+v", name, l)
		}
		clear(d[:512])
		if l := read(t, d); l.Scheme != "gpt" || len(l.Volumes) != 2 {
			t.Errorf("%s, without an MBR: %+v", name, l)
		}
	}
}

// A boot sector that is gone does not hide a volume: NTFS keeps a copy of it
// in the last sector.
func TestNTFSByTheCopyOfItsBootSector(t *testing.T) {
	boot := make([]byte, 512)
	copy(boot[3:], "NTFS    ")
	boot[510], boot[511] = 0x55, 0xAA
	d := make([]byte, 64<<10)
	copy(d[len(d)-512:], boot)
	l := read(t, d)
	if l.Scheme != "none" || len(l.Volumes) != 1 || l.Volumes[0].Filesystem != "ntfs" || l.Volumes[0].Length != int64(len(d)) {
		t.Errorf("bare: %+v", l)
	}
	putTable(d, mbrEntry{0x07, 8, 120}, mbrEntry{0x83, 2, 4})
	l = read(t, d)
	if len(l.Volumes) != 2 || l.Volumes[0].Filesystem != "ntfs" || l.Volumes[1].Filesystem != "unknown" {
		t.Errorf("in a table: %+v", l)
	}
}

func TestSgdiskAgrees(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.raw")
	if err := os.WriteFile(path, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sgdisk", "-n", "1:2048:4095", "-n", "3:5000:9000", "-c", "3:Ünïcode", "-t", "1:0700", path).CombinedOutput()
	if err != nil {
		t.Skipf("sgdisk: %v %s", err, out)
	}
	d, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := read(t, d)
	if len(l.Volumes) != 2 || l.Volumes[1].Name != "p3" || l.Volumes[1].Label != "Ünïcode" || l.Volumes[0].Offset != 2048*512 || l.Volumes[0].Length != 2048*512 {
		t.Errorf("%+v", l.Volumes)
	}
	compareMMLS(t, d, l, 512)
}

func TestSectionTellsATruncatedImage(t *testing.T) {
	d := bytes.NewReader(make([]byte, 1000))
	s := Section(d, 1000, Volume{Offset: 500, Length: 800})
	buf := make([]byte, 100)
	for _, c := range []struct {
		off  int64
		n    int
		want error
	}{{0, 100, nil}, {450, 50, ErrBeyond}, {600, 0, ErrBeyond}, {790, 0, ErrBeyond}, {800, 0, io.EOF}} {
		n, err := s.ReadAt(buf, c.off)
		if n != c.n || !errors.Is(err, c.want) {
			t.Errorf("at %d: %d %v", c.off, n, err)
		}
	}
	if n, err := Section(d, 1000, Volume{Offset: 0, Length: 50}).ReadAt(buf, 0); n != 50 || err != io.EOF {
		t.Errorf("end of a volume: %d %v", n, err)
	}
	if _, err := s.ReadAt(buf, -1); err == nil {
		t.Error("negative offset")
	}
}

func TestImages(t *testing.T) {
	dir := t.TempDir()
	whole := make([]byte, 10_000)
	for i := range whole {
		whole[i] = byte(i * 7)
	}
	for i, span := range [][2]int{{0, 4000}, {4000, 8000}, {8000, 10_000}} {
		os.WriteFile(filepath.Join(dir, fmt.Sprintf("d.%03d", i+1)), whole[span[0]:span[1]], 0o600)
	}
	im, err := OpenImage(filepath.Join(dir, "d.001"))
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	got, err := io.ReadAll(io.NewSectionReader(im, 0, im.Size()))
	if err != nil || !bytes.Equal(got, whole) || len(im.Files) != 3 || im.Kind != "split raw" {
		t.Errorf("split: %d bytes of %v, %v", len(got), im.Files, err)
	}
	b := make([]byte, 5000)
	if n, err := im.ReadAt(b, 3500); n != 5000 || err != nil || !bytes.Equal(b, whole[3500:8500]) {
		t.Errorf("across parts: %d %v", n, err)
	}
	if n, err := im.ReadAt(b, 9000); n != 1000 || err != io.EOF {
		t.Errorf("at the end: %d %v", n, err)
	}
	if err := os.Remove(filepath.Join(dir, "d.002")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenImage(filepath.Join(dir, "d.001")); err == nil || !strings.Contains(err.Error(), "d.002") {
		t.Errorf("without its second part: %v", err)
	}
	os.WriteFile(filepath.Join(dir, "q.img"), append([]byte("QFI\xfb"), whole...), 0o600)
	os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600)
	for _, p := range []string{"q.img", "empty", "nope", "."} {
		if im, err := OpenImage(filepath.Join(dir, p)); err == nil {
			im.Close()
			t.Errorf("%s was opened", p)
		}
	}
}

// A file in another form is no image, and the error says what it is.
func TestContainersAreNamed(t *testing.T) {
	dir := t.TempDir()
	raw := gptDisk(512)
	path := filepath.Join(dir, "raw")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"qcow2": "QCOW", "qed": "QED", "vdi": "VDI", "vmdk": "VMDK", "vpc": "VHD", "vhdx": "VHDX", "parallels": "Parallels"} {
		out := filepath.Join(dir, format)
		if msg, err := exec.Command("qemu-img", "convert", "-f", "raw", "-O", format, path, out).CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
			t.Skip("qemu-img is not here")
		} else if err != nil {
			t.Fatalf("%s: %v: %s", format, err, msg)
		}
		if im, err := OpenImage(out); err == nil || !strings.Contains(err.Error(), "a "+want+" container") {
			t.Errorf("%s: %v, %v", format, im, err)
		}
	}
	for head, want := range map[string]string{"\xfd7zXZ\x00": "xz", "BZh9": "bzip2", "7z\xbc\xaf\x27\x1c": "7z", "ADSEGMENTEDFILE\x00": "AD1", "LVF\x09\x0d\x0a\xff\x00": "L01"} {
		if err := os.WriteFile(path, append([]byte(head), raw...), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenImage(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", head, err, want)
		}
	}
}

// A table without volumes leaves the disk unread: that is no success.
func TestATableWithoutVolumes(t *testing.T) {
	d := make([]byte, 300*512)
	putTable(d)
	if l := read(t, d); l.Scheme != "mbr" || len(l.Lost) != 1 || !strings.Contains(l.Lost[0], "the MBR has no volumes") {
		t.Errorf("%+v", l)
	}
	copy(d[299*512+3:], "NTFS    ")
	d[299*512+510], d[299*512+511] = 0x55, 0xAA
	if l := read(t, d); len(l.Volumes) != 1 || l.Volumes[0].Filesystem != "ntfs" || len(l.Lost) > 0 {
		t.Errorf("the copy of a boot sector: %+v", l)
	}
	d = gptDisk(512)
	array := d[2*512 : 2*512+128*128]
	clear(array)
	binary.LittleEndian.PutUint32(d[512+88:], crc32.ChecksumIEEE(array))
	clear(d[512+16 : 512+20])
	binary.LittleEndian.PutUint32(d[512+16:], crc32.ChecksumIEEE(d[512:512+92]))
	if l := read(t, d); l.Scheme != "gpt" || len(l.Lost) != 1 || !strings.Contains(l.Lost[0], "the GPT has no volumes") {
		t.Errorf("%+v", l)
	}
}

// A boot sector that claims more than there is, on a whole volume, is damaged:
// its copy in the last sector has to be found.
func TestABootSectorThatClaimsTooMuch(t *testing.T) {
	d := make([]byte, 100*512)
	copy(d[3:], "NTFS    ")
	d[12], d[510], d[511] = 2, 0x55, 0xAA
	binary.LittleEndian.PutUint64(d[40:], 99)
	for _, whole := range []bool{true, false} {
		d[46] = 1
		if whole {
			copy(d[99*512:], d[:512])
		} else {
			clear(d[99*512:])
		}
		if l := read(t, d); len(l.Volumes) != 1 || (l.Volumes[0].Length == int64(len(d))) != whole || len(l.Volumes[0].Notes) > 0 == whole {
			t.Errorf("whole %v: %+v", whole, l)
		}
	}
}

// A fixed VHD is a raw image with a footer, which is not of the disk: without
// it the backup of the GPT is in the last sector.
func TestAFixedVHD(t *testing.T) {
	raw := gptDisk(512)
	foot := make([]byte, 512)
	copy(foot, "conectix")
	binary.BigEndian.PutUint64(foot[48:], uint64(len(raw)))
	binary.BigEndian.PutUint32(foot[60:], 2)
	for kind, d := range map[string][]byte{"fixed VHD": append(bytes.Clone(raw), foot...), "raw": append(bytes.Clone(raw[:len(raw)-512]), foot...)} {
		clear(d[512:1024])
		path := filepath.Join(t.TempDir(), "d.vhd")
		if err := os.WriteFile(path, d, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := OpenImage(path)
		if err != nil {
			t.Fatal(err)
		}
		defer im.Close()
		l, err := Volumes(im, im.Size())
		if whole := kind == "fixed VHD"; err != nil || im.Kind != kind || im.Size() != int64(len(raw)) || (len(l.Volumes) == 2) != whole {
			t.Errorf("%s: a %s image of %d bytes, %+v, %v", kind, im.Kind, im.Size(), l, err)
		}
	}
}

func TestCorpusImages(t *testing.T) {
	dir := "../../../shared/corpus/images"
	for name, want := range map[string]string{"ext2.splitraw.000": "ext2", "apfs.raw": "apfs", "hfsplus.raw": "hfs+", "iso9660.raw": "iso9660"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("the corpus is not here")
		}
		im, err := OpenImage(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Volumes(im, im.Size())
		im.Close()
		if err != nil || len(l.Volumes) == 0 || !contains(l.Volumes, want) {
			t.Errorf("%s: %+v %v", name, l, err)
		}
	}
}

func contains(vs []Volume, fs string) bool {
	for _, v := range vs {
		if v.Filesystem == fs {
			return true
		}
	}
	return false
}

func FuzzVolumes(f *testing.F) {
	f.Add(logicalDisk())
	f.Add(gptDisk(512)[:6*512])
	f.Fuzz(func(t *testing.T, d []byte) {
		l, err := Volumes(bytes.NewReader(d), int64(len(d)))
		if err != nil {
			return
		}
		if len(l.Volumes) > maxVolumes {
			t.Fatalf("%d volumes", len(l.Volumes))
		}
		for _, v := range l.Volumes {
			if v.Offset < 0 || v.Length < 0 || v.Offset+v.Length < 0 {
				t.Fatalf("%+v", v)
			}
		}
	})
}
