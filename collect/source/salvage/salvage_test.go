package salvage

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/evidence"
)

var errMedium = errors.New("input/output error")

// faulty is a disk with bad ranges: a read that touches one fails, or is cut
// short before it, as pread does.
type faulty struct {
	data  []byte
	bad   [][2]int64
	short bool
	reads int
}

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	f.reads++
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	end := min(off+int64(len(p)), int64(len(f.data)))
	for _, b := range f.bad {
		if off < b[1] && end > b[0] {
			if f.short && off < b[0] {
				return copy(p, f.data[off:b[0]]), errMedium
			}
			return 0, errMedium
		}
	}
	n := copy(p, f.data[off:end])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(b)
	return b
}

func skippable(err error) bool { return errors.Is(err, errMedium) }

func readAll(t *testing.T, r io.Reader, chunk int) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	buf := make([]byte, chunk)
	for i := 0; i < 1<<22; i++ {
		n, err := r.Read(buf)
		out.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return out.Bytes(), nil
		}
		if err != nil {
			return out.Bytes(), err
		}
	}
	t.Fatal("the reader never ends")
	return nil, nil
}

func TestBadRangesBecomeZerosAndTheRestIsKept(t *testing.T) {
	for _, chunk := range []int{1, 100, 4096, 5000, 1 << 20} {
		for _, short := range []bool{false, true} {
			data := random(300_001)
			if chunk == 1 {
				data = data[:20_001]
			}
			bad := [][2]int64{{9000, 9001}, {12288, 20_000}}
			f := &faulty{data: data, bad: bad, short: short}
			r := New(f, Options{Size: int64(len(data)), Skippable: skippable})
			got, err := readAll(t, r, chunk)
			if err != nil || len(got) != len(data) {
				t.Fatalf("chunk %d: %d bytes, %v", chunk, len(got), err)
			}
			lost, more := r.Lost()
			if more || len(lost) == 0 {
				t.Fatalf("chunk %d: lost %v more %v", chunk, lost, more)
			}
			checkRanges(t, data, got, lost)
			var total int64
			for _, l := range lost {
				total += l.Length
			}
			if total > 4096+8192 {
				t.Errorf("chunk %d: %d bytes lost, at most three pieces are bad", chunk, total)
			}
		}
	}
}

// checkRanges wants zeros in lost ranges and the true bytes elsewhere.
func checkRanges(t *testing.T, data, got []byte, lost []evidence.Range) {
	t.Helper()
	want := bytes.Clone(data)
	for _, l := range lost {
		clear(want[l.Offset : l.Offset+l.Length])
		if l.Error == "" {
			t.Error("a lost range without a reason")
		}
	}
	if !bytes.Equal(want, got) {
		t.Error("bytes outside the lost ranges differ, or lost ranges are not zeros")
	}
}

// Where the source knows how far a gap reaches, nothing beside it is lost, and
// no read is wasted; and there may be no more of them than of other failures.
func TestGapsThatAreKnown(t *testing.T) {
	const page = 4096
	data := random(3000 * page)
	f := &faulty{data: data}
	for i := int64(1); i < 2990; i += 20 {
		f.bad = append(f.bad, [2]int64{i*page + 7, (i+17)*page + 9})
	}
	f.short = true
	gap := func(off int64, _ error) int64 {
		for _, b := range f.bad {
			if off >= b[0] && off < b[1] {
				return b[1]
			}
		}
		return off
	}
	r := New(f, Options{Size: int64(len(data)), Skippable: skippable, Gap: gap})
	got, err := readAll(t, r, 1<<20)
	lost, more := r.Lost()
	if err != nil || more || len(lost) != len(f.bad) || f.reads > 3*len(f.bad)+10 {
		t.Fatalf("%d ranges of %d lost after %d reads, %v", len(lost), len(f.bad), f.reads, err)
	}
	for i, l := range lost {
		if b := f.bad[i]; l.Offset != b[0] || l.Offset+l.Length != b[1] {
			t.Errorf("lost %v, bad %v", l, b)
		}
	}
	checkRanges(t, data, got, lost)

	endless := New(&faulty{data: data, bad: [][2]int64{{0, int64(len(data))}}}, Options{
		Size: int64(len(data)), Skippable: skippable, Gap: func(off int64, _ error) int64 { return off + 1 },
	})
	if _, err := readAll(t, endless, 1<<20); err != nil || endless.failures > MaxFailures {
		t.Errorf("%d failures, %v", endless.failures, err)
	}
}

