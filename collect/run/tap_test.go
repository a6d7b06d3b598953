package run

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// torn gives files of which ranges could not be read, and that say nothing else.
type torn struct {
	*sourcetest.Dir
	lost []evidence.Range
	more bool
}

func (s torn) Open(ctx context.Context, p string) (evidence.Content, evidence.Stat, error) {
	c, st, err := s.Dir.Open(ctx, p)
	return tornContent{c, s}, st, err
}

type tornContent struct {
	evidence.Content
	s torn
}

func (c tornContent) Finish() evidence.Finish {
	f := c.Content.Finish()
	f.Lost, f.LostMore = c.s.lost, c.s.more
	return f
}

// TestLostRangesAreAReason: a gap says why it is one, to people and in the ledger.
func TestLostRangesAreAReason(t *testing.T) {
	two := []evidence.Range{{Offset: 4096, Length: 512, Error: "input/output error"}, {Offset: 8192, Length: 4096, Error: "another"}}
	for _, c := range []struct {
		src  torn
		want string
	}{
		{torn{lost: two}, "4608 bytes could not be read, the first at 4096: input/output error"},
		{torn{lost: two[1:], more: true}, "at most 4096 bytes could not be read, the first at 8192: another"},
	} {
		c.src.Dir = tree(t, map[string]int{"f": 20_000}).(*sourcetest.Dir)
		sink := &sinktest.Sink{}
		sum, err := Run(t.Context(), Plan{Sources: []collect.Source{c.src}, Sink: sink, Paths: []string{"/f"}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]Gap{{"test", "/f", "hozen.path", evidence.Partial, c.want}}, sum.FirstGaps); d != "" {
			t.Error(d)
		}
		for _, l := range ledger(t, sink) {
			if l.Path == "/f" && l.Reason != c.want {
				t.Errorf("ledger: %q", l.Reason)
			}
		}
	}
}
