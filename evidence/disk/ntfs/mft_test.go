package ntfs

import (
	"bytes"
	"strings"
	"testing"
)

// TestAnMFTWhoseRecordsLeadOn has an MFT in many places: each segment of it is
// described in a record that only the one before leads to.
func TestAnMFTWhoseRecordsLeadOn(t *testing.T) {
	entry := func(first uint64, record int) []byte {
		return pad8(le(uint32(attrData), uint16(32), uint8(0), uint8(26), first, uint64(record)|1<<48, uint16(1)))
	}
	segment := func(first uint64, n, at byte) []byte {
		return nonResident(attrData, "", []byte{0x21, n, tMFT + at, 0}, 0, first)
	}
	b := newBuilder()
	b.dir(recordRoot, 5, link{50, 1, "file"})
	b.file(50, 1, "file")
	list := bytes.Join([][]byte{entry(0, recordMFT), entry(20, 19), entry(30, 29), entry(40, 39)}, nil)
	b.record(recordMFT, 1, recordInUse, resident(attrList, "", list), nonResident(attrData, "", []byte{0x11, 20, tMFT}, tRecords*tCluster, 0))
	b.extension(19, 1, recordInUse, recordMFT|1<<48, segment(20, 10, 20))
	b.extension(29, 1, recordInUse, recordMFT|1<<48, segment(30, 10, 30))
	b.extension(39, 1, recordInUse, recordMFT|1<<48, segment(40, tRecords-40, 40))
	f := b.open(t)
	if n := f.Info().Notes; len(n) != 1 || !strings.HasPrefix(n[0], "$Volume: ") {
		t.Errorf("notes %q", n)
	}
	if _, err := f.Lookup([]string{"file"}); err != nil {
		t.Error(err)
	}
	if got, err := slurp(t, f, recordMFT, ""); err != nil || len(got) != tRecords*tCluster {
		t.Errorf("%d bytes, %v", len(got), err)
	}

	b.disk[(tMFT+29)*tCluster] ^= 1 // which leads to the rest
	f = b.open(t)
	if n := strings.Join(f.Info().Notes, "; "); !strings.Contains(n, "MFT record 29") || !strings.Contains(n, "MFT record 39") {
		t.Errorf("notes %q", n)
	}
	if _, err := f.Lookup([]string{"file"}); err == nil {
		t.Error("a record that nothing leads to was read")
	}
}

// TestRecordsThatTheMirrorHas: the records of $LogFile and $Volume have a copy,
// which serves where they are damaged; it is told.
func TestRecordsThatTheMirrorHas(t *testing.T) {
	b := newBuilder()
	log := resident(attrData, "", []byte("log"))
	b.record(2, 2, recordInUse, resident(attrFileName, "", fnBytes(recordRoot, 5, "$LogFile", 0)), log)
	b.record(recordVolume, 3, recordInUse, resident(attrVolumeName, "", wide("Label")))
	copy(b.disk[tMirror*tCluster:], b.disk[tMFT*tCluster:(tMFT+mirrored)*tCluster])
	for name, harm := range map[string]func([]byte){
		"sound": func([]byte) {}, "zeros": func(r []byte) { clear(r) }, "torn": func(r []byte) { r[510] ^= 1 },
		"attribute": func(r []byte) { r[56+4] = 1 }, "another's": func(r []byte) { r[32] = 9 }, "deleted": func(r []byte) { r[22] = 0 },
	} {
		c := &builder{disk: bytes.Clone(b.disk)}
		for _, n := range []int{2, recordVolume} {
			harm(c.disk[(tMFT+n)*tCluster : (tMFT+n+1)*tCluster])
		}
		f := c.open(t)
		n, err := f.Node(Ref{Record: 2, Seq: 2})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := slurp(t, f, 2, ""); err != nil || string(got) != "log" || f.Info().Label != "Label" {
			t.Errorf("%s: %q, %v, label %q", name, got, err, f.Info().Label)
		}
		if told := strings.Contains(strings.Join(n.Problems, ""), "copy in the mirror was used"); told != (name != "sound") {
			t.Errorf("%s: %q", name, n.Problems)
		}
	}
	clear(b.disk[(tMFT+2)*tCluster : (tMFT+3)*tCluster])
	clear(b.disk[(tMirror+2)*tCluster : (tMirror+3)*tCluster])
	if _, err := b.open(t).Node(Ref{Record: 2}); err == nil {
		t.Error("a record without a copy was read")
	}
}
