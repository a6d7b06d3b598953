package ntfs

import "testing"

func TestADirectoryOfSeveralNames(t *testing.T) {
	b := newBuilder()
	b.dir(recordRoot, 5, link{20, 1, "top"})
	for r := 20; r < 30; r++ {
		parent := uint64(r - 1)
		var names [][]byte
		if r == 20 {
			names = [][]byte{resident(attrFileName, "", fnBytes(recordRoot, 5, "top", flagDir))}
		} else {
			names = [][]byte{resident(attrFileName, "", fnBytes(parent, 1, "a", flagDir)), resident(attrFileName, "", fnBytes(parent, 1, "b", flagDir))}
		}
		index := resident(attrIndexRoot, "$I30", rootEntries(r, 1, link{r + 1, 1, "a"}, link{r + 1, 1, "b"}))
		b.record(r, 1, recordInUse|recordDir, append(names, index)...)
	}
	f := b.open(t)
	entered := 0
	var walk func(comps []string)
	walk = func(comps []string) {
		n, err := f.Lookup(comps)
		if err != nil || !f.Once(n) {
			return
		}
		entered++
		f.ReadDir(n, func(e DirEntry) bool { walk(append(comps[:len(comps):len(comps)], e.Name)); return true })
	}
	for range 2 { // the second walk goes the same ways
		entered = 0
		walk([]string{"top"})
		if entered != 10 {
			t.Errorf("%d directories entered, there are 10", entered)
		}
	}
	if n, err := f.Lookup([]string{"top", "B"}); err != nil || f.Once(n) || n.Via().Name != "b" {
		t.Errorf("entered by another name: %v", err)
	}
	if n, err := f.Lookup([]string{"TOP", "A"}); err != nil || !f.Once(n) {
		t.Errorf("another case is no other name: %v", err)
	}
}
