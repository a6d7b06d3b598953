package decode

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
)

// maxDepth bounds the encapsulations followed in one packet.
const maxDepth = 16

// Datagram is the payload of one IP packet, whole: a TCP segment, a UDP
// datagram, or any other protocol.
type Datagram struct {
	Number  int       // of the packet that completed it, 1-based
	Time    time.Time // of that packet
	Wire    int       // its frame's length on the wire, bytes
	Src     netip.Addr
	Dst     netip.Addr
	Proto   uint8  // IP protocol number
	SrcPort uint16 // TCP, UDP and SCTP; 0 elsewhere
	DstPort uint16
	Seq     uint32 // TCP only
	Ack     uint32
	Flags   uint8  // TCP flags, CWR…FIN
	Payload []byte // captured bytes, valid during the call
	Lost    int    // payload bytes that were sent but not captured
}

// Limits bounds the memory of a Decoder. Zero fields take their default.
type Limits struct {
	FragmentBytes  int           // held for datagrams in pieces (default 8 MiB)
	FragmentExpiry time.Duration // in capture time (default 60 s, RFC 8200 section 4.5)
}

// Decoder decodes packets of any link type. Not safe for concurrent use.
type Decoder struct {
	Stats Stats

	visit   func(*Datagram)
	inside  bool // the visitor is running
	snapped bool // of the packet less was captured than was sent
	frags   defrag
	d       Datagram
	fb      feedback

	eth  layers.Ethernet
	tag  layers.Dot1Q
	ip4  layers.IPv4
	tcp  layers.TCP
	udp  layers.UDP
	gre  layers.GRE
	vx   layers.VXLAN
	loop layers.Loopback
}

type feedback struct{ truncated bool }

func (f *feedback) SetTruncated() { f.truncated = true }

// New returns a decoder that calls visit for each datagram, outer ones of a
// tunnel first. The Datagram is reused: visit must not keep it.
func New(l Limits, visit func(*Datagram)) *Decoder {
	d := &Decoder{visit: visit}
	d.frags.init(l, &d.Stats)
	return d
}

// Packet decodes one packet. What can't be decoded is counted in Stats; a
// panic of a layer's decoder costs its packet only.
func (d *Decoder) Packet(p *capture.Packet) {
	d.Stats.Packets++
	d.Stats.Bytes += int64(p.Wire)
	if d.snapped = len(p.Data) < p.Wire; d.snapped {
		d.Stats.Snapped++
	}
	before := d.Stats.Datagrams
	d.decode(p)
	if d.Stats.Datagrams == before {
		d.Stats.WithoutIP++
	}
}

func (d *Decoder) decode(p *capture.Packet) {
	d.inside = false
	defer func() {
		if d.inside {
			return // a fault of the caller's visitor is not ours to hide
		}
		if r := recover(); r != nil {
			d.Stats.Panics++
			d.Stats.count(&d.Stats.Malformed, "panic: "+cut(fmt.Sprint(r), 60))
		}
	}()
	d.d = Datagram{Number: p.Number, Time: p.Time, Wire: p.Wire}
	d.link(p.Link, p.Data)
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// Close drops what is left of unfinished datagrams, counting them.
func (d *Decoder) Close() { d.frags.drain() }
