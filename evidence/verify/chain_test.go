package verify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// last makes of a part the last one of an item with the given content.
func last(p told, whole string) told {
	p.r.Part.Last, p.r.Part.WholeSize, p.r.Part.WholeSHA256 = true, int64(len(whole)), hexOf(whole)
	return p
}

// busy is what a worker has to do before it comes to the parts of a segment.
func busy(from uint64, n int) (out []told, size int64) {
	for i := range n {
		x := record(from+uint64(i), strings.Repeat(fmt.Sprint(i, " "), 20_000))
		x.r.SetPath(fmt.Sprintf("/busy%d", from+uint64(i)))
		out, size = append(out, x), size+x.r.Size
	}
	return out, size
}

// inTime verifies, and fails where that does not end.
func inTime(t *testing.T, m *bundletest.Maker, dir string, workers int) *verify.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r, err := verify.Bundle(ctx, m.Open(dir), verify.Options{Workers: workers})
	if err != nil {
		t.Fatalf("%d workers: %v", workers, err)
	}
	return r
}

// A part that stands elsewhere than in its turn is a lie, however many workers
// there are and whichever of them comes first.
func TestPartsAstray(t *testing.T) {
	m := bundletest.New(t)
	zeros := strings.Repeat("\x00", 1<<20)
	before, size := busy(2, 20)
	for name, dir := range map[string]string{
		"part 3 before part 2": lie(t, m, ended(21, size+9, 3), []told{part(1, 1, 1, 0, "abc", "")},
			append(before, last(part(22, 1, 3, 6, "ghi", ""), "abcdefghi")), []told{part(23, 1, 2, 3, "def", "")}),
		"part 2 twice": lie(t, m, ended(1, 4+2<<20, 4), []told{part(1, 1, 1, 0, "a", "")}, []told{part(2, 1, 2, 1, zeros, "")},
			[]told{part(3, 1, 2, 1, zeros, "")}, []told{last(part(4, 1, 3, 1+2<<20, "ghi", ""), "a"+zeros+zeros+"ghi")}),
		"in one segment": lie(t, m, ended(1, 9, 1), []told{part(1, 1, 1, 0, "abc", ""), last(part(2, 1, 3, 6, "ghi", ""), "abcdefghi"), part(3, 1, 2, 3, "def", "")}),
	} {
		for _, workers := range []int{1, 2, 3, 16, 16, 16, 16} {
			r := inTime(t, m, dir, workers)
			if got := problems(r); !strings.Contains(got, "does not follow the one before") || strings.Contains(got, "last part is missing") {
				t.Errorf("%s, %d workers: %q", name, workers, got)
			}
		}
	}
}

// One fault is told once: the parts behind it follow one another.
func TestPartsBehindOneAstray(t *testing.T) {
	m := bundletest.New(t)
	var segments [][]told
	for n := range 20 {
		number := n + 1
		if n >= 10 {
			number++ // one is left out
		}
		segments = append(segments, []told{part(uint64(n+1), 1, number, int64(3*n), "abc", "")})
	}
	segments[19][0] = last(segments[19][0], strings.Repeat("abc", 20))
	for _, workers := range []int{1, 16} {
		r := inTime(t, m, lie(t, m, ended(1, 60, 20), segments...), workers)
		if got := problems(r); len(r.Problems) != 1 || !strings.Contains(got, "part 12 of item 1 does not follow") {
			t.Errorf("%d workers: %q", workers, got)
		}
	}
}

// Of a segment that could not be opened nobody knows what lies in it: what is
// missing elsewhere is not held against others, and nobody waits for it.
func TestPartsAroundGaps(t *testing.T) {
	m := bundletest.New(t)
	sound := func() string {
		return lie(t, m, ended(1, 12, 4), []told{part(1, 1, 1, 0, "abc", "")}, []told{part(2, 1, 2, 3, "def", "")},
			[]told{part(3, 1, 3, 6, "ghi", "")}, []told{last(part(4, 1, 4, 9, "jkl", ""), "abcdefghijkl")})
	}
	for _, workers := range []int{1, 2, 16} {
		if r := inTime(t, m, sound(), workers); !r.OK() || r.Bytes != 12 {
			t.Errorf("%d workers, nothing wrong: %q", workers, problems(r))
		}
		for _, n := range []string{"1", "2", "4"} {
			flipped := tampered(t, sound(), func(d string) { flip(t, glob(t, d, "segments/00000"+n+".*"), 40) })
			r := inTime(t, m, flipped, workers)
			if len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Where, "segments/00000"+n) || status(r, "segments") != verify.Failed || status(r, "items") != verify.Failed {
				t.Errorf("%d workers, segment %s flipped: %q, %v", workers, n, problems(r), r.Checks)
			}
		}
		unknown := resealed(t, m, sound(), func(n int, leaf string) string {
			if n == 2 {
				return strings.Replace(leaf, `"number":2`, `"number":7`, 1)
			}
			return leaf
		})
		if got := problems(inTime(t, m, unknown, workers)); !strings.Contains(got, "leaf is numbered 7") || strings.Contains(got, "part") {
			t.Errorf("%d workers, a leaf that is none: %q", workers, got)
		}
		wrong := sound()
		objects, err := bundle.DirObjects(wrong)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundle.Open(context.Background(), failing{Objects: objects, part: "segments/000003"})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if r, err := verify.Bundle(context.Background(), b, verify.Options{Workers: workers}); !errors.Is(err, errDisk) || len(r.Problems) > 0 {
			t.Errorf("%d workers, segment 3 unreadable: %v, %q", workers, err, problems(r))
		}
	}
}

