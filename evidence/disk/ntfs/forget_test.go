package ntfs

import "testing"

// TestForget: what was forgotten is read again, and is the same.
func TestForget(t *testing.T) {
	b := newBuilder()
	b.dir(recordRoot, 5, link{20, 1, "dir"})
	b.record(20, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, "dir", flagDir)), resident(attrIndexRoot, "$I30", rootEntries(20, 1, link{21, 1, "file"})))
	b.record(21, 1, recordInUse, resident(attrFileName, "", fnBytes(20, 1, "file", 0)), resident(attrData, "", []byte("bytes")))
	f := b.open(t)
	for range 3 {
		n, err := f.Lookup([]string{"dir", "file"})
		if err != nil {
			t.Fatal(err)
		}
		f.Owner(n)
		if len(f.dirs.m) != 2 || f.dirs.total != 2 || len(f.dirs.paths) == 0 || f.secure.m == nil {
			t.Errorf("%d folders with %d names, %d paths", len(f.dirs.m), f.dirs.total, len(f.dirs.paths))
		}
		f.Forget()
		if len(f.dirs.m) != 0 || f.dirs.total != 0 || f.dirs.lru.Len() != 0 || len(f.dirs.paths) != 0 || f.secure.m != nil {
			t.Errorf("%d folders with %d names, %d paths after all was forgotten", len(f.dirs.m), f.dirs.total, len(f.dirs.paths))
		}
		if d, err := n.Open(""); err != nil || d.Size() != 5 {
			t.Error(err)
		}
	}
}
