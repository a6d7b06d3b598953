package decode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
	"github.com/google/gopacket/layers"

	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// pack serialises layers with lengths and checksums filled in.
func pack(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(b.Bytes())
}

func eth(kind layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: kind}
}

func ip4(proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 9, Protocol: proto, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
}

func ip6(proto layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, NextHeader: proto, HopLimit: 9, SrcIP: net.ParseIP("fd00::1"), DstIP: net.ParseIP("fd00::2")}
}

func udp(dst uint16) *layers.UDP {
	return &layers.UDP{SrcPort: 1000, DstPort: layers.UDPPort(dst)}
}

// inner is a whole IPv4 packet with a UDP datagram in it.
func inner(t testing.TB) gopacket.Payload {
	return pack(t, ip4(layers.IPProtocolUDP), udp(7), gopacket.Payload("ping"))
}

// decodeAll returns a line for each datagram: protocol, ends, payload.
func decodeAll(link uint32, frames ...[]byte) ([]string, Stats) {
	var out []string
	d := New(Limits{}, func(g *Datagram) {
		s := fmt.Sprintf("%d %v:%d>%v:%d %q", g.Proto, g.Src, g.SrcPort, g.Dst, g.DstPort, cut(string(g.Payload), 40))
		if g.Lost > 0 {
			s += fmt.Sprintf(" -%d", g.Lost)
		}
		out = append(out, s)
	})
	for i, f := range frames {
		d.Packet(&capture.Packet{Number: i + 1, Time: t0.Add(time.Duration(i) * time.Millisecond), Link: link, Wire: len(f), Data: f})
	}
	d.Close()
	return out, d.Stats
}

const (
	ping4 = `17 10.0.0.1:1000>10.0.0.2:7 "ping"`
	ping6 = `17 fd00::1:1000>fd00::2:7 "ping"`
)

func TestLinkLayers(t *testing.T) {
	in := inner(t)
	in6 := pack(t, ip6(layers.IPProtocolUDP), udp(7), gopacket.Payload("ping"))
	with := func(head string) []byte { return append([]byte(head), in...) }
	qos := "\x88\x02\x00\x00" + strings.Repeat("\x00", 20) + "\x00\x00"
	llc := "\xaa\xaa\x03\x00\x00\x00\x08\x00"
	for name, c := range map[string]struct {
		link uint32
		b    []byte
		want string
	}{
		"ethernet":       {1, pack(t, eth(layers.EthernetTypeIPv4), in), ping4},
		"vlan":           {1, pack(t, eth(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeIPv4}, in), ping4},
		"qinq":           {1, pack(t, eth(0x88a8), &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 6, Type: layers.EthernetTypeIPv6}, gopacket.Payload(in6)), ping6},
		"802.3 and snap": {1, append(append(make([]byte, 12), 0, byte(8+len(in))), llc+string(in)...), ping4},
		"mpls":           {1, pack(t, eth(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 1}, &layers.MPLS{Label: 2, StackBottom: true}, in), ping4},
		"pppoe":          {1, pack(t, eth(layers.EthernetTypePPPoESession), &layers.PPPoE{Version: 1, Type: 1}, &layers.PPP{PPPType: layers.PPPTypeIPv4}, in), ping4},
		"null le":        {0, with("\x02\x00\x00\x00"), ping4},
		"null be":        {0, with("\x00\x00\x00\x02"), ping4},
		"loop":           {108, append([]byte("\x00\x00\x00\x18"), in6...), ping6},
		"raw 12":         {12, in, ping4},
		"raw 14":         {14, in6, ping6},
		"raw":            {101, in6, ping6},
		"ipv4":           {228, in, ping4},
		"ipv6":           {229, in6, ping6},
		"sll":            {113, with(strings.Repeat("\x00", 14) + "\x08\x00"), ping4},
		"sll2":           {276, with("\x08\x00" + strings.Repeat("\x00", 18)), ping4},
		"ppp":            {9, with("\x00\x21"), ping4},
		"ppp hdlc":       {50, with("\xff\x03\x21"), ping4},
		"cisco hdlc":     {104, with("\x0f\x00\x08\x00"), ping4},
		"802.11":         {105, with(qos + llc), ping4},
		"radiotap":       {127, with("\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00" + qos + llc), ping4},
		"pflog":          {117, with("\x05" + strings.Repeat("\x00", 7)), ping4},
	} {
		got, st := decodeAll(c.link, c.b)
		if d := cmp.Diff([]string{c.want}, got); d != "" {
			t.Errorf("%s: %s%+v", name, d, st)
		}
	}
}

