package ntfs

import (
	"encoding/binary"
	"testing"
)

// EFS fills the last block of 512 bytes up: that is no damage, and more is.
func TestEncryptedStreamsEndWithinABlock(t *testing.T) {
	for _, c := range []struct {
		flags uint16
		init  uint64
		cut   bool
	}{{0, 1000, false}, {0, 1024, true}, {attrEncrypted, 1000, false}, {attrEncrypted, 1024, false}, {attrEncrypted, 1025, true}} {
		a := nonResident(attrData, "", []byte{0x11, 2, 100}, 1000, 0)
		binary.LittleEndian.PutUint16(a[12:], c.flags)
		binary.LittleEndian.PutUint64(a[56:], c.init)
		b := newBuilder()
		b.file(20, 1, "f", a)
		n, err := b.open(t).Node(Ref{Record: 20})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := n.Open(""); err != nil || d.Cut() != c.cut || d.Size() != 1000 {
			t.Errorf("flags %#x, %d of 1000 bytes written: cut %v, %v", c.flags, c.init, d.Cut(), err)
		}
	}
}
