package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestNotesAreInTheSummary: whoever asked for what this source can't give reads
// it at the end, and need not look into the ledger for it.
func TestNotesAreInTheSummary(t *testing.T) {
	src := tree(t, map[string]int{"etc/passwd": 0}).(*sourcetest.Dir)
	src.In.Live = false
	sink := &sinktest.Sink{}
	talks := &fake{name: "hozen.talks", stage: collect.Settled, f: func(_ context.Context, _ collect.Source, s evidence.Sink) error {
		for i := range 2 * maxNotes {
			collect.LedgerOf(s).Report(collect.Line{Kind: collect.LineNote, Reason: fmt.Sprint("note ", i)})
		}
		return nil
	}}
	off := &fake{name: "hozen.off", needs: collect.Needs{Live: true}, stage: collect.Volatile}
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Builtins: []collect.Artifact{off, talks}, Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Notes) != maxNotes || sum.Gaps != 0 ||
		!slices.ContainsFunc(sum.Notes, func(n string) bool { return strings.Contains(n, "hozen.off") && strings.Contains(n, "live host") }) {
		t.Errorf("%d gaps, notes %q", sum.Gaps, sum.Notes)
	}
	n := 0
	for _, l := range ledger(t, sink) {
		if l.Kind == collect.LineNote {
			n++
		}
	}
	if n != 2*maxNotes+1 {
		t.Errorf("the ledger has %d notes", n)
	}
}

// TestHomesAreToldOfWhereTheyMatter: a tree without accounts is worth a note
// where definitions look for users, and none where a path was named.
func TestHomesAreToldOfWhereTheyMatter(t *testing.T) {
	src := tree(t, map[string]int{"f": 1})
	for _, c := range []struct {
		plan Plan
		want int
	}{{Plan{Paths: []string{"/f"}}, 0}, {Plan{Definitions: []*artifacts.Definition{define("D", "/f")}}, 1}} {
		c.plan.Sources, c.plan.Sink = []collect.Source{src}, &sinktest.Sink{}
		sum, err := Run(context.Background(), c.plan)
		if err != nil || len(sum.Notes) != c.want {
			t.Errorf("%v, notes %q, want %d", err, sum.Notes, c.want)
		}
	}
}
