package ntfs

import (
	"bytes"
	"strings"
	"testing"
)

func TestTheMirrorServesADamagedMFT(t *testing.T) {
	b := newBuilder()
	b.dir(recordRoot, 5, link{20, 1, "file"})
	b.file(20, 1, "file")
	b.disk[tMFT*tCluster] ^= 0xFF
	f := b.open(t)
	if !strings.Contains(strings.Join(f.Info().Notes, " "), "mirror was used") {
		t.Errorf("notes %q", f.Info().Notes)
	}
	if _, err := f.Lookup([]string{"file"}); err != nil {
		t.Error(err)
	}
	b.disk[tMirror*tCluster] ^= 0xFF
	if _, err := Open(bytes.NewReader(b.disk), int64(len(b.disk))); err == nil {
		t.Error("opened without any MFT")
	}
}

func TestBootSectors(t *testing.T) {
	for name, harm := range map[string]func([]byte){
		"magic": func(d []byte) { d[3] = 'X' }, "sector": func(d []byte) { d[11], d[12] = 1, 0 }, "cluster": func(d []byte) { d[13] = 3 },
		"no sectors": func(d []byte) { clear(d[40:48]) }, "many sectors": func(d []byte) { d[47] = 0x7F },
		"record": func(d []byte) { d[64] = 0x80 }, "MFT outside": func(d []byte) { d[48], d[56], d[55], d[63] = 0xFF, 0xFF, 0x7F, 0x7F },
	} {
		b := newBuilder()
		harm(b.disk)
		if _, err := Open(bytes.NewReader(b.disk), int64(len(b.disk))); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, err := Open(bytes.NewReader(nil), 0); err == nil {
		t.Error("nothing was opened")
	}
}

// The copy of the boot sector in the last sector serves where the first is
// damaged, also where it is sound but leads to no MFT.
func TestTheCopyOfTheBootSector(t *testing.T) {
	for name, harm := range map[string]func([]byte){
		"zeros": func(d []byte) { clear(d[:512]) }, "cluster": func(d []byte) { d[13] = 3 },
		"elsewhere": func(d []byte) { d[48], d[56] = 90, 91 }, "at another record": func(d []byte) { d[48], d[56] = tMFT+1, 91 },
		"short records": func(d []byte) { d[64] = 0xF7 }, "long records": func(d []byte) { d[64] = 0xF4 },
	} {
		b := newBuilder()
		b.dir(recordRoot, 5, link{20, 1, "file"})
		b.file(20, 1, "file")
		b.file(1, 1, "other", nonResident(attrData, "", []byte{0x11, 1, tMirror}, tCluster, 0))
		copy(b.disk[len(b.disk)-512:], b.disk[:512])
		harm(b.disk)
		f := b.open(t)
		if _, err := f.Lookup([]string{"file"}); err != nil || !strings.Contains(strings.Join(f.Info().Notes, " "), "copy of the boot sector") {
			t.Errorf("%s: %v, notes %q", name, err, f.Info().Notes)
		}
	}
}

// A boot sector that counts too few clusters cuts nothing off: its copy stands
// where the volume ends. Without a copy there is nothing to go by.
func TestABootSectorThatCountsTooFew(t *testing.T) {
	for _, copied := range []bool{true, false} {
		b := newBuilder()
		b.file(20, 1, "f", nonResident(attrData, "", []byte{0x21, 2, 240, 0}, 2*tCluster, 0))
		copy(b.disk[240*tCluster:], bytes.Repeat([]byte("x"), 2*tCluster))
		if copied {
			copy(b.disk[len(b.disk)-512:], b.disk[:512])
		}
		copy(b.disk[40:], le(uint64(300))) // of 512 sectors
		f := b.open(t)
		got, err := slurp(t, f, 20, "")
		if read := err == nil && len(got) == 2*tCluster; read != copied {
			t.Errorf("copied %v: %d bytes, %v", copied, len(got), err)
		}
		if told := strings.Contains(strings.Join(f.Info().Notes, ""), "counts 150 clusters"); told != copied {
			t.Errorf("copied %v: notes %q", copied, f.Info().Notes)
		}
	}
}
