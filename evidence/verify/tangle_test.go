package verify_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// tangle is a bundle of items in parts, all over its segments and between others.
func tangle(rnd *rand.Rand) (segments [][]told, end seal.End) {
	type open struct {
		first uint64
		next  int
		whole string
	}
	var items []*open
	seq, done, size := uint64(0), uint64(0), int64(0)
	emit := func(n int, x told) {
		of := x.r.Seq
		if x.r.Part != nil {
			of = x.r.Part.Item
		}
		x.r.SetPath(fmt.Sprintf("/f%d", of))
		size += x.r.Size
		segments[n] = append(segments[n], x)
	}
	const count = 12
	for n := range count {
		segments = append(segments, nil)
		for range 1 + rnd.IntN(12) {
			seq++
			content := strings.Repeat(fmt.Sprint(seq, ","), 1+rnd.IntN(1+rnd.IntN(20_000)))
			switch k := rnd.IntN(3); {
			case k == 0:
				it := &open{first: seq, next: 2, whole: content}
				items = append(items, it)
				emit(n, part(seq, seq, 1, 0, content, ""))
			case k == 1 && len(items) > 0:
				it := items[rnd.IntN(len(items))]
				emit(n, part(seq, it.first, it.next, int64(len(it.whole)), content, ""))
				it.next, it.whole = it.next+1, it.whole+content
			default:
				emit(n, record(seq, content))
				done++
			}
		}
	}
	for _, it := range items {
		seq++
		emit(count-1, last(part(seq, it.first, it.next, int64(len(it.whole)), "end", ""), it.whole+"end"))
		done++
	}
	return segments, ended(done, size, count)
}

// spoil tells one lie, and returns what it is about.
func spoil(rnd *rand.Rand, segments [][]told) string {
	for {
		s := segments[rnd.IntN(len(segments))]
		x := &s[rnd.IntN(len(s))]
		switch k := rnd.IntN(9); {
		case k == 0:
			x.r.SHA256 = hexOf("another")
			return "digest"
		case k == 1:
			x.r.Salt = ""
			return "salt"
		case k == 2 && x.r.Size > 0:
			x.r.Size++
			return "size"
		case x.r.Part == nil:
		case k == 3:
			x.r.Part.Number++
			return "number"
		case k == 4:
			if x.r.Part.Number = 1; x.r.Part.Item != x.r.Seq {
				return "first"
			}
		case k == 5:
			x.r.Part.Offset++
			return "offset"
		case k == 6 && x.r.Part.Last:
			x.r.Part.WholeSHA256 = hexOf("another")
			return "whole"
		case k == 7:
			x.r.Part.Item += 3
			return "item"
		case k == 8 && x.r.Part.Last:
			x.r.Part = &evidence.Part{Item: x.r.Part.Item, Number: x.r.Part.Number, Offset: x.r.Part.Offset}
			return "last"
		}
	}
}

// TestTangle: however many workers there are, and whoever of them is first, the
// same is said of a bundle; and a check that is cancelled ends.
func TestTangle(t *testing.T) {
	m := bundletest.New(t)
	for seed := uint64(24); seed < 36; seed++ {
		rnd := rand.New(rand.NewPCG(seed, 1))
		segments, end := tangle(rnd)
		lies := ""
		for range seed % 4 {
			lies += spoil(rnd, segments) + " "
		}
		dir := lie(t, m, end, segments...)
		want := problems(inTime(t, m, dir, 1))
		if (want == "") != (lies == "") {
			t.Fatalf("seed %d, lies %q: problems %q", seed, lies, want)
		}
		for _, workers := range []int{2, 16, 16} {
			if got := problems(inTime(t, m, dir, workers)); got != want {
				t.Errorf("seed %d, lies %q, %d workers:\n%s\nwant\n%s", seed, lies, workers, got, want)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(8))*time.Millisecond)
		if _, err := verify.Bundle(ctx, m.Open(dir), verify.Options{Workers: 16}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		cancel()
	}
}

// What is wrong with the size of a part is said in the same words whether or not
// its turn had come: with one worker it has.
func TestSizeOfPartInTurn(t *testing.T) {
	m := bundletest.New(t)
	second := part(2, 1, 2, 3, "def", "abcdef")
	second.r.Size++
	dir := lie(t, m, ended(1, 7, 2), []told{part(1, 1, 1, 0, "abc", "")}, []told{second})
	if got := problems(m.Verify(dir, verify.Options{Workers: 1})); !strings.Contains(got, "its frames hold 3 bytes; the record says 4") {
		t.Error(got)
	}
}
