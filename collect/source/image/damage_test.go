package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/disk"
	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// inMemory opens bytes as a volume of the length they ought to have.
func inMemory(b []byte, length int64) (*volume, error) {
	f, err := ntfs.Open(disk.Section(bytes.NewReader(b), int64(len(b)), disk.Volume{Length: length}), length)
	if err != nil {
		return nil, err
	}
	return &volume{fs: f, sh: &shared{image: &disk.Image{}, users: 1}, here: int64(len(b)), info: collect.SourceInfo{Name: "p1", Fold: true}}, nil
}

// look reads everything it finds, and tells what came of each path: a hash, or
// "" where the source said that something is wrong with it.
func look(src collect.Source) map[string]string {
	out := map[string]string{}
	walk(src, "/", func(path string, st evidence.Stat, err error) {
		if err != nil || st.Type == evidence.TypeDir || len(out) > 20_000 {
			return
		}
		c, st, err := src.Open(context.Background(), path)
		if err != nil {
			out[path] = ""
			return
		}
		defer c.Close()
		h := sha256.New()
		_, err = io.Copy(h, io.LimitReader(c, 64<<20))
		out[path] = hex.EncodeToString(h.Sum(nil))
		if fin := c.Finish(); err != nil || len(fin.Lost) > 0 {
			out[path] = ""
		}
	})
	return out
}

// Flips in the metadata harm what they touch: the walk ends, nothing panics,
// and nearly every other file is as it was.
func TestDamagedVolumes(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := inMemory(whole, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	before := look(src)
	rounds := 12
	if os.Getenv("HOZEN_FULL") == "1" {
		rounds = 200
	}
	r := rand.New(rand.NewSource(1))
	for round := range rounds {
		b := bytes.Clone(whole)
		flips := 1 + r.Intn(20)
		for range flips {
			if r.Intn(4) == 0 {
				b[r.Intn(len(b))] ^= 1 << r.Intn(8)
			} else { // the MFT begins at cluster 4 of 4,096 bytes, or 32 of 512
				b[16384+r.Intn(4<<20)] ^= 1 << r.Intn(8)
			}
		}
		src, err := inMemory(b, int64(len(b)))
		if err != nil {
			t.Logf("round %d: %v", round, err)
			continue
		}
		after := look(src)
		harmed := 0
		for path, sum := range before {
			if after[path] != sum {
				harmed++
			}
		}
		// A flip may hit an index block of the large folder, some 30 names.
		if harmed > 40*flips {
			t.Errorf("round %d: %d flips harmed %d of %d files", round, flips, harmed, len(before))
		}
	}
}

// A volume without its boot sector is read by the copy, and a note says so.
func TestAnImageWithoutItsBootSector(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	clear(whole[:512])
	p := filepath.Join(t.TempDir(), "v.raw")
	if err := os.WriteFile(p, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	srcs, notes, err := Open(p)
	if err != nil || len(srcs) != 1 || len(notes) != 1 || !strings.Contains(notes[0].Text, "copy of the boot sector") {
		t.Fatalf("%d sources, %v, %v", len(srcs), notes, err)
	}
	defer srcs[0].Close()
	if got, _, err := sumOf(srcs[0], "/pieces"); err != nil || got != sums(t, fixture(t, "frag.sha256"))["/pieces"] {
		t.Errorf("%s, %v", got, err)
	}
}

// Two entries of one name are damage: no path leads to the second.
func TestTwoEntriesOfOneName(t *testing.T) {
	b, err := os.ReadFile(fixture(t, "ntfs.raw"))
	if err != nil {
		t.Fatal(err)
	}
	one, other := []byte("f\x00i\x00l\x00e\x00-\x000\x000\x000\x001\x000\x00.\x00"), []byte("f\x00i\x00l\x00e\x00-\x000\x000\x000\x001\x001\x00.\x00")
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], one)
		if i < 0 {
			break
		}
		if at += i; at%1024 > 512 || string(b[at&^1023:at&^1023+4]) != "FILE" { // in the index alone
			copy(b[at:], other)
		}
	}
	src, err := inMemory(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	names, told := 0, 0
	for _, err := range src.ReadDir(context.Background(), "/many") {
		if names++; err != nil && errors.Is(err, ntfs.ErrDamaged) && strings.Contains(err.Error(), "file-00011") {
			told++
			names--
		}
	}
	if names != 10_000 || told != 1 {
		t.Errorf("%d names, told %d times", names, told)
	}
}

// A file whose only name is a short one is listed, though Windows hides it.
func TestAShortNameAlone(t *testing.T) {
	b, err := os.ReadFile(fixture(t, "ntfs.raw"))
	if err != nil {
		t.Fatal(err)
	}
	name := []byte("\x07\x00n\x00o\x00t\x00h\x00i\x00n\x00g\x00") // seven letters, in the namespace of POSIX
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], name)
		if i < 0 {
			break
		}
		at += i
		b[at+1] = 2
	}
	src, err := inMemory(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, dir := range []string{"/empty", "/"} {
		for e, err := range src.ReadDir(context.Background(), dir) {
			if seen[e.Name] = true; err != nil {
				t.Error(err)
			}
		}
	}
	if !seen["nothing"] || !seen["Program Files"] || seen["PROGRA~1"] {
		t.Errorf("names %v", seen)
	}
	if st, err := src.Lstat("/empty/nothing"); err != nil || st.Type != evidence.TypeFile {
		t.Errorf("%+v, %v", st, err)
	}
}

