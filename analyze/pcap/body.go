package pcap

import (
	"net"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/pcap/carve"
	"github.com/hozen-dfir/hozen/analyze/pcap/http1"
)

// message is called at the end of each HTTP head; what it returns takes the
// body.
func (d *direction) message(m *http1.Message) http1.Body {
	a, id := d.c.a, d.c.f.direction(d.i)
	d.c.f.Protocol = "http"
	if m.Request {
		a.stats.Requests++
	} else {
		a.stats.Responses++
	}
	if a.h.HTTP != nil && a.err == nil {
		if err := a.h.HTTP(&HTTP{Flow: id, Message: m}); err != nil {
			a.fail(err)
		}
	}
	if a.h.Body == nil && a.h.Content == nil {
		return nil
	}
	l := carve.Limits{Window: a.opts.MaxBody, Overlap: a.opts.Overlap, Decoded: max(1, min(a.opts.MaxDecoded, a.decodable()))}
	d.app.body = carve.New(l, m.Codings(), d.windows(id, m), func(r carve.Result) { d.bodyEnd(id, m, r) })
	return d.app.body
}

// decodable is how many bytes may still be decoded of bodies: bodies that unpack
// to a thousand times their size must not use up the time for the capture.
func (a *analysis) decodable() int64 {
	return a.opts.DecodedFloor + decodedTimes*a.captured - a.decoded
}

func (d *direction) windows(id FlowID, m *http1.Message) func(carve.Window) {
	a := d.c.a
	if a.h.Content == nil {
		return nil
	}
	return func(w carve.Window) {
		if a.err != nil {
			return
		}
		a.stats.Contents++
		err := a.h.Content(&Content{
			Name: "http/body", Flow: id, At: w.At, Offset: w.Offset, Bytes: w.Bytes, URL: messageURL(m, id),
		})
		if err != nil {
			a.fail(err)
		}
	}
}

func (d *direction) bodyEnd(id FlowID, m *http1.Message, r carve.Result) {
	a := d.c.a
	d.app.body = nil
	if r.Decoded != "" {
		a.decoded += r.Size
	}
	if r.Size == 0 && r.Problem == "" {
		return
	}
	a.stats.Bodies++
	switch {
	case r.Limit:
		a.stats.BodiesCut++
	case r.Problem != "":
		a.stats.BodiesEncoded++
	case !r.Whole:
		a.stats.BodiesBroken++
	}
	if a.h.Body == nil || a.err != nil {
		return
	}
	if err := a.h.Body(&Body{Flow: id, Message: m, Result: r}); err != nil {
		a.fail(err)
	}
}

// messageURL builds the absolute URL of a request, or of the request that a
// response answers. Without a Host field the server's address stands in.
func messageURL(m *http1.Message, id FlowID) string {
	uri := m.URI
	if scheme, _, ok := strings.Cut(uri, "://"); ok && !strings.ContainsAny(scheme, "/?#") {
		return uri
	}
	if m.Method == "CONNECT" || m.Method == "" {
		return ""
	}
	host := m.Host
	if host == "" {
		server := id.Dst
		if !m.Request {
			server = id.Src
		}
		host = server.String()
		if server.Port() == 80 {
			host = server.Addr().String()
			if server.Addr().Is6() {
				host = net.JoinHostPort(host, "80")
			}
		}
	}
	if !strings.HasPrefix(uri, "/") {
		uri = "/" + uri
	}
	return "http://" + host + uri
}
