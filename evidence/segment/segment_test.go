package segment

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func build(t testing.TB, items int) ([]byte, tlog.Hash) {
	t.Helper()
	b := NewBuilder(make([]byte, 0, 1<<20))
	for i := range items {
		if i%3 != 2 {
			if err := b.Begin(fmt.Sprintf("data/live/f%d.zst", i)); err != nil {
				t.Fatal(err)
			}
			for range i%2 + 1 {
				if err := b.Frame([]byte(fmt.Sprintf("frame of %d", i)), 100); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.Commit(uint64(i+1), fmt.Appendf(nil, `{"seq":%d}`, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	plain, root, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	return plain, root
}

func TestBuildAndOpen(t *testing.T) {
	plain, root := build(t, 9)
	s, err := Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	got, n := s.Root()
	if got != root || n != 9 || s.Entries() != 6 {
		t.Errorf("root %v, %d records, %d entries", got == root, n, s.Entries())
	}
	e, ok := s.Entry(2)
	if !ok || e.Name != "data/live/f1.zst" || len(e.Frames) != 2 || string(e.Data) != "frame of 1frame of 1" || e.CheckCRC() != nil {
		t.Errorf("%+v", e)
	}
	if _, ok := s.Entry(3); ok {
		t.Error("a record without content has an entry")
	}
	var names []string
	for name, data := range Salvage(plain) {
		if len(data) == 0 {
			t.Errorf("%s is empty", name)
		}
		names = append(names, name)
	}
	if len(names) != 8 {
		t.Errorf("salvaged %v", names)
	}
}

// The independent reader agrees that every entry is stored, in order, dense,
// and has a true local header.
func TestAgainstArchiveZip(t *testing.T) {
	plain, _ := build(t, 4)
	zr, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	for _, f := range zr.File {
		off, err := f.DataOffset()
		if err != nil || f.Method != zip.Store || off != at+localLen+int64(len(f.Name)) {
			t.Fatalf("%s lies at %d after %d: %v", f.Name, off, at, err)
		}
		local := plain[at:]
		if binary.LittleEndian.Uint32(local[14:]) != f.CRC32 || uint64(binary.LittleEndian.Uint32(local[18:])) != f.UncompressedSize64 {
			t.Errorf("%s: the local header is not true", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := new(bytes.Buffer).ReadFrom(r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		at = off + int64(f.UncompressedSize64)
	}
}

func TestFull(t *testing.T) {
	b := NewBuilder(make([]byte, 0, 64<<10))
	var err error
	n := 0
	for ; err == nil; n++ {
		if err = b.Begin(fmt.Sprintf("data/live/%d.zst", n)); err == nil {
			err = b.Frame(bytes.Repeat([]byte("x"), 1000), 1000)
		}
		if err == nil {
			err = b.Commit(uint64(n+1), []byte(`{"x":"`+strings.Repeat("y", 500)+`"}`))
		}
	}
	if !errors.Is(err, ErrFull) || n < 20 {
		t.Fatalf("after %d items: %v", n, err)
	}
	b.Abort()
	plain, _, err := b.Close()
	if err != nil || len(plain) > 64<<10 {
		t.Fatalf("%d bytes, %v", len(plain), err)
	}
	if _, err := Open(plain); err != nil {
		t.Error(err)
	}
}

func TestRenameAndCollide(t *testing.T) {
	b := NewBuilder(make([]byte, 0, 1<<20))
	for i, name := range []string{"data/a.zst", "data/A.zst", "data/a.zst"} {
		if err := b.Begin(name); err != nil {
			t.Fatal(err)
		}
		if err := b.Frame([]byte("content"), 7); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			if err := b.Rename("data/a.zst.part0001"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Commit(uint64(i+1), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	plain, _, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range []string{"", "data/a.zst", "data/A~1.zst", "data/a.zst.part0001"} {
		if e, ok := s.Entry(uint64(seq)); ok != (want != "") || e.Name != want || ok && string(e.Data) != "content" {
			t.Errorf("entry %d: %+v, want %q", seq, e, want)
		}
	}
}

// Damage is reported as such, whatever byte it hits; nothing panics.
func TestDamage(t *testing.T) {
	good, root := build(t, 4)
	for i := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[i/8] ^= 1 << (i % 8)
		s, err := Open(bad)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d: %v", i, err)
			}
			continue
		}
		// What the layout does not tell, root and digests do.
		if got, _ := s.Root(); got == root {
			_, _ = s.Entry(1)
		}
	}
	for n := range good {
		if _, err := Open(good[:n]); err == nil {
			t.Fatalf("cut to %d bytes, and it opens", n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for n := range 4 {
		good, _ := build(f, n)
		f.Add(good)
		f.Add(good[:len(good)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, data := range Salvage(b) {
			if len(data) > len(b) {
				t.Fatal("more was salvaged than there was")
			}
		}
		s, err := Open(b)
		if err != nil {
			return
		}
		s.Root()
		for line := range s.Lines() {
			_ = line
		}
		for seq := range uint64(10) {
			e, ok := s.Entry(seq)
			total := 0
			for _, fr := range e.Frames {
				total += fr.Stored
			}
			if ok && total != len(e.Data) {
				t.Fatal("frames do not cover their entry")
			}
		}
	})
}

func TestLimited(t *testing.T) {
	if _, err := Limited(strings.NewReader("12345"), make([]byte, 0, 4)); !errors.Is(err, ErrDamaged) {
		t.Errorf("5 bytes fit 4: %v", err)
	}
	if b, err := Limited(strings.NewReader("1234"), make([]byte, 0, 4)); err != nil || string(b) != "1234" {
		t.Errorf("%q %v", b, err)
	}
}

// A segment is its entries and their directory, byte for byte: what a ZIP tool
// would skip, or see otherwise, is damage.
func TestNothingHides(t *testing.T) {
	good, _ := build(t, 3)
	if _, err := Open(good); err != nil {
		t.Fatal(err)
	}
	zr, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	name := zr.File[0].Name
	dir := int(le.Uint32(good[len(good)-6:]))
	for what, bad := range map[string][]byte{
		"prefix":     append([]byte("x"), good...),
		"tail":       append(bytes.Clone(good), 'x'),
		"local name": bytes.Replace(good, []byte(name), []byte(strings.ToUpper(name)), 1),
		"flags":      flipped(good, 6),
		"version":    flipped(good, 4),
		"time":       flipped(good, 10),
		"date":       flipped(good, 12),
		"made by":    flipped(good, dir+4),
		"dir's date": flipped(good, dir+14),
		"disk":       flipped(good, dir+34),
		"internal":   flipped(good, dir+36),
		"mode":       flipped(good, dir+40),
		"link":       bytes.Replace(good, []byte{0, 0, 0x80, 0x81}, []byte{0, 0, 0x80, 0xa1}, 1),
		"both":       flipped(flipped(good, 4), dir+6),
		"local CRC":  flipped(good, 14),
		"extra":      flipped(good, 28),
	} {
		if _, err := Open(bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Another writer may need version 20; two names that fold alike are one file to
// many systems.
func TestVersionsAndFolds(t *testing.T) {
	good, _ := build(t, 2)
	dir := int(le.Uint32(good[len(good)-6:]))
	other := bytes.Clone(good)
	other[4], other[dir+6] = needs20, needs20
	if _, err := Open(other); err != nil {
		t.Error(err)
	}
	b := NewBuilder(make([]byte, 0, 1<<20))
	for i, name := range []string{"data/live/Aa.zst", "data/live/aB.zst"} {
		if err := errors.Join(b.Begin(name), b.Frame([]byte("x"), 1), b.Commit(uint64(i+1), []byte("{}"))); err != nil {
			t.Fatal(err)
		}
	}
	whole, _, err := b.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.ReplaceAll(whole, []byte("live/aB"), []byte("live/aA"))); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "two entries") {
		t.Errorf("names that fold alike: %v", err)
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 8
	return b
}

func TestFits(t *testing.T) {
	for name, want := range map[string]bool{
		"data/live/a.zst": true, "data/live/a~1.zst": true, "data/live/a~1~2.zst": true,
		"data/live/a~.zst": false, "data/live/a~x.zst": false, "data/live/b.zst": false, "data/live/a.zst.part0001": false, "data/live/a": false,
	} {
		if Fits(name, "data/live/a.zst") != want {
			t.Errorf("Fits(%q) is not %v", name, want)
		}
	}
	if !Fits("data/live/a~1.zst.part0002", "data/live/a.zst.part0002") {
		t.Error("a part of a taken name does not fit")
	}
}

// What makes a name a new one stands before the last .zst: a folder may have one
// in its name.
func TestSuffixPlace(t *testing.T) {
	b := NewBuilder(make([]byte, 0, DefaultSize))
	for i, c := range []struct{ name, want string }{
		{"data/live/x.zst.d/A.zst", "data/live/x.zst.d/A.zst"},
		{"data/live/x.zst.d/a.zst", "data/live/x.zst.d/a~1.zst"},
		{"data/live/x.zst.d/B.zst.part0001", "data/live/x.zst.d/B.zst.part0001"},
		{"data/live/x.zst.d/b.zst.part0001", "data/live/x.zst.d/b~1.zst.part0001"},
	} {
		if err := b.Begin(c.name); err != nil {
			t.Fatal(err)
		}
		if b.name != c.want {
			t.Errorf("%s became %s, want %s", c.name, b.name, c.want)
		}
		if !Fits(c.want, c.name) || Fits("data/live/x~1.zst.d/a.zst", c.name) {
			t.Errorf("Fits does not take %s for %s alone", c.want, c.name)
		}
		if err := b.Commit(uint64(i+1), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
}

// A folder full of names that differ in case alone must not take time with the
// square of their number.
func TestManyCollisions(t *testing.T) {
	b, began := NewBuilder(make([]byte, 0, DefaultSize)), time.Now()
	for i := range maxItems {
		if err := b.Begin("data/live/a.zst"); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("data/live/a~%d.zst", i); i > 0 && b.name != want {
			t.Fatalf("%s, want %s", b.name, want)
		}
		if i%2 == 1 { // a name that was given back is the next one's
			b.Abort()
			if err := b.Begin("data/live/A.zst"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Commit(uint64(i+1), []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d names took %v", i, time.Since(began))
		}
	}
}
