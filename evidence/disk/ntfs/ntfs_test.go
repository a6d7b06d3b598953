package ntfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/disk"
)

// slurp reads a stream piece by piece.
func slurp(t *testing.T, f *FS, record uint64, name string) ([]byte, error) {
	t.Helper()
	n, err := f.Node(Ref{Record: record})
	if err != nil {
		return nil, err
	}
	d, err := n.Open(name)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(d, 0, min(d.Size(), 1<<20)))
}

func TestStreamsOfASmallVolume(t *testing.T) {
	b := newBuilder()
	copy(b.disk[100*tCluster:], bytes.Repeat([]byte("A"), tCluster))
	copy(b.disk[90*tCluster:], bytes.Repeat([]byte("B"), tCluster))
	b.dir(recordRoot, 5, link{20, 1, "file"}, link{21, 1, "parts"})
	b.file(20, 1, "file",
		resident(attrData, "", []byte("resident")),
		// one cluster at 100, a hole of one, one at 90 (ten back)
		nonResident(attrData, "runs", []byte{0x11, 1, 100, 0x01, 1, 0x11, 1, 0xF6}, 2*tCluster+100, 0),
		nonResident(attrData, "boot", []byte{0x11, 1, 0}, 16, 0)) // cluster 0 is a place, not a hole
	f := b.open(t)
	for name, want := range map[string]string{
		"": "resident", "runs": strings.Repeat("A", tCluster) + strings.Repeat("\x00", tCluster) + strings.Repeat("B", 100),
		"boot": string(b.disk[:16]),
	} {
		if got, err := slurp(t, f, 20, name); err != nil || string(got) != want {
			t.Errorf("%q: %d bytes, %v", name, len(got), err)
		}
	}
	n, err := f.Lookup([]string{"FILE"})
	if err != nil || len(n.Streams) != 3 || n.Ref != (Ref{20, 1}) {
		t.Errorf("%+v %v", n, err)
	}
	if _, err := n.Open("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stream that is not there: %v", err)
	}
}

func TestGapsAreErrorsNotZeros(t *testing.T) {
	b := newBuilder()
	b.file(20, 1, "a", nonResident(attrData, "", []byte{0x11, 1, 50}, 3*tCluster, 0))       // runs end early
	b.file(21, 1, "b", nonResident(attrData, "", []byte{0x11, 1, 50}, tCluster, 7))         // the first segment is gone
	b.file(22, 1, "c", nonResident(attrData, "", []byte{0x21, 1, 0xFF, 0x7F}, tCluster, 0)) // behind the volume
	b.file(23, 1, "d", nonResident(attrData, "", []byte{0x99, 1}, tCluster, 0))             // a pair of 18 bytes
	b.file(24, 1, "e", nonResident(attrData, "", []byte{0x11, 0, 5}, tCluster, 0))          // a run of nothing
	b.file(25, 1, "f", nonResident(attrData, "", nil, -5, 0))                               // a negative size
	b.file(26, 1, "g", nonResident(attrData, "", []byte{0x11, 1, 50}, tCluster, 0), nonResident(attrData, "", []byte{0x11, 1, 51}, 0, 1<<60))
	f := b.open(t)
	for r := uint64(20); r <= 26; r++ {
		if r == 26 { // the first cluster is known: it is kept
			got, err := slurp(t, f, r, "")
			if err != nil || len(got) != tCluster {
				t.Errorf("record 26: %d bytes, %v", len(got), err)
			}
			continue
		}
		if got, err := slurp(t, f, r, ""); !errors.Is(err, ErrDamaged) {
			t.Errorf("record %d: %d bytes, %v", r, len(got), err)
		}
	}
	if got, _ := slurp(t, f, 20, ""); len(got) != tCluster {
		t.Errorf("before the gap: %d bytes", len(got))
	}
}

// An attribute that can't be read costs none of those behind it.
func TestAttributesBehindADamagedOne(t *testing.T) {
	b := newBuilder()
	torn := resident(attrSecurity, "", make([]byte, 40))
	binary.LittleEndian.PutUint32(torn[16:], 4000) // a value outside the attribute
	cut := resident(attrData, "ads", make([]byte, 40))
	binary.LittleEndian.PutUint32(cut[16:], 4000)
	b.file(20, 1, "f", torn, cut, resident(attrData, "", []byte("content")))
	f := b.open(t)
	if got, err := slurp(t, f, 20, ""); err != nil || string(got) != "content" {
		t.Errorf("%q %v", got, err)
	}
	n, err := f.Node(Ref{Record: 20})
	if err != nil || len(n.Problems) == 0 || len(n.Streams) != 2 {
		t.Fatal(n, err)
	}
	if _, err := n.Open("ads"); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
	if _, err := n.Open("none"); !errors.Is(err, ErrDamaged) || strings.Count(err.Error(), "damaged") != 1 {
		t.Errorf("%v", err)
	}
}

