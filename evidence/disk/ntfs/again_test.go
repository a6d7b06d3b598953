package ntfs

import (
	"fmt"
	"strings"
	"testing"
)

// The thousandth look at a file costs less than its records: a walk takes each
// stream by itself, and each folder by its whole path.
func TestWhatIsReadAgainIsRemembered(t *testing.T) {
	b := newBuilder()
	long := strings.Repeat("日", 100)
	b.dir(recordRoot, 5, link{20, 1, "spread"}, link{21, 1, long})
	var list []byte
	for r := 40; r < 60; r++ {
		list = append(list, pad8(le(uint32(attrData), uint16(32), uint8(1), uint8(26), uint64(0), uint64(r)|1<<48, uint16(1), wide(fmt.Sprint(r%10))))...)
		b.extension(r, 1, recordInUse, 20|1<<48, resident(attrData, fmt.Sprint(r), nil))
	}
	b.file(20, 1, "spread", resident(attrList, "", list), resident(attrData, "", []byte("x")))
	var deep []string // 19 folders, 5,719 bytes
	for r := 21; r < 40; r++ {
		deep = append(deep, long)
		parent := uint64(r - 1)
		seq := uint16(1)
		if r == 21 {
			parent, seq = recordRoot, 5
		}
		b.record(r, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(parent, seq, long, flagDir)),
			resident(attrIndexRoot, "$I30", rootEntries(r, 1, link{r + 1, 1, long})))
	}
	f := b.open(t)
	look := func(comps []string) *Node {
		n, err := f.Lookup(comps)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := look([]string{"spread"})
	n.problem("found by one caller")
	if m := look([]string{"SPREAD"}); len(m.Streams) < 20 || len(m.Problems) >= len(n.Problems) {
		t.Errorf("%d streams, problems %q", len(m.Streams), m.Problems)
	}
	if _, err := f.Node(Ref{20, 2}); err == nil {
		t.Error("another use of the record was found")
	}
	look(deep)
	for name, comps := range map[string][]string{"of many records": {"spread"}, "far down": deep} {
		if got := testing.AllocsPerRun(10, func() { look(comps) }); got > 60 {
			t.Errorf("a file %s costs %v allocations each time", name, got)
		}
	}
}
