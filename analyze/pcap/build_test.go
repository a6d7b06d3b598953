package pcap

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// builder writes a capture of raw IP packets, 1 ms apart.
type builder struct {
	t   testing.TB
	buf bytes.Buffer
	w   *pcapgo.Writer
	n   int
}

func newBuilder(t testing.TB) *builder {
	b := &builder{t: t}
	b.w = pcapgo.NewWriterNanos(&b.buf)
	if err := b.w.WriteFileHeader(262144, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *builder) frame(ls ...gopacket.SerializableLayer) {
	b.t.Helper()
	out := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(out, gopacket.SerializeOptions{FixLengths: true}, ls...); err != nil {
		b.t.Fatal(err)
	}
	ci := gopacket.CaptureInfo{Timestamp: t0.Add(time.Duration(b.n) * time.Millisecond), CaptureLength: len(out.Bytes()), Length: len(out.Bytes())}
	b.n++
	if err := b.w.WritePacket(ci, out.Bytes()); err != nil {
		b.t.Fatal(err)
	}
}

func ipTo(src, dst string, proto layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 9, Protocol: proto, SrcIP: net.ParseIP(src).To4(), DstIP: net.ParseIP(dst).To4()}
}

func (b *builder) udp(src, dst string, sport, dport uint16, data []byte) {
	b.frame(ipTo(src, dst, layers.IPProtocolUDP), &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}, gopacket.Payload(data))
}

// tcp is one connection from 10.0.0.1 to 10.0.0.2.
type tcp struct {
	b        *builder
	src, dst uint16
	seq      [2]uint32
}

const (
	client = 0
	server = 1
)

func (b *builder) connect(src, dst uint16) *tcp {
	c := &tcp{b: b, src: src, dst: dst, seq: [2]uint32{0xfffffff0, 5000}} // the client's number wraps
	c.at(client, c.seq[client], "", layers.TCP{SYN: true})
	c.seq[client]++
	c.at(server, c.seq[server], "", layers.TCP{SYN: true, ACK: true})
	c.seq[server]++
	c.at(client, c.seq[client], "", layers.TCP{ACK: true})
	return c
}

// at sends data with any sequence number.
func (c *tcp) at(side int, seq uint32, data string, h layers.TCP) {
	c.b.t.Helper()
	ip := ipTo("10.0.0.1", "10.0.0.2", layers.IPProtocolTCP)
	h.SrcPort, h.DstPort = layers.TCPPort(c.src), layers.TCPPort(c.dst)
	if side == server {
		ip.SrcIP, ip.DstIP = ip.DstIP, ip.SrcIP
		h.SrcPort, h.DstPort = h.DstPort, h.SrcPort
	}
	h.Seq, h.Ack, h.Window = seq, c.seq[1-side], 1000
	c.b.frame(ip, &h, gopacket.Payload(data))
}

// send sends data in order, in segments of size bytes.
func (c *tcp) send(side int, data string, size int) {
	for len(data) > 0 {
		n := min(size, len(data))
		c.at(side, c.seq[side], data[:n], layers.TCP{ACK: true, PSH: true})
		c.seq[side] += uint32(n)
		data = data[n:]
	}
}

func (c *tcp) close() {
	for side := range 2 {
		c.at(side, c.seq[side], "", layers.TCP{FIN: true, ACK: true})
		c.seq[side]++
	}
}

// keep copies what the handler's pointers lead to.
type kept struct {
	flows    []Flow
	dns      []DNS
	http     []HTTP
	tls      []TLS
	bodies   []Body
	contents []Content
}

func (k *kept) handler() Handler {
	return Handler{
		Flow:    func(f *Flow) error { k.flows = append(k.flows, *f); return nil },
		DNS:     func(d *DNS) error { k.dns = append(k.dns, *d); return nil },
		HTTP:    func(h *HTTP) error { k.http = append(k.http, *h); return nil },
		TLS:     func(t *TLS) error { k.tls = append(k.tls, *t); return nil },
		Body:    func(b *Body) error { k.bodies = append(k.bodies, *b); return nil },
		Content: func(c *Content) error { k.contents = append(k.contents, *c); return nil },
	}
}

// stream joins the windows of one direction, checking that they overlap.
func (k *kept) stream(t *testing.T, flow string) string {
	t.Helper()
	var out []byte
	for _, c := range k.contents {
		if c.Name != "tcp/stream" || c.Flow.String() != flow {
			continue
		}
		if c.Offset > int64(len(out)) {
			t.Fatalf("%s: window at %d after %d bytes", flow, c.Offset, len(out))
		}
		if !bytes.HasPrefix(c.Bytes, out[c.Offset:]) {
			t.Fatalf("%s: window at %d does not repeat what came before", flow, c.Offset)
		}
		out = append(out[:c.Offset], c.Bytes...)
	}
	return string(out)
}

func (b *builder) analyze(o Options) (*kept, *Stats, error) {
	k := &kept{}
	st, err := Analyze(context.Background(), bytes.NewReader(b.buf.Bytes()), o, k.handler())
	return k, st, err
}
