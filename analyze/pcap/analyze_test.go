package pcap

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
)

func gz(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func digest(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }

func TestConversation(t *testing.T) {
	b := newBuilder(t)
	page := strings.Repeat("<p>malware</p>", 500)
	c := b.connect(40000, 8081)
	c.send(client, "GET /a?b HTTP/1.1\r\nHost: evil.example\r\nUser-Agent: x/1\r\n\r\nGET /2 HTTP/1.1\r\nHost: evil.example\r\n\r\n", 17)
	enc := gz(t, page)
	c.send(server, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(enc), enc), 50)
	c.send(server, "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\n0\r\n\r\n", 9)
	c.close()
	k, st, err := b.analyze(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(k.http) != 4 || k.http[0].URL() != "http://evil.example/a?b" || k.http[2].Message.Status != 200 || k.http[2].Message.URI != "/a?b" || k.http[3].Message.URI != "/2" {
		t.Errorf("%+v", k.http)
	}
	if k.http[0].Message.At.Packet != 4 || !k.http[0].Message.At.Time.Equal(t0.Add(3e6)) {
		t.Errorf("at %+v", k.http[0].Message.At)
	}
	if len(k.bodies) != 2 || k.bodies[0].SHA256 != digest(page) || !k.bodies[0].Whole || k.bodies[0].Decoded != "gzip" || k.bodies[1].SHA256 != digest("sorry") {
		t.Errorf("%+v", k.bodies)
	}
	if len(k.flows) != 1 || k.flows[0].ID.String() != "tcp 10.0.0.1:40000 > 10.0.0.2:8081" || k.flows[0].State() != "closed" || k.flows[0].Protocol != "http" {
		t.Errorf("%+v", k.flows)
	}
	if s := k.stream(t, "tcp 10.0.0.2:8081 > 10.0.0.1:40000"); !strings.HasPrefix(s, "HTTP/1.1 200") || !strings.HasSuffix(s, "sorry\r\n0\r\n\r\n") {
		t.Errorf("stream %q", s)
	}
	if st.Bodies != 2 || st.TCP.Gaps != 0 {
		t.Errorf("%+v", st)
	}
}

// TestWindows: a stream and a body longer than a window come whole, in
// windows that overlap, so that no pattern falls between them.
func TestWindows(t *testing.T) {
	b := newBuilder(t)
	body := make([]byte, 300_000)
	for i := range body {
		body[i] = byte(i * i >> 7)
	}
	c := b.connect(40000, 80)
	c.send(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 1000)
	c.send(server, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 1400)
	c.close()
	o := Options{Window: 40_000, Overlap: 1000, MaxBody: 70_000}
	k, st, err := b.analyze(o)
	if err != nil {
		t.Fatal(err)
	}
	if s := k.stream(t, "tcp 10.0.0.2:80 > 10.0.0.1:40000"); !strings.HasSuffix(s, string(body)) {
		t.Errorf("stream of %d bytes", len(s))
	}
	var out []byte
	for _, w := range k.contents {
		if len(w.Bytes) > 70_000 {
			t.Errorf("window of %d bytes", len(w.Bytes))
		}
		if w.Name != "http/body" {
			continue
		}
		if w.Offset > 0 && int64(len(out))-w.Offset != 1000 {
			t.Errorf("overlap %d", int64(len(out))-w.Offset)
		}
		out = append(out[:w.Offset], w.Bytes...)
	}
	if !bytes.Equal(out, body) || len(k.bodies) != 1 || k.bodies[0].SHA256 != digest(string(body)) {
		t.Errorf("body of %d bytes", len(out))
	}
	if st.WindowsCut != 0 {
		t.Errorf("%+v", st)
	}
}

func TestOutOfOrderAndConflicts(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	s := c.seq[client]
	req := "GET /real HTTP/1.1\r\nHost: real.example\r\n\r\n"
	c.at(client, s+10, req[10:], layers.TCP{ACK: true})
	c.at(client, s, req[:10], layers.TCP{ACK: true})
	c.at(client, s, "GET /fake "+req[10:], layers.TCP{ACK: true}) // a retransmission that lies
	c.at(client, 7, "", layers.TCP{RST: true})                    // a forged reset
	c.seq[client] += uint32(len(req))
	c.send(client, "GET /after HTTP/1.1\r\nHost: after.example\r\n\r\n", 100)
	k, st, err := b.analyze(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(k.http) != 2 || k.http[0].Message.URI != "/real" || k.http[1].Message.Host != "after.example" {
		t.Errorf("%+v", k.http)
	}
	if st.TCP.Conflicts != 1 || k.flows[0].Conflicts != 1 || st.TCP.OutOfOrder != 1 || k.flows[0].State() != "reset" {
		t.Errorf("%+v %+v", st.TCP, k.flows)
	}
}

// TestForgedFin: a FIN that the peer never saw does not hide what follows.
func TestForgedFin(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	c.at(client, c.seq[client], "", layers.TCP{FIN: true, ACK: true})
	c.at(server, c.seq[server], "", layers.TCP{FIN: true, ACK: true})
	c.send(client, "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n", 9)
	k, st, err := b.analyze(Options{})
	if err != nil || len(k.http) != 1 || k.http[0].Message.URI != "/hidden" || st.TCP.AfterEnd == 0 {
		t.Errorf("%v %+v %+v", err, k.http, st.TCP)
	}
	if s := k.stream(t, "tcp 10.0.0.1:40000 > 10.0.0.2:80"); !strings.HasPrefix(s, "GET /hidden") {
		t.Errorf("stream %q", s)
	}
}

func TestPortsUsedAgain(t *testing.T) {
	b := newBuilder(t)
	for i := range 2 {
		c := &tcp{b: b, src: 40000, dst: 80, seq: [2]uint32{uint32(i) * 70000, uint32(i) * 9000}}
		c.at(client, c.seq[client], "", layers.TCP{SYN: true})
		c.seq[client]++
		c.send(client, fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i), 100)
	}
	k, _, err := b.analyze(Options{})
	if err != nil || len(k.flows) != 2 || len(k.http) != 2 || k.http[1].Message.URI != "/1" {
		t.Errorf("%v: %+v %+v", err, k.flows, k.http)
	}
}

// query is a question for name, of type A.
func query(name string) []byte {
	b := []byte{0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for l := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0, 0, 1, 0, 1)
}

func TestDNSKinds(t *testing.T) {
	b := newBuilder(t)
	b.udp("10.0.0.1", "10.0.0.2", 1111, 53, query("a.example"))
	b.udp("10.0.0.1", "224.0.0.251", 5353, 5353, query("b.local"))
	b.udp("10.0.0.1", "224.0.0.252", 1111, 5355, query("c"))
	b.udp("10.0.0.1", "10.0.0.2", 1111, 53, []byte("too short"))
	c := b.connect(1112, 53)
	q := query("tcp.example")
	msg := string(binary.BigEndian.AppendUint16(nil, uint16(len(q)))) + string(q)
	c.send(client, msg+msg, 11)
	c.close()
	k, st, err := b.analyze(Options{})
	if err != nil || len(k.dns) != 6 || st.DNS != 6 || st.DNSMalformed != 1 {
		t.Fatalf("%v: %d messages, %+v", err, len(k.dns), st)
	}
	var got []string
	for _, d := range k.dns {
		if len(d.Message.Questions) == 1 {
			got = append(got, d.Kind+" "+d.Message.Questions[0].Name)
		}
	}
	if want := "[dns a.example mdns b.local llmnr c dns tcp.example dns tcp.example]"; fmt.Sprint(got) != want {
		t.Errorf("%v", got)
	}
}

// TestTruncatedAnywhere cuts a small capture at every byte: no panic, and a
// cut inside a record is always said.
func TestTruncatedAnywhere(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	c.send(client, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", 11)
	c.send(server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 20)
	b.udp("10.0.0.1", "10.0.0.2", 1111, 53, query("a.example"))
	c.close()
	whole := b.buf.Bytes()
	ends := map[int]bool{24: true}
	r, err := capture.NewReader(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := r.Next(); err != nil {
			break
		}
		ends[int(r.Offset())] = true
	}
	for n := range whole {
		st, err := Analyze(context.Background(), bytes.NewReader(whole[:n]), Options{}, (&kept{}).handler())
		switch {
		case n < 4 && errors.Is(err, capture.ErrFormat), ends[n] && err == nil:
		case n < 4, ends[n], !errors.Is(err, ErrIncomplete), !st.Stopped, len(st.Damage) != 1:
			t.Errorf("cut at %d: %v %+v", n, err, st.Damage)
		}
	}
}

func TestHandlerErrorEnds(t *testing.T) {
	b := newBuilder(t)
	for i := range 10 {
		b.udp("10.0.0.1", "10.0.0.2", uint16(i), 53, query("a.example"))
	}
	mine, calls := errors.New("mine"), 0
	h := Handler{DNS: func(*DNS) error { calls++; return mine }}
	if _, err := Analyze(context.Background(), bytes.NewReader(b.buf.Bytes()), Options{}, h); !errors.Is(err, mine) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Analyze(ctx, bytes.NewReader(b.buf.Bytes()), Options{}, Handler{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestLimitsAreSaid: each limit that cuts something shows in the error.
func TestLimitsAreSaid(t *testing.T) {
	for name, c := range map[string]struct {
		o     Options
		build func(b *builder)
		want  string
	}{
		"flows": {Options{MaxFlows: 10}, func(b *builder) {
			for i := range uint16(30) {
				b.udp("10.0.0.1", "10.0.0.2", i+1, 9, []byte("x")) // these go silently
				b.connect(i+1, 80).send(client, "alive", 9)
			}
		}, "25 flows forgotten while alive"},
		"waiting": {Options{MaxWaiting: 5000}, func(b *builder) {
			c := b.connect(1, 2)
			for i := range uint32(10) {
				c.at(client, c.seq[client]+10+i*1000, strings.Repeat("x", 1000), layers.TCP{ACK: true})
			}
		}, "gaps declared for memory"},
		"memory": {Options{MaxMemory: 20_000}, func(b *builder) {
			for i := range uint16(30) {
				c := b.connect(1000+i, 80)
				c.at(client, c.seq[client]+1, strings.Repeat("x", 1000), layers.TCP{ACK: true})
			}
		}, "connections given up for memory"},
		"windows": {Options{MaxMemory: 20_000}, func(b *builder) {
			cs := make([]*tcp, 30)
			for i := range cs {
				cs[i] = b.connect(1000+uint16(i), 80)
				cs[i].send(client, strings.Repeat("x", 1000), 1000)
			}
			for _, c := range cs {
				c.send(client, "more", 1000)
			}
		}, "stream windows cut for memory"},
		"head": {Options{}, func(b *builder) {
			b.connect(1, 80).send(client, "GET / HTTP/1.1\r\nA: "+strings.Repeat("x", 70_000), 1400)
		}, "heads too long"},
		"bomb": {Options{MaxDecoded: 100_000}, func(b *builder) {
			c := b.connect(1, 80)
			e := gz(b.t.(*testing.T), strings.Repeat("\x00", 10_000_000))
			c.send(server, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(e), e), 1400)
		}, "bodies not decoded to their end"},
		"link type": {Options{}, func(b *builder) { b.udp("10.0.0.1", "10.0.0.2", 1, 2, nil); b.buf.Bytes()[20] = 147 }, "link type 147"},
		"fragments": {Options{}, func(b *builder) {
			for i := range 400 {
				ip := ipTo("10.0.0.1", "10.0.0.2", 17)
				ip.Id, ip.FragOffset, ip.Flags = uint16(i), 8000, layers.IPv4MoreFragments
				b.frame(ip, gopacket.Payload(make([]byte, 800)))
			}
		}, "fragmented datagrams given up"},
	} {
		b := newBuilder(t)
		c.build(b)
		_, st, err := b.analyze(c.o)
		if !errors.Is(err, ErrIncomplete) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v %+v", name, err, st)
		}
	}
}

// TestIdleFlowsGoSilently: forgetting what has ended is no loss.
func TestIdleFlowsGoSilently(t *testing.T) {
	b := newBuilder(t)
	for i := range uint16(30) {
		c := b.connect(1000+i, 80)
		c.send(client, fmt.Sprintf("GET /%d HTTP/1.1\r\n\r\n", i), 99)
		c.close()
	}
	k, st, err := b.analyze(Options{MaxFlows: 5})
	if err != nil || len(k.http) != 30 || len(k.flows) != 30 || st.FlowsExpired != 25 {
		t.Errorf("%v: %d requests, %d flows, %+v", err, len(k.http), len(k.flows), st)
	}
}

// TestMidstream: HTTP is found again after bytes that were not captured.
func TestMidstream(t *testing.T) {
	b := newBuilder(t)
	c := &tcp{b: b, src: 1, dst: 80, seq: [2]uint32{1000, 2000}}
	c.send(client, "tail of a request\r\n\r\n", 99)
	c.send(client, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", 99)
	c.seq[client] += 500
	c.send(client, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n", 99)
	k, st, err := b.analyze(Options{})
	if err != nil || len(k.http) != 2 || k.http[1].Message.URI != "/2" || st.TCP.GapBytes != 500 || k.flows[0].Gaps != 1 || k.flows[0].State() != "midstream" {
		t.Errorf("%v %+v %+v %+v", err, k.http, st.TCP, k.flows)
	}
}

// TestLostResponse: a response that was not captured does not name the bodies
// after it wrongly.
func TestLostResponse(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	request := func(uri string) { c.send(client, "GET "+uri+" HTTP/1.1\r\nHost: h\r\n\r\n", 99) }
	answer := func(body string) { c.send(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"+body, 99) }
	request("/0")
	answer("b0")
	for _, uri := range []string{"/1", "/2"} {
		request(uri)
		c.seq[server] += 40 // its response
	}
	request("/3")
	answer("b3")
	request("/4")
	answer("b4")
	c.close()
	k, _, err := b.analyze(Options{})
	var got []string
	for _, m := range k.http {
		if !m.Message.Request {
			got = append(got, m.Message.URI)
		}
	}
	if want := []string{"/0", "/3", "/4"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v: responses to %q, want %q", err, got, want)
	}
}

// FuzzAnalyze runs whole captures through everything.
func FuzzAnalyze(f *testing.F) {
	b := newBuilder(f)
	c := b.connect(40000, 80)
	c.send(client, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", 11)
	c.send(server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 20)
	b.udp("10.0.0.1", "10.0.0.2", 1111, 53, query("a.example"))
	f.Add(b.buf.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		k := &kept{}
		st, err := Analyze(context.Background(), bytes.NewReader(data), Options{MaxFlows: 3, MaxMemory: 3000, MaxWaiting: 2000, Window: 64, Overlap: 8, MaxBody: 64}, k.handler())
		if errors.Is(err, capture.ErrFormat) {
			return
		}
		if err != nil && !errors.Is(err, ErrIncomplete) {
			t.Error(err)
		}
		if len(k.flows) != st.Flows || st.Contents != len(k.contents) {
			t.Errorf("%d flows, %+v", len(k.flows), st)
		}
		if err := Join(observer(func(analyze.Event) {})).all(k); err != nil {
			t.Error(err)
		}
	})
}

func (h Handler) all(k *kept) error {
	var errs []error
	for i := range k.flows {
		errs = append(errs, h.Flow(&k.flows[i]))
	}
	for i := range k.dns {
		errs = append(errs, h.DNS(&k.dns[i]))
	}
	for i := range k.http {
		errs = append(errs, h.HTTP(&k.http[i]))
	}
	for i := range k.tls {
		errs = append(errs, h.TLS(&k.tls[i]))
	}
	return errors.Join(errs...)
}
