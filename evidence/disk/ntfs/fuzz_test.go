package ntfs

import (
	"bytes"
	"io"
	"testing"
)

// FuzzRecord puts one hostile record, with what its streams point to, into a
// volume that is sound otherwise, and reads all that can be read of it.
func FuzzRecord(f *testing.F) {
	b := newBuilder()
	b.dir(20, 1, link{20, 1, "self"}, link{21, 1, "x"})
	f.Add(bytes.Clone(b.disk[(tMFT+20)*tCluster:(tMFT+21)*tCluster]), []byte("INDX"))
	b.file(20, 1, "f", resident(attrData, "", []byte("x")), nonResident(attrData, "s", []byte{0x11, 4, 80, 0x01, 12}, 16*tCluster, 0))
	f.Add(bytes.Clone(b.disk[(tMFT+20)*tCluster:(tMFT+21)*tCluster]), []byte{0x03, 0xB0, 0x02, 'a', 'b', 'c', 0, 0x30})
	var v *FS
	f.Fuzz(func(t *testing.T, rec, data []byte) {
		// One volume for all runs: opening one costs more than reading a record.
		if v == nil {
			b = newBuilder()
			v = b.open(t)
		}
		clear(b.disk[(tMFT+20)*tCluster : (tMFT+21)*tCluster])
		clear(b.disk[80*tCluster:])
		v.ctx.Purge()
		v.dirs = newDirCache()
		v.spread.Store(nil)
		copy(b.disk[(tMFT+20)*tCluster:(tMFT+21)*tCluster], rec)
		if len(rec) >= 1024 { // keep the fix-ups, so that more than they are tried
			r := b.disk[(tMFT+20)*tCluster:]
			copy(r[4:8], []byte{48, 0, 3, 0})
			copy(r[48:50], []byte{7, 7})
			r[510], r[511], r[1022], r[1023] = 7, 7, 7, 7
		}
		copy(b.disk[80*tCluster:], data)
		n, err := v.Node(Ref{Record: 20})
		if err != nil {
			return
		}
		for _, s := range n.Streams {
			d, err := n.Open(s.Name)
			if err != nil {
				continue
			}
			io.Copy(io.Discard, io.NewSectionReader(d, 0, min(d.Size(), 1<<20)))
			d.NextData(0)
			d.NextData(d.Size() / 2)
		}
		names := 0
		v.ReadDir(n, func(e DirEntry) bool { names++; return names < 10_000 })
		v.Owner(n)
		v.Lookup([]string{"dir", "self"})
	})
}

// FuzzNames checks that no two names become one.
func FuzzNames(f *testing.F) {
	f.Add([]byte("a\x00/\x00"))
	f.Add([]byte{0x00, 0xD8, 0x00, 0xDC, 0x00, 0xD8})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:len(b)&^1]
		s := decode(b)
		u, ok := units(s)
		if !ok || !bytes.Equal(le(u), b) {
			t.Fatalf("%x became %q and %x", b, s, u)
		}
		if c := component(s); bytes.ContainsAny([]byte(c), "/\x00") || c == "" || c == "." || c == ".." {
			t.Fatalf("component %q", c)
		}
	})
}