func TestTunnels(t *testing.T) {
	in := inner(t)
	frame := gopacket.Payload(pack(t, eth(layers.EthernetTypeIPv4), in))
	gre := &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: true, SeqPresent: true}
	for name, b := range map[string][]byte{
		"ip in ip":      pack(t, ip4(layers.IPProtocolIPv4), in),
		"6in4":          pack(t, ip4(layers.IPProtocolIPv6), ip6(layers.IPProtocolIPv4), in),
		"gre":           pack(t, ip4(layers.IPProtocolGRE), gre, in),
		"gre, ethernet": pack(t, ip4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeTransparentEthernetBridging}, frame),
		"gre, erspan":   pack(t, ip4(layers.IPProtocolGRE), &layers.GRE{Protocol: 0x88be, SeqPresent: true}, gopacket.Payload(append(make([]byte, 8), frame...))),
		"vxlan":         pack(t, ip4(layers.IPProtocolUDP), udp(4789), &layers.VXLAN{ValidIDFlag: true, VNI: 3}, frame),
		"geneve":        pack(t, ip4(layers.IPProtocolUDP), udp(6081), gopacket.Payload("\x01\x00\x65\x58\x00\x00\x01\x00optn"+string(frame))),
		"gtp":           pack(t, ip4(layers.IPProtocolUDP), udp(2152), gopacket.Payload("\x34\xff\x00\x00\x00\x00\x00\x01\x00\x00\x00\x85\x01\x00\x00\x00"+string(in))),
		"l2tp":          pack(t, ip4(layers.IPProtocolUDP), udp(1701), gopacket.Payload("\x4a\x02\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x02pp\xff\x03\x00\x21"+string(in))),
		"teredo": pack(t, ip4(layers.IPProtocolUDP), udp(3544), gopacket.Payload("\x00\x00\x00\x00\x00\x00\x00\x00"+
			string(pack(t, ip6(layers.IPProtocolIPv4), in)))),
	} {
		got, st := decodeAll(101, b)
		if len(got) < 2 || got[len(got)-1] != ping4 {
			t.Errorf("%s: %q %+v", name, got, st)
		}
	}
}

// TestIPv4AH: what only is authenticated is read, as in IPv6.
func TestIPv4AH(t *testing.T) {
	ah := append([]byte{17, 1}, make([]byte, 10)...)
	u := pack(t, udp(7), gopacket.Payload("ping"))
	twice := append([]byte{51, 1}, make([]byte, 10)...)
	for name, b := range map[string][]byte{"once": append(ah, u...), "twice": append(append(twice, ah...), u...)} {
		if got, _ := decodeAll(101, pack(t, ip4(51), gopacket.Payload(b))); len(got) != 1 || got[0] != ping4 {
			t.Errorf("%s: %q", name, got)
		}
	}
	short := append([]byte{17, 99}, make([]byte, 10)...)
	if got, _ := decodeAll(101, pack(t, ip4(51), gopacket.Payload(short))); len(got) != 1 || got[0][:2] != "51" {
		t.Errorf("longer than the packet: %q", got)
	}
}

// TestEndlessTunnel: encapsulations are followed to a bound.
func TestEndlessTunnel(t *testing.T) {
	b := []byte(inner(t))
	for range 40 {
		b = pack(t, ip4(layers.IPProtocolIPv4), gopacket.Payload(b))
	}
	got, st := decodeAll(101, b)
	if len(got) > maxDepth+1 || st.Malformed["too many encapsulations"] != 1 {
		t.Errorf("%d datagrams, %+v", len(got), st)
	}
}

func ext(next byte, n int) []byte { return append([]byte{next, byte(n)}, make([]byte, 6+8*n)...) }