// A whole that is not what it is said to be is wrong, even where a segment that
// has nothing to do with it can't be read.
func TestWrongWholeBesideGap(t *testing.T) {
	m := bundletest.New(t)
	dir := lie(t, m, ended(2, 9, 3), []told{part(1, 1, 1, 0, "abc", "")}, []told{last(part(2, 1, 2, 3, "def", ""), "another")}, []told{record(3, "xyz")})
	objects, err := bundle.DirObjects(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		b, err := bundle.Open(context.Background(), failing{Objects: objects, part: "segments/000003"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := verify.Bundle(context.Background(), b, verify.Options{Workers: 3})
		if err != nil || !strings.Contains(problems(r), "holds 6 bytes; the record says 7") {
			t.Fatalf("%v, %q", err, problems(r))
		}
	}
	objects.Close()
}

// slow gives one object no sooner than somebody gives up.
type slow struct {
	bundle.Objects
	part   string
	cancel context.CancelFunc
}

func (s slow) Open(ctx context.Context, name string) (bundle.Object, error) {
	o, err := s.Objects.Open(ctx, name)
	if err == nil && strings.Contains(name, s.part) {
		time.Sleep(100 * time.Millisecond) // the others wait for their turn
		s.cancel()
	}
	return o, err
}

// Whoever interrupts a check gets no verdict: neither "altered" of a part that
// waited for another, nor "sound" of what was not read any more.
func TestInterrupted(t *testing.T) {
	m := bundletest.New(t)
	dir := lie(t, m, ended(1, 9, 3), []told{part(1, 1, 1, 0, "abc", "")}, []told{part(2, 1, 2, 3, "def", "")}, []told{last(part(3, 1, 3, 6, "ghi", ""), "abcdefghi")})
	for _, where := range []string{"segments/000001", "segments/000003", "README.txt"} {
		for _, workers := range []int{1, 3, 16} {
			for _, quick := range []bool{false, true} {
				objects, err := bundle.DirObjects(dir)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				b, err := bundle.Open(ctx, slow{objects, where, cancel})
				if err != nil {
					t.Fatal(err)
				}
				if r, err := verify.Bundle(ctx, b, verify.Options{Workers: workers, Quick: quick}); !errors.Is(err, context.Canceled) || len(r.Problems) > 0 {
					t.Errorf("at %s, %d workers, quick %v: %v, %q", where, workers, quick, err, problems(r))
				}
				b.Close()
				cancel()
			}
		}
	}
}

func status(r *verify.Report, check string) string {
	for _, c := range r.Checks {
		if c.Name == check {
			return c.Status
		}
	}
	return ""
}

// Each check tells of what it is about: the one that something fails, and no
// other.
func TestChecks(t *testing.T) {
	m := bundletest.New(t)
	dir := lie(t, m, ended(2, 6, 2), []told{record(1, "abc")}, []told{record(2, "def")})
	wrong := record(1, "abc")
	wrong.r.SHA256 = hexOf("another")
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		dir    string
		failed string
		most   int // problems
	}{
		"nothing":           {dir, "", 0},
		"README.txt gone":   {tampered(t, dir, func(d string) { must(os.Remove(d + "/README.txt")) }), "texts", 1},
		"segment 2 gone":    {tampered(t, dir, func(d string) { must(os.Remove(glob(t, d, "segments/000002.*"))) }), "segments items", 1},
		"segment 2 flipped": {tampered(t, dir, func(d string) { flip(t, glob(t, d, "segments/000002.*"), 40) }), "segments items", 1},
		"a stray segment":   {tampered(t, dir, func(d string) { must(os.WriteFile(d+"/segments/000009.zip", nil, 0o600)) }), "segments", 1},
		"a stray file":      {tampered(t, dir, func(d string) { must(os.WriteFile(d+"/x", nil, 0o600)) }), "seal", 1},
		"checkpoint 1 gone": {tampered(t, dir, func(d string) { must(os.Remove(d + "/seal/000001.checkpoint")) }), "seal segments items", 2},
		"a digest":          {lie(t, m, ended(1, 3, 1), []told{wrong}), "items", 1},
		"a count":           {lie(t, m, ended(7, 3, 1), []told{record(1, "abc")}), "items", 1},
	} {
		r := m.Verify(c.dir, verify.Options{})
		var failed []string
		for _, check := range r.Checks {
			if check.Status == verify.Failed {
				failed = append(failed, check.Name)
			}
		}
		if got := strings.Join(failed, " "); got != c.failed || len(r.Problems) > c.most {
			t.Errorf("%s: failed %q, want %q; %q", name, got, c.failed, problems(r))
		}
	}
}
