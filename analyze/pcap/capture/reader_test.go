package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

// got is one packet as read, with its bytes kept.
type got struct {
	Number int
	Time   time.Time
	Link   uint32
	Wire   int
	Data   string
}

// all reads everything; the error is nil at a clean end.
func all(t testing.TB, b []byte) ([]got, *Reader, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, r, err
	}
	var out []got
	for {
		p, err := r.Next()
		if err == io.EOF {
			return out, r, nil
		}
		if err != nil {
			return out, r, err
		}
		out = append(out, got{p.Number, p.Time, p.Link, p.Wire, string(p.Data)})
	}
}

func info(n, wire int, i int) gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(i) * time.Second), CaptureLength: n, Length: wire}
}

// classic builds a pcap by hand, so that every variant can be made.
func classic(order binary.ByteOrder, magic uint32, link uint32, packets ...string) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, order, v) }
	put([]uint32{magic})
	put([]uint16{2, 4})
	put([]uint32{0, 0, 65535, link})
	for i, p := range packets {
		put([]uint32{uint32(start.Unix()) + uint32(i), 678901, uint32(len(p)), uint32(len(p)) + 7})
		if magic == 0xa1b2cd34 {
			put([]uint32{0, 0})
		}
		b.WriteString(p)
	}
	return b.Bytes()
}

func TestClassicVariants(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for magic, unit := range map[uint32]time.Duration{
			0xa1b2c3d4: time.Microsecond, 0xa1b23c4d: time.Nanosecond, 0xa1b2cd34: time.Microsecond,
		} {
			t.Run(fmt.Sprintf("%v %x", order, magic), func(t *testing.T) {
				b := classic(order, magic, 0xf0000001, "one", "", "three")
				list, r, err := all(t, b)
				at := func(i int) time.Time { return time.Unix(start.Unix()+int64(i), int64(678901*unit)).UTC() }
				want := []got{{1, at(0), 1, 10, "one"}, {2, at(1), 1, 7, ""}, {3, at(2), 1, 12, "three"}}
				if d := cmp.Diff(want, list); d != "" || err != nil {
					t.Error(d, err)
				}
				if r.Offset() != int64(len(b)) {
					t.Errorf("offset %d of %d", r.Offset(), len(b))
				}
			})
		}
	}
}

func TestClassicFromPcapgo(t *testing.T) {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := w.WritePacket(info(i, i+2, i), make([]byte, i)); err != nil {
			t.Fatal(err)
		}
	}
	var z bytes.Buffer
	gz := gzip.NewWriter(&z)
	_, _ = gz.Write(b.Bytes())
	_ = gz.Close()
	for name, data := range map[string][]byte{"plain": b.Bytes(), "gzip": z.Bytes()} {
		list, _, err := all(t, data)
		if err != nil || len(list) != 5 || list[4].Wire != 6 || !list[4].Time.Equal(start.Add(4*time.Second)) || list[0].Link != 101 {
			t.Errorf("%s: %v %v", name, list, err)
		}
	}
	if _, _, err := all(t, z.Bytes()[:z.Len()-6]); err == nil {
		t.Error("a gzip stream without its end reads as whole")
	}
}