// Streams whose very names may be lost are told of by one that can't be opened.
func TestStreamsThatNothingNamesAnyMore(t *testing.T) {
	long := resident(attrData, "long", []byte("x"))
	binary.LittleEndian.PutUint32(long[4:], 4000) // an attribute longer than its record
	torn := resident(attrData, "torn", []byte("x"))
	binary.LittleEndian.PutUint16(torn[10:], 4000) // a name outside the attribute
	b := newBuilder()
	b.file(20, 1, "f", resident(attrData, "", []byte("content")), long, resident(attrData, "behind", nil))
	b.file(21, 1, "f", resident(attrData, "", []byte("content")), torn)
	b.file(22, 1, "f", resident(attrData, "", []byte("content")), resident(attrData, "behind", nil))
	at := (tMFT + 22) * tCluster
	binary.LittleEndian.PutUint32(b.disk[at+24:], 56+104+32) // the record ends before "behind"
	b.file(23, 1, "f", resident(attrData, "", []byte("content")), resident(attrData, "?", nil))
	f := b.open(t)
	for record := uint64(20); record <= 23; record++ {
		n, err := f.Node(Ref{Record: record})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := slurp(t, f, record, ""); err != nil || string(got) != "content" {
			t.Errorf("record %d: %q %v", record, got, err)
		}
		if _, ok := n.Stream(unnamed); !ok {
			t.Errorf("record %d: streams %+v", record, n.Streams)
		}
		if _, err := n.Open(unnamed); errors.Is(err, ErrDamaged) == (record == 23) {
			t.Errorf("record %d: %v", record, err)
		}
	}
}

// Runs that name the same clusters again and again hold no more than the volume.
func TestRunsThatComeBack(t *testing.T) {
	b := newBuilder()
	again := bytes.Repeat([]byte{0x11, 100, 100, 0x11, 100, 0x9C}, 100) // 100 clusters at 100, then at 0
	b.file(20, 1, "f", nonResident(attrData, "", again, 20000*tCluster, 0))
	sparse := nonResident(attrData, "s", []byte{0x11, 1, 100, 0x04, 0, 0, 0, 1}, 1<<34, 0)
	sparse[13] = attrSparse >> 8
	b.file(21, 1, "s", sparse)
	f := b.open(t)
	n, err := f.Node(Ref{Record: 20})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := n.Open(""); err != nil || d.Size() != 200*tCluster || d.Excess() != 19800*tCluster {
		t.Errorf("%d bytes, %d more, %v", d.Size(), d.Excess(), err)
	}
	n, err = f.Node(Ref{Record: 21})
	if err != nil || n.Streams[0].Alloc != tClusters*tCluster || n.Streams[0].Size != 1<<34 {
		t.Errorf("%+v, %v", n.Streams, err)
	}
}

// How far a gap reaches is known where a run is, or a compression unit.
func TestHowFarAGapReaches(t *testing.T) {
	b := newBuilder()
	// one cluster at 100, two behind the volume, one at 90
	b.file(20, 1, "f", nonResident(attrData, "", []byte{0x11, 1, 100, 0x21, 2, 0x00, 0x70, 0x21, 1, 0xF6, 0x8F}, 4*tCluster, 0))
	n, err := b.open(t).Node(Ref{Record: 20})
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.Open("")
	if err != nil {
		t.Fatal(err)
	}
	_, damaged := d.ReadAt(make([]byte, 1), tCluster)
	for _, c := range []struct {
		off  int64
		err  error
		unit int64
		want int64
	}{
		{tCluster + 5, damaged, 0, 3 * tCluster}, {3*tCluster - 1, damaged, 0, 3 * tCluster},
		{0, io.ErrUnexpectedEOF, 0, 0}, {5, disk.ErrBeyond, 0, tCluster}, {4 * tCluster, damaged, 0, 4 * tCluster},
		{5, io.ErrUnexpectedEOF, 2, 2 * tCluster}, {tCluster, damaged, 2, 4 * tCluster}, {2 * tCluster, io.ErrUnexpectedEOF, 2, 4 * tCluster},
	} {
		d.unit = c.unit
		if got := d.Gap(c.off, c.err); got != c.want {
			t.Errorf("at %d after %v, units of %d: %d, want %d", c.off, c.err, c.unit, got, c.want)
		}
	}
}

