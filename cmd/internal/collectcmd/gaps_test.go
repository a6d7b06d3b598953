package collectcmd

import (
	"context"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/source/image"
)

// What an image holds and no source reads is a gap that says where it is, also
// where that is no one volume; and the ledger has it, as every gap.
func TestGapsOfAnImage(t *testing.T) {
	notes := []image.Note{{Volume: "p1", Text: "odd"}, {Volume: "p2", Text: "ext4", Unread: true}, {Text: "a broken chain", Unread: true}}
	sink := &sinktest.Sink{}
	s, err := run.Run(context.Background(), run.Plan{Sink: sink, Found: found(notes)})
	if err != nil {
		t.Fatal(err)
	}
	atVolumes(s.FirstGaps, notes)
	if s.Gaps != 2 || len(s.FirstGaps) != 2 || s.FirstGaps[0].Source != "p2" || s.FirstGaps[1].Source != "image" || s.FirstGaps[1].Path != "/" {
		t.Errorf("%+v", s)
	}
	if got := told(notes); len(got) != 1 || got[0] != "p1: odd" {
		t.Errorf("told %q", got)
	}
	if got := told(make([]image.Note, 2*notesTold)); len(got) != notesTold {
		t.Errorf("%d notes told", len(got))
	}
	ledger := string(sink.Find(collect.Own, "/ledger.jsonl")[0].Bytes)
	for _, want := range []string{`"path":"/image-notes/1/p1","outcome":"empty"`, `"path":"/image-notes/2/p2","outcome":"failed"`, `"error":"a broken chain","gap":true`, `"outcomes":{"empty":1,"failed":2},"gaps":"2"`} {
		if !strings.Contains(ledger, want) {
			t.Errorf("no %s in the ledger:\n%s", want, ledger)
		}
	}
}
