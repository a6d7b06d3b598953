package ntfs

import (
	"bytes"
	"testing"
	"unsafe"
)

// TestRunsTakeLittleMemory: runs that go on are one, and room is made once for as
// many as there are: a hostile file may have a million.
func TestRunsTakeLittleMemory(t *testing.T) {
	if n := unsafe.Sizeof(run{}); n > 24 {
		t.Errorf("%d bytes a run", n)
	}
	odd := bytes.Repeat([]byte{0x11, 1, 1, 0x01, 1}, 100) // a cluster, a hole, …
	for name, c := range map[string]struct {
		pairs []byte
		size  int64
		want  []run
		n     int
	}{
		"holes":   {bytes.Repeat([]byte{0x01, 1}, 200), 200, []run{{0, 200, lcnHole}}, 1},
		"places":  {[]byte{0x11, 2, 100, 0x11, 3, 2, 0x11, 1, 4, 0x11, 1, 1}, 7, []run{{0, 5, 100}, {5, 2, 106}}, 2},
		"outside": {[]byte{0x21, 1, 0xFF, 0x7F, 0x11, 1, 0, 0x11, 1, 1}, 5, []run{{0, 5, lcnMissing}}, 1},
		"unlike":  {odd, 200, []run{{0, 1, 1}, {1, 1, lcnHole}, {2, 1, 2}}, 200},
	} {
		b := newBuilder()
		b.file(20, 1, "f", nonResident(attrData, "", c.pairs, c.size*tCluster, 0))
		f := b.open(t)
		n, err := f.Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		d, err := n.Open("")
		if err != nil || len(d.runs) != c.n || cap(d.runs) > len(c.pairs)/2+3 {
			t.Errorf("%s: %d runs, room for %d, %v", name, len(d.runs), cap(d.runs), err)
			continue
		}
		for i, r := range c.want {
			if d.runs[i] != r {
				t.Errorf("%s: run %d: %+v, want %+v", name, i, d.runs[i], r)
			}
		}
	}
	if n := pairs([]byte{0x31, 1}); n != 1 {
		t.Errorf("%d pairs where one is cut", n)
	}
}
