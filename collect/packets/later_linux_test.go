package packets

import (
	"fmt"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// more makes n pairs of interfaces, w0 and x0 and so on, that are up.
func more(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		w, x := fmt.Sprint("w", i), fmt.Sprint("x", i)
		ipRun(t, "link add "+w+" type veth peer name "+x, "link set "+w+" up", "link set "+x+" up")
	}
}

// TestInterfacesThatComeLater: a capture of all that began with two takes up
// several more, and says so where they are too many.
func TestInterfacesThatComeLater(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	for _, c := range []struct {
		pairs   int
		outcome evidence.Outcome
	}{{4, evidence.Collected}, {maxRings / 2, evidence.Partial}} {
		sink := &sinktest.Sink{}
		run(t, sink, "any:all", 0, func() {
			more(t, c.pairs)
			time.Sleep(rescan + 500*time.Millisecond)
			for i := range 4 {
				sender(t, fmt.Sprint("w", i))(frameOf(i, 100))
			}
			time.Sleep(100 * time.Millisecond)
		})
		got := one(t, sink, "/packets/any.pcapng").Record
		if got.Outcome != c.outcome {
			t.Errorf("%d pairs: %s %q %v", c.pairs, got.Outcome, got.Error, got.Details)
		}
		for i := range c.pairs {
			ipRun(t, fmt.Sprint("link del w", i))
			if n := got.Details[fmt.Sprint("written_x", i)]; c.outcome == evidence.Collected && n != "1" {
				t.Errorf("x%d: %q packets, details %v", i, n, got.Details)
			}
		}
	}
}

// TestInterfaceThatComesAgain: one that was named is taken up again.
func TestInterfaceThatComesAgain(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip") {
		return
	}
	pair(t)
	sink := &sinktest.Sink{}
	run(t, sink, "v1", 0, func() {
		sender(t, "v0")(frameOf(1, 100))
		time.Sleep(100 * time.Millisecond)
		ipRun(t, "link del v1")
		time.Sleep(rescan + 200*time.Millisecond)
		pair(t)
		time.Sleep(rescan + 200*time.Millisecond)
		sender(t, "v0")(frameOf(2, 100))
	})
	got := one(t, sink, "/packets/v1.pcapng")
	if p, _ := read(t, got.Bytes); len(p) != 2 || got.Record.Details["written_v1"] != "2" || got.Record.Outcome != evidence.Collected {
		t.Errorf("%d packets, %s, details %v", len(p), got.Record.Outcome, got.Record.Details)
	}
}