// What is asked of each folder of a walk costs no more the deeper it lies.
func TestADeepFolderCostsNoMore(t *testing.T) {
	src := openOne(t, fixture(t, "ntfs.raw"))
	deep := "/deep"
	for i := 1; i <= 40; i++ {
		deep += fmt.Sprintf("/level%02d-level%02d-", i, i)
	}
	st, err := src.Lstat(deep)
	if err != nil {
		t.Fatal(err)
	}
	if why := src.Crossing(deep, st); why != "" {
		t.Error(why)
	}
	few := testing.AllocsPerRun(10, func() { src.Crossing("/deep", evidence.Stat{}) })
	if many := testing.AllocsPerRun(10, func() { src.Crossing(deep, st) }); many > few+60 {
		t.Errorf("%v allocations at the top, %v forty folders below", few, many)
	}
}

// A folder that has lost some of its names has not lost the streams of others.
func TestStreamsInADamagedFolder(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for at := 0; at < len(whole); at += 512 {
		if string(whole[at:at+4]) != "INDX" {
			continue
		}
		whole[at] = 'X'
		src, err := inMemory(whole, int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		_, damaged := src.Lstat("/none")
		if _, err := src.Lstat("/pieces"); err == nil && errors.Is(damaged, ntfs.ErrNotListed) {
			tried++
			if got, _, err := sumOf(src, "/pieces:more"); err != nil || got != sums(t, fixture(t, "frag.sha256"))["/pieces:more"] {
				t.Errorf("%s, %v", got, err)
			}
			if _, err := src.Lstat("/pieces:none"); !errors.Is(err, ntfs.ErrNotListed) {
				t.Errorf("what may be the name of a file: %v", err)
			}
		}
		whole[at] = 'I'
	}
	if tried == 0 {
		t.Error("no block of the root was broken")
	}
}

// A flipped bit in the size of a file costs the file nothing, and its reader
// not the time that zeros of the size it claims would take.
func TestASizeThatNoVolumeHas(t *testing.T) {
	b, err := os.ReadFile(fixture(t, "big.raw"))
	if err != nil {
		t.Fatal(err)
	}
	const size, alloc = 3_000_000, 46 << 16 // of /f
	sizes := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, alloc), size)
	at := bytes.Index(b, append(sizes, sizes[8:]...))
	if at < 0 {
		t.Fatal("no such sizes")
	}
	b[at+8+5] |= 0x20
	src, err := inMemory(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := all(src, "/f")
	sum := sha256.Sum256(got[:size])
	if len(got) != alloc || !errors.Is(err, ntfs.ErrDamaged) || hex.EncodeToString(sum[:]) != sums(t, fixture(t, "big.sha256"))["/f"] {
		t.Errorf("%d bytes, %x, %v", len(got), sum, err)
	}
	low := bytes.Clone(b)
	binary.LittleEndian.PutUint64(low[at+8:], size-1<<20)
	if src, err := inMemory(low, int64(len(low))); err != nil {
		t.Error(err)
	} else if got, _, err := all(src, "/f"); len(got) != size-1<<20 || !errors.Is(err, ntfs.ErrDamaged) {
		t.Errorf("a size below what was written: %d bytes, %v", len(got), err)
	}
	if st, err := src.Lstat("/f"); err != nil || st.StatLen != alloc || !strings.Contains(strings.Join(st.Attributes, ";"), "damaged: a size of 35184375088832 bytes") {
		t.Errorf("%d bytes stated, %q, %v", st.StatLen, st.Attributes, err)
	}
}

// Of an image cut short, what lies before the cut is kept, byte for byte, and
// what is lost is said.
func TestTruncatedImages(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	truth, err := inMemory(whole, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	before := look(truth)
	for _, share := range []int{95, 80, 60, 10} {
		cut := whole[:len(whole)*share/100]
		src, err := inMemory(cut, int64(len(whole)))
		if err != nil {
			t.Logf("%d%%: %v", share, err)
			continue
		}
		after, wrong, told := look(src), 0, 0
		for path, sum := range after {
			switch {
			case sum == "":
				told++
			case before[path] != "" && sum != before[path]:
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("%d%%: %d files differ without a word", share, wrong)
		}
		t.Logf("%d%%: %d of %d files found, %d of them with a loss", share, len(after), len(before), told)
	}
	cut := whole[:len(whole)*60/100]
	src, err := inMemory(cut, int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	compareLost(t, truth, src, "/pieces")
}

func compareLost(t *testing.T, truth, src collect.Source, path string) {
	t.Helper()
	want, _, err := all(truth, path)
	if err != nil {
		t.Fatal(err)
	}
	got, fin, err := all(src, path)
	if err != nil {
		t.Fatal(err)
	}
	if len(fin.Lost) == 0 || len(got) != len(want) {
		t.Fatalf("%d bytes of %d, lost %v", len(got), len(want), fin.Lost)
	}
	for _, l := range fin.Lost {
		clear(want[l.Offset : l.Offset+l.Length])
	}
	if !bytes.Equal(got, want) {
		t.Error("bytes outside the lost ranges differ")
	}
}

func all(src collect.Source, path string) ([]byte, evidence.Finish, error) {
	c, _, err := src.Open(context.Background(), path)
	if err != nil {
		return nil, evidence.Finish{}, err
	}
	defer c.Close()
	b, err := io.ReadAll(io.LimitReader(c, 64<<20))
	return b, c.Finish(), err
}