func TestAFileWhereEverythingFailsEndsSoon(t *testing.T) {
	size := int64(200 << 20)
	f := &faulty{data: make([]byte, size), bad: [][2]int64{{0, size}}}
	r := New(f, Options{Size: size, Skippable: skippable})
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	lost, more := r.Lost()
	if more || len(lost) != 1 || lost[0].Length != size {
		t.Errorf("lost %v", lost)
	}
	if f.reads > 300 {
		t.Errorf("%d reads of a dead file of 200 MiB", f.reads)
	}
}

type everyOther struct{ size int64 }

func (e everyOther) ReadAt(p []byte, off int64) (int, error) {
	if off/Piece%2 == 1 || len(p) > Piece {
		return 0, errMedium
	}
	for i := range p {
		p[i] = 7
	}
	return len(p), nil
}

func TestRangesAndFailuresAreBounded(t *testing.T) {
	size := int64(64 << 20)
	r := New(everyOther{size}, Options{Size: size, Skippable: skippable})
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	lost, more := r.Lost()
	if len(lost) != MaxRanges || !more {
		t.Errorf("%d ranges, more=%v", len(lost), more)
	}
	last := lost[len(lost)-1]
	if last.Offset+last.Length != size {
		t.Errorf("the last range ends at %d, the last lost byte is at %d", last.Offset+last.Length, size)
	}
	if r.failures > MaxFailures+1 {
		t.Errorf("%d failures", r.failures)
	}
}

func TestOtherErrorsStopTheRead(t *testing.T) {
	f := &faulty{data: random(50_000), bad: [][2]int64{{8192, 50_000}}, short: true}
	r := New(f, Options{Size: 50_000, Skippable: func(error) bool { return false }})
	got, err := readAll(t, r, 4096)
	if !errors.Is(err, errMedium) || !strings.Contains(err.Error(), "offset 8192") {
		t.Errorf("error %v", err)
	}
	if !bytes.Equal(got, f.data[:8192]) {
		t.Errorf("%d good bytes before the error", len(got))
	}
}

func TestHolesAreNotRead(t *testing.T) {
	data := make([]byte, 10<<20)
	copy(data[1<<20:], random(5000))
	copy(data[9<<20:], random(4096))
	f := &faulty{data: data, bad: [][2]int64{{0, 1 << 20}, {2 << 20, 9 << 20}, {9<<20 + 4096, 10 << 20}}}
	runs := [][2]int64{{1 << 20, 1<<20 + 8192}, {9 << 20, 9<<20 + 4096}}
	next := func(off int64) (int64, int64, error) {
		for _, r := range runs {
			if off < r[1] {
				return max(off, r[0]), r[1], nil
			}
		}
		return int64(len(data)), int64(len(data)), nil
	}
	r := New(f, Options{Size: int64(len(data)), NextData: next, Skippable: skippable})
	got, err := readAll(t, r, 70_001)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("sparse content differs: %d bytes, %v", len(got), err)
	}
	if lost, _ := r.Lost(); len(lost) != 0 {
		t.Errorf("holes were read: %v", lost)
	}
}

func TestGrowthIsBounded(t *testing.T) {
	f := &faulty{data: random(100_000)}
	r := New(f, Options{Size: 1000, Max: 5000})
	got, err := readAll(t, r, 999)
	if err != nil || len(got) != 5000 || !r.Cut() {
		t.Errorf("%d bytes, cut=%v, %v", len(got), r.Cut(), err)
	}
	r = New(&faulty{data: f.data[:5000]}, Options{Size: 1000, Max: 5000})
	got, err = readAll(t, r, 999)
	if err != nil || len(got) != 5000 || r.Cut() {
		t.Errorf("an item that ends at Max: %d bytes, cut=%v, %v", len(got), r.Cut(), err)
	}
}

func TestErrorBeyondTheExpectedSizeEndsTheItem(t *testing.T) {
	f := &faulty{data: random(20_000), bad: [][2]int64{{10_000, 20_000}}, short: true}
	r := New(f, Options{Size: 10_000, Max: 20_000, Skippable: skippable})
	got, err := readAll(t, r, 3000)
	if !errors.Is(err, errMedium) || !bytes.Equal(got, f.data[:10_000]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if diff := cmp.Diff([]evidence.Range(nil), r.lost); diff != "" {
		t.Error(diff)
	}
}
