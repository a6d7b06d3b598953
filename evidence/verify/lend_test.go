package verify

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestLend: a large item goes to whoever takes it, and others are checked where
// they are; what was wrong is reported in the order of records, once all is done.
func TestLend(t *testing.T) {
	v := &verification{r: &Report{}, lent: make(chan *loan, 1)} // has room: somebody takes it
	d, err := newDigester()
	if err != nil {
		t.Fatal(err)
	}
	defer d.dec.Close()
	l := loans{v: v, where: "segments/000001"}
	wrong := func(seq uint64) brief { return brief{Seq: seq, Path: "/empty", SHA256: "no digest"} }
	l.check(wrong(1), d)
	l.check(brief{Seq: 2, Path: "/large", Size: lendFrom}, d)
	l.check(wrong(3), d)
	if len(v.lent) != 1 || len(v.r.Problems) != 0 {
		t.Fatalf("%d lent, %v", len(v.lent), v.r.Problems)
	}
	go func() {
		x := <-v.lent
		time.Sleep(20 * time.Millisecond)
		x.err = errors.New("found by the other")
		x.done.Done()
	}()
	l.settle()
	var got []string
	for _, p := range v.r.Problems {
		got = append(got, p.String())
	}
	if len(got) != 3 || !strings.Contains(got[0], "record 1,") || !strings.Contains(got[1], `record 2, "/large": found by the other`) || !strings.Contains(got[2], "record 3,") {
		t.Errorf("%q", got)
	}
	if l.settle(); len(v.r.Problems) != 3 {
		t.Errorf("reported again: %d", len(v.r.Problems))
	}
}
