package collectcmd

import (
	"testing"

	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/collect/source/image"
)

// What an image holds and no source reads is a gap that says where it is, also
// where that is no one volume.
func TestGapsOfAnImage(t *testing.T) {
	var s run.Summary
	addGaps(&s, []image.Note{{Volume: "p1", Text: "odd"}, {Volume: "p2", Text: "ext4", Unread: true}, {Text: "a broken chain", Unread: true}})
	if s.Gaps != 2 || len(s.FirstGaps) != 2 || s.FirstGaps[0].Source != "p2" || s.FirstGaps[1].Source != "image" {
		t.Errorf("%+v", s)
	}
}