func TestIPv6Extensions(t *testing.T) {
	u := pack(t, udp(7), gopacket.Payload("ping"))
	join := func(parts ...[]byte) gopacket.Payload { return bytes.Join(parts, nil) }
	pad := []byte{0x01, 0x04, 0, 0, 0, 0} // PadN
	hop := append([]byte{60, 0}, pad...)
	dst := append([]byte{43, 0}, pad...)
	home := append([]byte{17, 2, 0, 0, 0xc9, 16}, append(net.ParseIP("fd00::99").To16(), 0, 0)...)
	route := append([]byte{17, 2, 0, 1, 0, 0, 0, 0}, net.ParseIP("fd00::77").To16()...)
	ah := append([]byte{17, 1}, make([]byte, 10)...)
	for name, c := range map[string]struct {
		b    []byte
		want []string
	}{
		"chain":                          {pack(t, ip6(0), join(hop, dst, ext(17, 1), u)), []string{ping6}},
		"ah":                             {pack(t, ip6(51), join(ah, u)), []string{ping6}},
		"home address":                   {pack(t, ip6(60), join(home, u)), []string{`17 fd00::99:1000>fd00::2:7 "ping"`}},
		"route":                          {pack(t, ip6(43), join(route, u)), []string{`17 fd00::1:1000>fd00::77:7 "ping"`}},
		"atomic":                         {pack(t, ip6(44), join([]byte{17, 0, 0, 0, 0, 0, 0, 1}, u)), []string{ping6}},
		"past the end":                   {pack(t, ip6(60), gopacket.Payload{17, 200, 0, 0, 0, 0, 0, 0}), nil},
		"no end":                         {pack(t, ip6(60), gopacket.Payload(bytes.Repeat(ext(60, 0), 100))), nil},
		"none":                           {pack(t, ip6(59), gopacket.Payload("zz")), []string{`59 fd00::1:0>fd00::2:0 "zz"`}},
		"ethernet padding is no payload": {append(pack(t, ip6(0), join(append([]byte{17, 0}, pad...), u)), make([]byte, 9)...), []string{ping6}},
	} {
		got, st := decodeAll(101, c.b)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s %+v", name, d, st)
		}
		if c.want == nil && len(st.Malformed) == 0 {
			t.Errorf("%s: not counted", name)
		}
	}
}

// pieces cuts an IP payload into fragments with the given starts.
func pieces(t testing.TB, six bool, id uint32, payload []byte, starts ...int) (out [][]byte) {
	for i, at := range starts {
		end := len(payload)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		out = append(out, piece4or6(t, six, id, at, end < len(payload), payload[at:end]))
	}
	return out
}

func piece4or6(t testing.TB, six bool, id uint32, at int, more bool, data []byte) []byte {
	if six {
		h := binary.BigEndian.AppendUint16([]byte{17, 0}, uint16(at))
		if more {
			h[3] |= 1
		}
		return pack(t, ip6(44), gopacket.Payload(append(binary.BigEndian.AppendUint32(h, id), data...)))
	}
	h := ip4(layers.IPProtocolUDP)
	h.Id, h.FragOffset = uint16(id), uint16(at/8)
	if more {
		h.Flags = layers.IPv4MoreFragments
	}
	return pack(t, h, gopacket.Payload(data))
}

func TestFragments(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 8)
	whole := pack(t, udp(7), gopacket.Payload(body))
	for _, six := range []bool{false, true} {
		f := pieces(t, six, 7, whole, 0, 24, 48, 96)
		ends := map[bool]string{false: "17 10.0.0.1:1000>10.0.0.2:7 ", true: "17 fd00::1:1000>fd00::2:7 "}[six]
		want := []string{ends + fmt.Sprintf("%q", body[:40])}
		evil := piece4or6(t, six, 7, 24, true, []byte("EVILEVILEVILEVILEVILEVIL"))
		for name, c := range map[string]struct {
			frames [][]byte
			want   []string
			check  func(Stats) bool
		}{
			"in order":       {f, want, func(s Stats) bool { return s.Reassembled == 1 && s.FragmentOverlap == 0 }},
			"reversed":       {[][]byte{f[3], f[2], f[1], f[0]}, want, func(s Stats) bool { return s.Reassembled == 1 }},
			"repeated":       {[][]byte{f[0], f[0], f[2], f[1], f[3]}, want, func(s Stats) bool { return s.FragmentOverlap == 1 && s.FragmentConflict == 0 }},
			"conflict later": {[][]byte{f[0], f[1], evil, f[2], f[3]}, want, func(s Stats) bool { return s.FragmentConflict == 1 }},
			"missing":        {f[:3], nil, func(s Stats) bool { return s.FragmentsExpired == 1 }},
			"end moved":      {[][]byte{f[3], piece4or6(t, six, 7, 200, false, []byte("late")), f[0], f[1], f[2]}, want, func(s Stats) bool { return s.FragmentConflict == 1 }},
			"odd length":     {[][]byte{piece4or6(t, six, 7, 0, true, []byte("12345"))}, nil, func(s Stats) bool { return s.FragmentsBad == 1 }},
			"two datagrams":  {append(pieces(t, six, 8, whole, 0, 24), f...), append(want, want...), func(s Stats) bool { return s.Reassembled == 2 }},
		} {
			got, st := decodeAll(101, c.frames...)
			if d := cmp.Diff(c.want, got); d != "" || !c.check(st) {
				t.Errorf("six=%v %s: %s %+v", six, name, d, st)
			}
		}
		// The bytes that arrived first stand, here the forged ones.
		got, st := decodeAll(101, f[0], evil, f[1], f[2], f[3])
		if len(got) != 1 || !strings.Contains(got[0], "EVILEVIL") || st.FragmentConflict != 1 {
			t.Errorf("%q %+v", got, st)
		}
	}
}