// ngFile has two sections, the second of the other byte order.
func ngFile(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet}, pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeRaw})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		ci := info(10+i, 10+i, i)
		ci.InterfaceIndex = i % 2 * id
		if err := w.WritePacket(ci, bytes.Repeat([]byte{byte('a' + i)}, 10+i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	b.Write(bigEndianSection())
	return b.Bytes()
}

type appender interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func be(vs ...any) []byte {
	var b bytes.Buffer
	for _, v := range vs {
		_ = binary.Write(&b, binary.BigEndian, v)
	}
	return b.Bytes()
}

// bigEndianSection has an interface with a time offset and binary resolution,
// an unknown block, an obsolete packet block and a simple packet block.
func bigEndianSection() []byte {
	o := binary.BigEndian
	shb := block(o, blockSection, be(uint32(0x1a2b3c4d), uint16(1), uint16(0), int64(-1)))
	idb := block(o, blockInterface, be(uint16(276), uint16(0), uint32(6),
		uint16(9), uint16(1), [4]byte{0x80 | 10}, uint16(14), uint16(8), int64(100), uint32(0)))
	unknown := block(o, 0xbad, make([]byte, 20))
	old := block(o, blockPacket, be(uint16(0), uint16(3), uint32(0), uint32(1024*7+512), uint32(3), uint32(9), [4]byte{'o', 'l', 'd'}))
	simple := block(o, blockSimple, be(uint32(11), [8]byte{'s', 'i', 'm', 'p', 'l', 'e', '?', '?'}))
	return bytes.Join([][]byte{shb, idb, unknown, old, simple}, nil)
}

// block wraps a body in type and lengths.
func block(o appender, kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	b := o.AppendUint32(o.AppendUint32(nil, kind), uint32(len(body)+12))
	return o.AppendUint32(append(b, body...), uint32(len(body)+12))
}

func TestPcapng(t *testing.T) {
	list, r, err := all(t, ngFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if places, more := r.Skipped(); len(places)+more != 0 {
		t.Error(places)
	}
	want := []got{
		{1, start, 1, 10, "aaaaaaaaaa"},
		{2, start.Add(time.Second), 101, 11, "bbbbbbbbbbb"},
		{3, start.Add(2 * time.Second), 1, 12, "cccccccccccc"},
		{4, start.Add(3 * time.Second), 101, 13, "ddddddddddddd"},
		{5, time.Unix(107, 5e8).UTC(), 276, 9, "old"},
		{6, time.Time{}, 276, 11, "simple"}, // cut to the snapshot length
	}
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
}

// TestTruncatedAnywhere cuts captures at every byte: the packets that are whole
// are read, and the rest is damage, at the right place.
func TestTruncatedAnywhere(t *testing.T) {
	for name, b := range map[string][]byte{
		"pcap":   classic(binary.LittleEndian, 0xa1b2c3d4, 1, "first", "second", "third"),
		"pcapng": ngFile(t),
	} {
		whole, _, err := all(t, b)
		if err != nil {
			t.Fatal(err)
		}
		clean := 0
		for n := range b {
			list, r, err := all(t, b[:n])
			var d *Damage
			switch {
			case err == nil:
				if places, _ := r.Skipped(); len(places) == 0 {
					clean++ // otherwise a whole packet without its trailer, which is said
				}
			case errors.As(err, &d):
				if d.Offset > int64(n) || d.Packets != len(list) {
					t.Errorf("%s cut at %d: %v, %d packets", name, n, err, len(list))
				}
			case !errors.Is(err, ErrFormat) || n > 3:
				t.Errorf("%s cut at %d: %v", name, n, err)
			}
			if len(list) > len(whole) || fmt.Sprint(list) != fmt.Sprint(whole[:len(list)]) {
				t.Errorf("%s cut at %d: other packets", name, n)
			}
		}
		if clean == 0 || clean > 12 { // only between records and blocks
			t.Errorf("%s: %d clean cuts", name, clean)
		}
	}
}

func TestDamage(t *testing.T) {
	pcap := func(edit func(b []byte)) []byte {
		b := classic(binary.LittleEndian, 0xa1b2c3d4, 1, "first", "second")
		edit(b)
		return b
	}
	ng := func(edit func(b []byte)) []byte {
		b := bigEndianSection()
		edit(b)
		return b
	}
	for name, c := range map[string]struct {
		b       []byte
		packets int
		stops   bool
		skipped int
	}{
		"huge packet":           {pcap(func(b []byte) { binary.LittleEndian.PutUint32(b[24+8:], 0xffffffff) }), 0, true, 0},
		"huge second packet":    {pcap(func(b []byte) { binary.LittleEndian.PutUint32(b[24+16+5+8:], MaxPacket+1) }), 1, true, 0},
		"other version":         {pcap(func(b []byte) { b[4] = 9 }), 2, false, 1},
		"trailing length":       {ng(func(b []byte) { b[27]++ }), 2, false, 1},
		"no byte-order magic":   {ng(func(b []byte) { b[8]++ }), 0, true, 0},
		"tiny block":            {ng(func(b []byte) { b[28+7] = 4 }), 0, true, 0},
		"packet of unknown if":  {ng(func(b []byte) { b[28+44+32+9] = 9 }), 1, false, 1},
		"packet over its block": {ng(func(b []byte) { b[28+44+32+8+15] = 200 }), 1, false, 1},
	} {
		list, r, err := all(t, c.b)
		places, _ := r.Skipped()
		if len(list) != c.packets || (err != nil) != c.stops || len(places) != c.skipped {
			t.Errorf("%s: %d packets, %v, skipped %v", name, len(list), err, places)
		}
	}
}

func TestNotACapture(t *testing.T) {
	for _, b := range []string{"", "abc", "hello world", "\x1f\x8b\x08\x00 no gzip", "\xd4\xc3\xb2"} {
		if _, err := NewReader(bytes.NewReader([]byte(b))); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", b, err)
		}
	}
	if IsMagic([]byte("hell")) || IsMagic(nil) || !IsMagic([]byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		t.Error("IsMagic")
	}
}

type broken struct{ r io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = errors.New("bad sector")
	}
	return n, err
}

func TestReadErrorIsNoEnd(t *testing.T) {
	r, err := NewReader(broken{bytes.NewReader(classic(binary.LittleEndian, 0xa1b2c3d4, 1, "first"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var d *Damage
		if _, err := r.Next(); !errors.As(err, &d) {
			t.Errorf("a read error ends the file with %v", err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(classic(binary.LittleEndian, 0xa1b2c3d4, 1, "first", "second"))
	f.Add(classic(binary.BigEndian, 0xa1b23c4d, 276, "first"))
	f.Add(classic(binary.LittleEndian, 0xa1b2cd34, 1, "first"))
	f.Add(ngFile(f))
	f.Add(bigEndianSection())
	f.Fuzz(func(t *testing.T, b []byte) {
		list, r, err := all(t, b)
		if err == io.EOF {
			t.Error("io.EOF leaks")
		}
		total := 0
		for _, p := range list {
			total += len(p.Data)
			if p.Wire < len(p.Data) {
				t.Errorf("wire length %d under %d", p.Wire, len(p.Data))
			}
		}
		if r != nil && int64(total) > r.Offset() {
			t.Errorf("%d bytes of packets from %d bytes", total, r.Offset())
		}
	})
}
