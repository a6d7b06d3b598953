package packets

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/gopacket/layers"
)

// ringBlock makes a block that holds one packet.
func ringBlock(status uint32, hardware uint16, data []byte) []byte {
	ne := binary.NativeEndian
	const mac = frameHeaderLen + sockaddrLen
	b := make([]byte, blockHeaderLen+mac+len(data))
	ne.PutUint32(b[12:], 1)
	ne.PutUint32(b[16:], blockHeaderLen)
	h := b[blockHeaderLen:]
	ne.PutUint32(h[4:], 10)
	ne.PutUint32(h[8:], 20)
	ne.PutUint32(h[12:], uint32(len(data)))
	ne.PutUint32(h[16:], uint32(len(data)))
	ne.PutUint32(h[20:], status)
	ne.PutUint16(h[24:], mac)
	ne.PutUint16(h[26:], mac+14)
	ne.PutUint32(h[32:], 0x6005)
	ne.PutUint16(h[36:], 0x88a8)
	ll := h[frameHeaderLen:]
	binary.BigEndian.PutUint16(ll[2:], 0x0800)
	ne.PutUint32(ll[4:], 3)
	ne.PutUint16(ll[8:], hardware)
	ll[11] = 6
	copy(h[mac:], data)
	return b
}

func only(t *testing.T, b []byte) frame {
	t.Helper()
	var got []frame
	if err := eachFrame(b, func(f frame) { got = append(got, f) }); err != nil || len(got) != 1 {
		t.Fatalf("%d frames, %v", len(got), err)
	}
	return got[0]
}

func TestVLANTagIsPutBack(t *testing.T) {
	data := []byte("ddddddssssss\x08\x00payload")
	p := only(t, ringBlock(statusUser|statusVLAN|statusVLANTPID, hwEther, data))
	parts, size := p.pieces(linkEthernet, 1000)
	if want := "ddddddssssss\x88\xa8\x60\x05\x08\x00payload"; string(bytes.Join(parts, nil)) != want || size != uint32(len(want)) {
		t.Errorf("%q, %d", bytes.Join(parts, nil), size)
	}
	parts, _ = p.pieces(linkEthernet, 14)
	if got := bytes.Join(parts, nil); string(got) != "ddddddssssss\x88\xa8" {
		t.Errorf("cut to %q", got)
	}
	p = only(t, ringBlock(statusUser, hwEther, data))
	if parts, size = p.pieces(linkEthernet, 1000); !bytes.Equal(bytes.Join(parts, nil), data) || size != uint32(len(data)) || p.ns != 10_000_000_020 {
		t.Errorf("%q, %d, %d", parts, size, p.ns)
	}
}

func TestUnknownHardwareIsCooked(t *testing.T) {
	data := append(make([]byte, 14), []byte("ip packet")...)
	p := only(t, ringBlock(statusUser, 4242, data))
	if linkType(p.hardware) != linkSLL2 {
		t.Fatalf("link type %d", linkType(p.hardware))
	}
	parts, size := p.pieces(linkSLL2, 1000)
	got := bytes.Join(parts, nil)
	if string(got[20:]) != "ip packet" || size != uint32(len(got)) || binary.BigEndian.Uint16(got[8:]) != 4242 || got[11] != 6 {
		t.Errorf("%x, %d", got, size)
	}
	if parts, _ := p.pieces(linkRaw, 1000); string(bytes.Join(parts, nil)) != "ip packet" {
		t.Errorf("raw %q", parts)
	}
}

func TestDamagedBlocks(t *testing.T) {
	good := ringBlock(statusUser, hwEther, make([]byte, 60))
	for n := range len(good) {
		if err := eachFrame(good[:n], func(frame) {}); err == nil {
			t.Errorf("%d of %d bytes are taken", n, len(good))
		}
	}
}

func FuzzBlock(f *testing.F) {
	f.Add(ringBlock(statusUser|statusVLAN, hwEther, make([]byte, 60)))
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		_ = eachFrame(b, func(p frame) {
			if n++; n > len(b) {
				t.Skip("a block may repeat a packet as often as it says")
			}
			for _, l := range []uint16{linkEthernet, linkRaw, linkSLL2, link80211} {
				parts, _ := p.pieces(l, 100)
				if len(bytes.Join(parts, nil)) > 100 {
					t.Fatal("longer than asked for")
				}
			}
		})
	})
}

// TestFileIsReadBack writes every kind of block and reads it with another
// implementation.
func TestFileIsReadBack(t *testing.T) {
	var w writer
	w.section("amd64", "Linux")
	w.iface(linkEthernet, 100, "eth0", []byte{1, 2, 3, 4, 5, 6})
	w.iface(linkRaw, 100, "tun0", nil)
	w.packet(0, 1_700_000_000_123_456_789, 90, 1, []byte("abc"), []byte("de"))
	w.packet(1, 1_700_000_000_123_456_790, 4, 0, []byte{0x45, 0, 0, 4})
	w.stats(0, stats{received: 7, dropped: 2, written: 5})
	got, r := read(t, w.Bytes())
	if len(got) != 2 || string(got[0].data) != "abcde" || got[0].info.Length != 90 || got[0].info.Timestamp.UnixNano() != 1_700_000_000_123_456_789 {
		t.Fatalf("packets %+v", got)
	}
	if got[1].info.InterfaceIndex != 1 || got[1].link != layers.LinkTypeRaw {
		t.Errorf("packet %+v", got[1])
	}
	i, err := r.Interface(0)
	if err != nil || i.Name != "eth0" || i.Statistics.PacketsReceived != 7 {
		t.Errorf("interface %+v, %v", i, err)
	}
}