// TestFragmentLimits: pieces that never end cost no more than the bound, and
// what is given up is counted.
func TestFragmentLimits(t *testing.T) {
	d := New(Limits{FragmentBytes: 1 << 20}, func(*Datagram) {})
	data := make([]byte, 1480)
	for i := range 3000 {
		d.Packet(&capture.Packet{Number: i, Time: t0, Link: 101, Wire: 1500, Data: piece4or6(t, false, uint32(i), 63984, true, data)})
		if d.frags.bytes > 1<<20+100_000 {
			t.Fatalf("%d bytes held", d.frags.bytes)
		}
	}
	if d.Stats.FragmentsDropped < 2900 {
		t.Errorf("%+v", d.Stats)
	}
	d.Packet(&capture.Packet{Number: 9, Time: t0.Add(time.Hour), Link: 101, Wire: 1500, Data: piece4or6(t, false, 1, 0, true, data)})
	d.Close()
	if s := d.Stats; s.FragmentsExpired+s.FragmentsDropped != 3001 || d.frags.bytes != 0 || len(d.frags.open) != 0 {
		t.Errorf("%+v, %d bytes", s, d.frags.bytes)
	}
}

// TestAgainstIP4Defrag compares with gopacket's own reassembly on random,
// shuffled pieces that do not overlap.
func TestAgainstIP4Defrag(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		whole := pack(t, udp(7), gopacket.Payload(strings.Repeat("x", 8*(12+rnd.IntN(400))))) // the peer refuses pieces under 8 bytes
		starts := []int{0}
		for at := 8 * (1 + rnd.IntN(60)); at < len(whole); at += 8 * (1 + rnd.IntN(60)) {
			starts = append(starts, at)
		}
		f := pieces(t, false, uint32(seed), whole, starts...)
		rnd.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
		peer := ip4defrag.NewIPv4Defragmenter()
		var want []byte
		for _, b := range f {
			var ip layers.IPv4
			if err := ip.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
				t.Fatal(err)
			}
			out, err := peer.DefragIPv4(&ip)
			if err != nil {
				t.Fatal(err)
			}
			if out != nil {
				want = out.Payload
			}
		}
		got, st := decodeAll(101, f...)
		if len(got) != 1 || len(want) != len(whole) || !bytes.Equal(want, whole) {
			t.Fatalf("seed %d: %d datagrams, %+v", seed, len(got), st)
		}
	}
}

func TestCounts(t *testing.T) {
	in := inner(t)
	for name, c := range map[string]struct {
		link  uint32
		b     []byte
		check func(Stats) bool
	}{
		"arp":          {1, pack(t, eth(layers.EthernetTypeARP), gopacket.Payload("x")), func(s Stats) bool { return s.Other["arp"] == 1 && s.WithoutIP == 1 }},
		"ethertype":    {1, pack(t, eth(0x88cc), gopacket.Payload("x")), func(s Stats) bool { return s.Other["ethertype 0x88cc"] == 1 }},
		"unknown link": {147, in, func(s Stats) bool { return s.UnknownLinks == 1 && s.Other["link type 147"] == 1 }},
		"short":        {1, []byte("short"), func(s Stats) bool { return s.Malformed["ethernet"] == 1 }},
		"ip header":    {101, in[:19], func(s Stats) bool { return s.Malformed["ipv4"] == 1 }},
		"gre routing":  {101, pack(t, ip4(layers.IPProtocolGRE), gopacket.Payload("\x40\x00\x08\x00\x00\x00\x00\x00\x01\x01\x01\xff")), func(s Stats) bool { return s.Malformed["gre"] == 1 && s.Panics == 0 }},
	} {
		if _, st := decodeAll(c.link, c.b); !c.check(st) {
			t.Errorf("%s: %+v", name, st)
		}
	}
	got, _ := decodeAll(101, in[:len(in)-3])
	if len(got) != 1 || !strings.HasSuffix(got[0], `"p" -3`) {
		t.Errorf("a snapped packet: %q", got)
	}
}