// Of a record that can't be read the error says why.
func TestARecordBehindTheEndOfTheImage(t *testing.T) {
	b := newBuilder()
	size := int64(len(b.disk))
	cut := b.disk[:(tMFT+recordRoot)*tCluster]
	f, err := Open(disk.Section(bytes.NewReader(cut), int64(len(cut)), disk.Volume{Length: size}), size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Node(Ref{Record: recordRoot}); !errors.Is(err, disk.ErrBeyond) {
		t.Error(err)
	}
	if n, err := f.Lookup(nil); err != nil || len(n.Problems) != 1 || !strings.Contains(n.Problems[0], disk.ErrBeyond.Error()) {
		t.Errorf("%+v, %v", n, err)
	}
}

// Behind a damaged entry of an attribute list, the others still lead on.
func TestADamagedAttributeList(t *testing.T) {
	entry := func(kind uint32, name string, record uint64) []byte {
		e := le(kind, uint16(0), uint8(len(name)), uint8(26), uint64(0), record|1<<48, uint16(1), wide(name))
		binary.LittleEndian.PutUint16(e[4:], uint16(len(pad8(e))))
		return pad8(e)
	}
	list := bytes.Join([][]byte{entry(attrStandard, "", 20), entry(attrData, "first", 30), entry(attrData, "odd", 31), entry(attrData, "last", 32)}, nil)
	for size, want := range map[uint16]string{40: "first last odd", 0: "? first last", 0xFFF8: "? first last", 80: "? first last"} {
		b := newBuilder()
		broken := bytes.Clone(list)
		binary.LittleEndian.PutUint16(broken[32+40+4:], size)
		if size == 40 {
			broken = list
		}
		b.file(20, 1, "f", resident(attrList, "", broken), resident(attrData, "", []byte("content")))
		for i, name := range []string{"first", "odd", "last"} {
			b.extension(30+i, 1, recordInUse, 20|1<<48, resident(attrData, name, []byte(name)))
		}
		n, err := b.open(t).Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range n.Streams {
			if s.Name != "" {
				names = append(names, s.Name)
			}
			if _, err := n.Open(s.Name); (err != nil) != (s.Name == unnamed) {
				t.Errorf("size %d, stream %q: %v", size, s.Name, err)
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("an entry of %d bytes: streams %q, want %q", size, got, want)
		}
	}
}

// Every file has content, of no bytes perhaps, but for a few of the system's.
func TestFilesWithoutContent(t *testing.T) {
	b := newBuilder()
	b.file(20, 1, "lost")
	b.file(21, 1, "index", resident(attrIndexRoot, "$SDH", rootEntries(21, 1)))
	b.record(22, 1, recordInUse, resident(attrFileName, "", fnBytes(recordExtend, 11, "$UsnJrnl", 0)), resident(attrData, "$J", nil))
	b.file(23, 1, "stream", resident(attrData, "s", nil))
	f := b.open(t)
	for record, want := range map[uint64]error{20: ErrDamaged, 21: fs.ErrNotExist, 22: fs.ErrNotExist, 23: ErrDamaged} {
		n, err := f.Node(Ref{Record: record})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Open(""); !errors.Is(err, want) {
			t.Errorf("record %d: %v, want %v", record, err, want)
		}
	}
}

// A stream that is not sparse can't be larger than its volume. What its runs
// hold is read, and not the terabytes of zeros that it claims to be.
func TestAStreamLargerThanItsVolume(t *testing.T) {
	b := newBuilder()
	huge := nonResident(attrData, "", []byte{0x11, 2, 50, 0x31, 1, 0xFF, 0xFF, 0x7F, 0x01, 0x20}, 2*tCluster+1<<45, 0)
	binary.LittleEndian.PutUint64(huge[56:], tCluster) // initialized
	b.file(20, 1, "huge", huge)
	sparse := bytes.Clone(huge)
	sparse[13] = attrSparse >> 8
	b.file(21, 1, "sparse", sparse)
	f := b.open(t)
	for record, want := range map[uint64][2]int64{20: {2 * tCluster, 1 << 45}, 21: {2*tCluster + 1<<45, 0}} {
		n, err := f.Node(Ref{Record: record})
		if err != nil {
			t.Fatal(err)
		}
		d, err := n.Open("")
		if err != nil || d.Size() != want[0] || d.Excess() != want[1] {
			t.Errorf("record %d: %+v, %v", record, d, err)
		}
	}
}

func TestRecordsThatAreNotWhatTheySeem(t *testing.T) {
	b := newBuilder()
	b.dir(recordRoot, 5, link{20, 9, "anew"}, link{21, 1, "gone"}, link{22, 1, "torn"}, link{23, 1, "moved"}, link{60000, 1, "far"}, link{24, 1, "ok"})
	b.file(20, 1, "anew")
	b.record(21, 1, 0)
	b.file(22, 1, "torn")
	b.disk[(tMFT+22)*tCluster+510] ^= 1
	b.file(23, 1, "another name")
	b.file(24, 1, "ok", resident(attrData, "", []byte("fine")))
	f := b.open(t)
	for _, name := range []string{"anew", "gone", "torn", "far"} {
		if _, err := f.Lookup([]string{name}); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.Lookup([]string{"moved"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("moved: %v", err)
	}
	if _, err := f.Lookup([]string{"ok"}); err != nil {
		t.Errorf("ok: %v", err)
	}
	if _, err := f.Lookup([]string{"none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
}

func TestAttributeLists(t *testing.T) {
	entry := func(kind uint32, record int, seq uint16) []byte {
		return pad8(le(kind, uint16(32), uint8(0), uint8(26), uint64(0), uint64(record)|uint64(seq)<<48, uint16(1)))
	}
	b := newBuilder()
	list := bytes.Join([][]byte{entry(attrData, 21, 1), entry(attrData, 20, 1), entry(attrData, 22, 1), entry(attrData, 23, 1), entry(attrData, 21, 1)}, nil)
	b.file(20, 1, "big", resident(attrList, "", list))
	b.extension(21, 1, recordInUse, 20|1<<48, resident(attrData, "x", []byte("in another record")), resident(attrList, "", list))
	b.extension(22, 1, recordInUse, 33|1<<48, resident(attrData, "foreign", nil)) // another file's
	b.record(23, 1, recordInUse, resident(attrData, "", []byte("not an extension")))
	f := b.open(t)
	got, err := slurp(t, f, 20, "x")
	if err != nil || string(got) != "in another record" {
		t.Errorf("%q %v", got, err)
	}
	n, err := f.Node(Ref{Record: 20})
	if err != nil || len(n.Streams) != 1 || len(n.Problems) != 2 {
		t.Errorf("%d streams, problems %q, %v", len(n.Streams), n.Problems, err)
	}
	if _, err := n.Open(""); !errors.Is(err, ErrDamaged) {
		t.Errorf("part of the file can't be read, yet: %v", err)
	}
	if _, err := f.Node(Ref{Record: 21}); err == nil {
		t.Error("an extension was taken for a file")
	}
}

// A damaged record of another file gives its attributes to none.
func TestADamagedForeignRecord(t *testing.T) {
	list := pad8(le(uint32(attrData), uint16(32), uint8(0), uint8(26), uint64(0), uint64(21)|1<<48, uint16(1)))
	torn := resident(attrSecurity, "", make([]byte, 40))
	binary.LittleEndian.PutUint32(torn[16:], 4000)
	b := newBuilder()
	b.file(20, 1, "f", resident(attrList, "", list))
	b.extension(21, 1, recordInUse, 33|1<<48, resident(attrData, "", []byte("of another")), torn)
	if got, err := slurp(t, b.open(t), 20, ""); !errors.Is(err, ErrDamaged) {
		t.Errorf("%q %v", got, err)
	}
}

// A stream whose record is damaged is still known by the attribute list: it is
// a loss that can be told, not a stream that never was.
func TestStreamsThatOnlyTheListKnows(t *testing.T) {
	entry := func(record int, name string) []byte {
		return pad8(le(uint32(attrData), uint16(len(pad8(make([]byte, 26+2*len(name))))), uint8(len(name)), uint8(26), uint64(0), uint64(record)|1<<48, uint16(1), wide(name)))
	}
	b := newBuilder()
	list := bytes.Join([][]byte{entry(20, ""), entry(21, "torn"), entry(22, "absent"), entry(22, "tail"), entry(22, "here"), entry(21, "torn")}, nil)
	b.file(20, 1, "f", resident(attrList, "", list), resident(attrData, "", []byte("content")))
	b.extension(21, 1, recordInUse, 20|1<<48, resident(attrData, "torn", []byte("x")))
	b.disk[(tMFT+21)*tCluster+510] ^= 1
	b.extension(22, 1, recordInUse, 20|1<<48, resident(attrData, "here", []byte("y")), nonResident(attrData, "tail", []byte{0x11, 1, 50}, 0, 5))
	n, err := b.open(t).Node(Ref{Record: 20})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range n.Streams {
		names = append(names, s.Name)
		_, err := n.Open(s.Name)
		if readable := s.Name == "" || s.Name == "here"; readable != (err == nil) || !readable && !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", s.Name, err)
		}
	}
	if got := strings.Join(names, " "); got != " here torn absent tail" {
		t.Errorf("streams %q", got)
	}
}

func TestHostileNames(t *testing.T) {
	b := newBuilder()
	odd := []string{"..", ".", "a/b", "x\x00y", "CON", "a:b"}
	var links []link
	for i, name := range odd {
		links = append(links, link{20 + i, 1, name})
		b.file(20+i, 1, name)
	}
	b.dir(recordRoot, 5, links...)
	f := b.open(t)
	root, err := f.Node(Ref{Record: recordRoot})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err = f.ReadDir(root, func(e DirEntry) bool {
		if strings.ContainsAny(e.Name, "/\x00") || e.Name == "." || e.Name == ".." || seen[e.Name] {
			t.Errorf("name %q", e.Name)
		}
		seen[e.Name] = true
		if n, err := f.Lookup([]string{e.Name}); err != nil || n.Ref != e.Ref {
			t.Errorf("%q can't be found: %v", e.Name, err)
		}
		return true
	})
	if err != nil || len(seen) != len(odd) {
		t.Errorf("%d names, %v", len(seen), err)
	}
}

func TestNamesKeepTheirUnits(t *testing.T) {
	for _, u := range [][]uint16{{'a'}, {0xD800}, {0xDC00, 0xD800}, {0xD83D, 0xDDDD}, {0xD83D, 'x', 0xDC00}, {0xFFFF, 0xFEFF}, {}} {
		s := decode(le(u))
		back, ok := units(s)
		if !ok || fmt.Sprint(back) != fmt.Sprint(u) {
			t.Errorf("%x: %q, back %x", u, s, back)
		}
	}
	for _, s := range []string{"\xff", "\xed\xa0", "\xc0\x80", "a\x80"} {
		if _, ok := units(s); ok {
			t.Errorf("%q has units", s)
		}
	}
}

func TestFileTimes(t *testing.T) {
	for v, want := range map[uint64]time.Time{
		0: {}, 1 << 63: {}, 116444736000000000: time.Unix(0, 0).UTC(), 1: time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC),
		130305402481234567:      time.Date(2013, 12, 3, 10, 30, 48, 123456700, time.UTC),
		2650467744000000000 - 1: time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC),
	} {
		if got := fileTime(v); !got.Equal(want) {
			t.Errorf("%d: %v, want %v", v, got, want)
		}
	}
}

func TestReparsePoints(t *testing.T) {
	b := le(uint32(TagSymlink), uint32(0), uint16(0), uint16(4), uint16(4), uint16(2), uint32(1), wide("abc"))
	if r := parseReparse(b); r.Target != "ab" || r.Print != "c" || !r.Link() {
		t.Errorf("%+v", r)
	}
	for i := range b {
		parseReparse(b[:i]) // no panic
	}
	if r := parseReparse(le(uint32(0x9000601A), uint32(0))); !r.Cloud() || r.Link() {
		t.Errorf("%+v", r)
	}
}

func TestSIDs(t *testing.T) {
	b := le(make([]byte, 20), []byte{1, 2, 0, 0, 0, 0, 0, 5}, uint32(32), uint32(544))
	if got := sid(b, 20); got != "S-1-5-32-544" {
		t.Error(got)
	}
	for i := range b {
		if got := sid(b[:i], 20); got != "" {
			t.Errorf("cut at %d: %q", i, got)
		}
	}
}
