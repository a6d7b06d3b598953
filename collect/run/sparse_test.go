package run

import (
	"context"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// zeroes is content without an end.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }
func (zeroes) Finish() evidence.Finish    { return evidence.Finish{} }
func (zeroes) Close() error               { return nil }

func sized(path string, n, allocated int64) evidence.Item {
	r := evidence.Record{Source: "live", Method: "os", Stat: evidence.Stat{Type: evidence.TypeFile, StatLen: n, Alloc: allocated}}
	r.SetPath(path)
	return evidence.Item{Record: r, Open: func(context.Context) (evidence.Content, error) { return zeroes{}, nil }}
}

// TestSparse: holes that cost an attacker nothing are bounded over all files, and
// those that ordinary files have don't count.
func TestSparse(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what is allocated is known on Linux only")
	}
	g := newGovernor(t.Context(), Budget{MaxSparse: 200 << 30})
	for i, c := range []struct {
		size, allocated int64
		want            string
	}{
		{100 << 30, 0, ""},
		{60 << 30, 0, ""},          // not so many that they count
		{500 << 30, 440 << 30, ""}, // as a compressing file system has them
		{101 << 30, 0, "budget max-sparse: 108447924224 of the file's 108447924224 bytes are holes"},
		{math.MaxInt64, 0, "budget max-sparse"},
		{math.MaxInt64, 4096, "budget max-sparse"},
		{100 << 30, 4096, ""},
		{65 << 30, 0, "budget max-sparse"},
		{1 << 20, 2 << 20, ""},
	} {
		it := sized("/f", c.size, c.allocated)
		g.admit(&it)
		if !strings.HasPrefix(it.Record.Reason, c.want) || (it.Open == nil) != (c.want != "") {
			t.Errorf("file %d: %q, want %q", i, it.Record.Reason, c.want)
		}
		if c.want != "" && !isGap(it.Record, false) {
			t.Errorf("file %d: %q is no gap", i, it.Record.Reason)
		}
	}
	inImage := sized("/f", math.MaxInt64, 4096)
	inImage.Record.Method = "ntfs"
	if g.admit(&inImage); inImage.Open != nil {
		t.Error("the holes of a file in an image don't count")
	}
	// One that grew into the blue between the two looks at it.
	it := sized("/g", 10, 4096)
	g.admit(&it)
	c, err := it.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := c.(*watched)
	w.off = 10 + sparseFrom
	if _, err := w.Read(make([]byte, 9)); err != nil {
		t.Error(err)
	}
	if _, err := w.Read(make([]byte, 9)); err == nil || !strings.HasPrefix(err.Error(), "budget max-sparse: the file grew") {
		t.Error(err)
	}
}

// TestFewHolesInManyFiles: each file has fewer holes than count by themselves, and
// there is no end of them.
func TestFewHolesInManyFiles(t *testing.T) {
	for _, most := range []int64{200 << 30, math.MaxInt64, 0} {
		g := newGovernor(t.Context(), Budget{MaxSparse: most})
		for i := range 30 {
			it := sized("/f", 60<<30, 0)
			it.Record.Method = "ntfs"
			g.admit(&it)
			if cut := most == 200<<30 && i >= 26; strings.HasPrefix(it.Record.Reason, "budget max-sparse: ") != cut || (it.Open == nil) != cut {
				t.Errorf("of %d: file %d: %q", most, i, it.Record.Reason)
			}
		}
	}
}

// TestTotalOfAll: a file whose size and what was taken come to more than any
// number does not slip through the total.
func TestTotalOfAll(t *testing.T) {
	g := newGovernor(t.Context(), Budget{MaxTotal: 1000})
	for i, c := range []struct {
		size int64
		want string
	}{{10, ""}, {math.MaxInt64, "budget max-total"}, {math.MaxInt64 - 5, "budget max-total"}, {990, ""}, {1, "budget max-total"}} {
		it := sized("/f", c.size, c.size)
		g.admit(&it)
		if !strings.HasPrefix(it.Record.Reason, c.want) || (it.Open == nil) != (c.want != "") {
			t.Errorf("file %d: %q, want %q", i, it.Record.Reason, c.want)
		}
	}
	e := &counter{}
	for range 3 {
		if err := e.Add(t.Context(), sized("/f", math.MaxInt64, math.MaxInt64)); err != nil {
			t.Fatal(err)
		}
	}
	if e.est.Bytes != math.MaxInt64 || e.est.Files != 3 {
		t.Errorf("estimate: %+v", e.est)
	}
}
