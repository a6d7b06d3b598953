package pcap

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gopacket/layers"
)

// TestForgedStart: one segment that an endpoint ignores must not hide the
// segments that it takes.
func TestForgedStart(t *testing.T) {
	const request, page = "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n", "<p>malware</p>"
	body := strings.Repeat(page, 100)
	response := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	early := func(n uint32) func(*tcp) { // from the server, before its handshake
		return func(c *tcp) { c.at(server, 5001+n, "HTTP/1.1 200 OK\r\n\r\n", layers.TCP{ACK: true}) }
	}
	syn := func(n uint32) func(*tcp) { // from the client, after the handshake
		return func(c *tcp) { c.at(client, c.seq[client]+n, "", layers.TCP{SYN: true}) }
	}
	for name, c := range map[string]struct{ before, after func(*tcp) }{
		"data ahead":      {before: early(700)},
		"data far ahead":  {before: early(1 << 30)},
		"data far behind": {before: early(1 << 31)},
		"syn ahead":       {after: syn(20)},
		"syn far ahead":   {after: syn(1 << 30)},
		"syn behind":      {after: syn(1<<32 - 700)},
	} {
		b := newBuilder(t)
		if c.before != nil {
			c.before(&tcp{b: b, src: 40000, dst: 80})
		}
		h := b.connect(40000, 80)
		if c.after != nil {
			c.after(h)
		}
		h.send(client, request, 10)
		h.send(server, response, 100)
		h.close()
		k, st, err := b.analyze(Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		hosts, whole := 0, 0
		for _, m := range k.http {
			if m.Message.Host == "a.example" && m.Message.Request && !m.Message.Partial {
				hosts++
			}
		}
		for _, m := range k.bodies {
			if m.SHA256 == digest(body) && m.Whole {
				whole++
			}
		}
		if hosts != 1 || whole != 1 {
			t.Errorf("%s: %d requests, %d bodies, %+v", name, hosts, whole, st.TCP)
		}
	}
}

// TestNumbersUsedAgain: a second connection with the ports and numbers of the
// first is one of its own.
func TestNumbersUsedAgain(t *testing.T) {
	b := newBuilder(t)
	for _, host := range []string{"one.example", "two.example"} {
		c := b.connect(40000, 80)
		c.send(client, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n", 2000)
		c.send(server, "HTTP/1.1 204 No\r\n\r\n", 2000)
		c.close()
	}
	k, _, err := b.analyze(Options{})
	if err != nil || len(k.flows) != 2 || len(k.http) != 4 || k.http[2].Message.Host != "two.example" || k.http[2].Message.At.Packet != 11 {
		t.Errorf("%v %+v %+v", err, k.flows, k.http)
	}
}

// TestStrayBytes: bytes outside of a stream are handed out and examined, and
// don't disturb what is read from the stream.
func TestStrayBytes(t *testing.T) {
	b := newBuilder(t)
	c := b.connect(40000, 80)
	c.send(client, "POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 20\r\n\r\n0123456789", 30)
	c.at(client, c.seq[client]-1<<28, "GET /stray HTTP/1.1\r\nHost: stray.example\r\n\r\n", layers.TCP{ACK: true})
	c.at(client, c.seq[client]-1<<27, "PRI * HTTP/2.0\r\n\r\n", layers.TCP{ACK: true})
	c.send(client, "abcdefghij", 3)
	c.close()
	k, _, err := b.analyze(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(k.http) != 2 || k.http[1].Message.Host != "stray.example" || len(k.bodies) != 1 || !k.bodies[0].Whole {
		t.Errorf("%+v %+v", k.http, k.bodies)
	}
	var aside []string
	for _, w := range k.contents {
		if w.Name == "tcp/stray" {
			aside = append(aside, string(w.Bytes[:4]))
		}
	}
	if fmt.Sprint(aside) != "[GET  PRI ]" {
		t.Errorf("%q", aside)
	}
}

// TestLengthBeyondTheFrame: bytes that a header claims and that were never sent
// don't take the place of those that are. Of a packet that was captured in part
// they were sent, and a gap says so.
func TestLengthBeyondTheFrame(t *testing.T) {
	for name, c := range map[string]struct {
		snapped        bool
		requests, gaps int
	}{"forged": {false, 1, 0}, "captured in part": {true, 0, 1}} {
		b := newBuilder(t)
		conn := b.connect(40000, 80)
		at := b.buf.Len()
		conn.at(client, conn.seq[client], "", layers.TCP{ACK: true})
		forged := b.buf.Bytes()[at:]
		const more = 200
		ip := forged[16:] // behind the record's header
		binary.BigEndian.PutUint16(ip[2:], binary.BigEndian.Uint16(ip[2:])+more)
		if c.snapped {
			binary.LittleEndian.PutUint32(forged[12:], binary.LittleEndian.Uint32(forged[12:])+more)
		}
		conn.send(client, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n", 99)
		k, _, err := b.analyze(Options{})
		if err != nil || len(k.http) != c.requests || k.flows[0].Gaps != c.gaps {
			t.Errorf("%s: %v: %d requests, %+v", name, err, len(k.http), k.flows)
		}
	}
}
