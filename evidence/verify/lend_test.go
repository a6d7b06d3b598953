package verify

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// TestLend: items go to whoever takes them once they are worth it, and are checked
// where they are else; what was wrong is reported in the order of records, once
// all is done.
func TestLend(t *testing.T) {
	v := &verification{r: &Report{}, lent: make(chan *loan, 1)} // has room for one: somebody takes it
	d, err := newDigester()
	if err != nil {
		t.Fatal(err)
	}
	defer d.dec.Close()
	l := loans{v: v, where: "segments/000001"}
	wrong := func(seq uint64) brief { return brief{Seq: seq, Path: "/empty", SHA256: "no digest"} }
	l.check(wrong(1), d)
	if len(v.lent) != 0 {
		t.Fatal("a small item is lent alone")
	}
	l.check(brief{Seq: 2, Path: "/large", Size: lendFrom}, d)
	if len(v.lent) != 1 {
		t.Fatal("a large item is not lent")
	}
	for seq := range lendFrom / recordCost { // as many small ones, which nobody takes
		l.check(wrong(3+uint64(seq)), d)
	}
	if len(l.next) != 0 || len(v.r.Problems) != 0 {
		t.Fatalf("%d items wait, %v", len(l.next), v.r.Problems)
	}
	l.check(brief{Seq: 100, Path: "/sound"}, d)
	defer close(v.lent)
	go func() {
		for x := range v.lent {
			time.Sleep(20 * time.Millisecond)
			for i, r := range x.items {
				if r.Path != "/sound" {
					x.errs[i] = errors.New("found by the other")
				}
			}
			x.done.Done()
		}
	}()
	l.settle(d)
	const want = 2 + lendFrom/recordCost
	for i, p := range v.r.Problems {
		by := "found by the other"
		if i >= 2 {
			by = "SHA-256 of its content"
		}
		if got := p.String(); !strings.Contains(got, fmt.Sprintf("record %d, ", i+1)) || !strings.Contains(got, by) {
			t.Errorf("problem %d is %q", i, got)
		}
	}
	if l.settle(d); len(v.r.Problems) != want {
		t.Errorf("%d problems, want %d", len(v.r.Problems), want)
	}
}

// TestLendOfAnySize: the largest size that a record can state is worth it, too.
func TestLendOfAnySize(t *testing.T) {
	v := &verification{lent: make(chan *loan, 1)}
	l := loans{v: v}
	l.check(brief{Seq: 1, Size: math.MaxInt64}, nil)
	if len(v.lent) != 1 {
		t.Error("is kept back")
	}
}