// TestHeaderCutShort: where an IP header is cut short, nothing is left over from
// the packet before.
func TestHeaderCutShort(t *testing.T) {
	in := inner(t)
	got, st := decodeAll(101, in, in[:12])
	if len(got) != 1 || st.Malformed["ipv4"] != 1 || st.WithoutIP != 1 {
		t.Errorf("%q %+v", got, st)
	}
}

// TestPanicCostsItsPacket: a decoder that breaks, here for want of a place to count
// in, costs its packet and is counted.
func TestPanicCostsItsPacket(t *testing.T) {
	n := 0
	d := New(Limits{}, func(*Datagram) { n++ })
	d.frags.stats = nil
	d.Packet(&capture.Packet{Link: 101, Data: piece4or6(t, true, 1, 0, true, make([]byte, 64))})
	d.Packet(&capture.Packet{Link: 101, Data: inner(t)})
	if d.Stats.Panics != 1 || d.Stats.Packets != 2 || n != 1 {
		t.Errorf("%d datagrams, %+v", n, d.Stats)
	}
}

// TestVisitorsPanicIsNotHidden: only the decoders' own faults are recovered.
func TestVisitorsPanicIsNotHidden(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the visitor's panic was swallowed")
		}
	}()
	New(Limits{}, func(*Datagram) { panic("mine") }).Packet(&capture.Packet{Link: 101, Data: inner(t)})
}

// FuzzDecode runs one frame, cut in two halves of a time, through every link
// type: no panic leaves, and every packet is accounted for.
func FuzzDecode(f *testing.F) {
	in := inner(f)
	f.Add(uint32(1), pack(f, eth(layers.EthernetTypeIPv4), in))
	f.Add(uint32(1), pack(f, eth(layers.EthernetTypeDot1Q), &layers.Dot1Q{Type: layers.EthernetTypeIPv4}, in))
	f.Add(uint32(101), pack(f, ip4(layers.IPProtocolGRE), &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: true}, in))
	f.Add(uint32(101), piece4or6(f, true, 1, 0, true, make([]byte, 64)))
	f.Add(uint32(101), pack(f, ip6(60), gopacket.Payload(append(ext(43, 2), ext(17, 0)...))))
	f.Add(uint32(127), append([]byte("\x00\x00\x08\x00\x00\x00\x00\x00\x88\x02"), make([]byte, 60)...))
	f.Fuzz(func(t *testing.T, link uint32, b []byte) {
		got, st := decodeAll(link, b)
		if st.Packets != 1 || st.Datagrams != len(got) {
			t.Errorf("%d datagrams, %+v", len(got), st)
		}
		if len(got) == 0 && st.WithoutIP != 1 {
			t.Errorf("lost: %+v", st)
		}
		if len(got) == 0 && st.Undecoded+st.Panics+len(st.Malformed)+st.Fragments == 0 {
			t.Errorf("nothing said: %+v", st)
		}
	})
}

// FuzzDefrag feeds pieces of three IPv6 datagrams at arbitrary places.
func FuzzDefrag(f *testing.F) {
	f.Add([]byte{0, 1, 8, 1, 1, 8, 2, 0, 5})
	f.Add(bytes.Repeat([]byte{0x80, 0xff, 3}, 20))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var st Stats
		var d defrag
		d.init(Limits{FragmentBytes: 1 << 16}, &st)
		in, out := 0, 0
		for i := 0; len(ops) >= 3; i++ {
			p := fragment{key: fragKey{id: uint32(ops[0] >> 6)}, offset: int(ops[0]&63) << (ops[2] >> 5) * 8, more: ops[2]&1 != 0, data: make([]byte, ops[1])}
			in += len(p.data)
			b, _ := d.add(p, t0.Add(time.Duration(i)*time.Second))
			out += len(b)
			if d.bytes > 1<<16+2*maxDatagram+datagramOverhead || d.bytes < 0 {
				t.Fatalf("%d bytes held", d.bytes)
			}
			ops = ops[3:]
		}
		d.drain()
		if out > in || d.bytes != 0 || len(d.open) != 0 {
			t.Errorf("%d bytes out of %d, %d held", out, in, d.bytes)
		}
	})
}
