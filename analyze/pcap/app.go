package pcap

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/pcap/carve"
	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
	"github.com/hozen-dfir/hozen/analyze/pcap/http1"
	"github.com/hozen-dfir/hozen/analyze/pcap/tls"
)

// app is what reads one direction's bytes: one of the parsers, or none yet.
type app struct {
	http   *http1.Parser
	tls    *tls.Parser
	hello  bool // the TLS parser has seen a hello
	opaque bool // nothing more to read: encrypted, or HTTP/2
	isDNS  bool
	dns    []byte // a message being collected, with its length
	body   *carve.Body
	at     Mark // packet of the bytes being read
}

func (p *app) held() int {
	n := cap(p.dns)
	if p.http != nil {
		n += p.http.Held()
	}
	if p.tls != nil {
		n += p.tls.Held()
	}
	if p.body != nil {
		n += p.body.Held()
	}
	return n
}

// detect feeds b, one segment's worth, to the parser of this direction, or
// looks for one: on any port, by content, at the start of each segment and
// where HTTP gives way to something else.
func (d *direction) detect(b []byte, at Mark) {
	p := &d.app
	for len(b) > 0 && !p.opaque {
		if p.http == nil && p.tls == nil && !p.isDNS {
			if b = withoutProxy(b); len(b) == 0 {
				return
			}
			d.choose(b, at)
		}
		p.at = at
		switch {
		case p.isDNS:
			d.dnsStream(b, at)
			return
		case p.tls != nil:
			d.tlsData(b, at)
			return
		case p.http == nil:
			return
		}
		b = p.http.Data(b, at)
		d.httpLost()
	}
}

func (d *direction) choose(b []byte, at Mark) {
	p, c := &d.app, d.c
	id := c.f.ID
	x := d.exchange()
	q := x.Expecting()
	switch {
	case dnsKind(id.Src.Port(), id.Dst.Port()) == "dns" && !disguised(b):
		p.isDNS = true
		c.f.Protocol = "dns"
	case tls.Looks(b):
		p.tls = tls.NewParser(d.tlsHandler())
	case strings.HasPrefix(string(b[:min(len(b), 24)]), "PRI * HTTP/2.0\r\n"):
		c.a.stats.HTTP2++
		p.opaque = true
		if !d.aside {
			c.dirs[1-d.i].app.opaque = true
		}
	case http1.Looks(b):
		p.http = http1.NewParser(x, d.message)
	case d.i == 1 && q != nil && q.Version == "0.9":
		p.http = http1.NewRawParser(x, d.message, at)
	}
}

// disguised reports whether what came on the port of DNS is TLS or HTTP, which
// pass there where others don't. The head of a DNS message has zeros where HTTP
// has none, and a first byte of 22 only where it is longer than 5,632 bytes.
func disguised(b []byte) bool {
	const head = 2 + 12 // length and header of a message
	return len(b) >= head && (tls.Looks(b) || http1.Looks(b))
}

// httpLost lets go of a parser that is out of step.
func (d *direction) httpLost() {
	if d.app.http.Lost() {
		d.c.a.headCut(d.app.http.Over())
		d.app.http = nil
	}
}

func (a *analysis) headCut(over bool) {
	if over {
		a.stats.HeadsCut++
	}
}

func (d *direction) tlsData(b []byte, at Mark) {
	p := &d.app
	p.tls.Data(b)
	if p.tls.Done() {
		d.c.a.headCut(p.tls.Over())
		p.tls, p.opaque = nil, p.hello
	}
}

func (p *app) gap(n int64) {
	switch {
	case p.http != nil:
		p.http.Gap(n)
		if p.http.Lost() {
			p.http = nil
		}
	case p.tls != nil:
		p.tls, p.opaque = nil, p.hello
	case p.isDNS:
		p.dns = p.dns[:0] // the next segment is taken to start a message
	}
}

func (p *app) close(orderly bool, s *Stats) {
	if p.http != nil {
		p.http.Close(orderly)
		p.http = nil
	}
	if len(p.dns) > 2 {
		s.DNSMalformed++
	}
	p.tls, p.dns = nil, nil
}

func (d *direction) tlsHandler() tls.Handler {
	c := d.c
	event := func(t TLS) {
		d.app.hello = true
		c.f.Protocol = "tls"
		t.Flow, t.At = c.f.direction(d.i), d.app.at
		if c.a.h.TLS != nil && c.a.err == nil {
			if err := c.a.h.TLS(&t); err != nil {
				c.a.fail(err)
			}
		}
	}
	return tls.Handler{
		Client: func(h *tls.ClientHello) {
			c.a.stats.ClientHellos++
			event(TLS{Client: h})
		},
		Server: func(h *tls.ServerHello) {
			c.a.stats.ServerHellos++
			event(TLS{Server: h})
		},
		Certificate: func(der []byte, i int) { event(TLS{Certificate: der, Position: i}) },
	}
}

// dnsKind names the protocol of a port, "" for none: DNS (RFC 1035), mDNS
// (RFC 6762), LLMNR (RFC 4795).
func dnsKind(src, dst uint16) string {
	for _, p := range [2]uint16{dst, src} {
		switch p {
		case 53:
			return "dns"
		case 5353:
			return "mdns"
		case 5355:
			return "llmnr"
		}
	}
	return ""
}

// dnsStream splits a TCP stream into messages (RFC 1035 section 4.2.2).
func (d *direction) dnsStream(b []byte, at Mark) {
	p := &d.app
	p.dns = append(p.dns, b...)
	for len(p.dns) >= 2 {
		n := 2 + int(binary.BigEndian.Uint16(p.dns))
		if len(p.dns) < n {
			return
		}
		d.c.a.dns(d.c.f.direction(d.i), "dns", p.dns[2:n], at)
		p.dns = append(p.dns[:0], p.dns[n:]...)
	}
}

func (a *analysis) dns(id FlowID, kind string, b []byte, at Mark) {
	m, err := dns.Parse(b)
	a.stats.DNS++
	switch {
	case errors.Is(err, dns.ErrLimit):
		a.stats.DNSCut++
	case err != nil:
		a.stats.DNSMalformed++
	}
	if a.h.DNS == nil || a.err != nil {
		return
	}
	if err := a.h.DNS(&DNS{Flow: id, At: at, Kind: kind, Message: m, Err: err}); err != nil {
		a.fail(err)
	}
}
