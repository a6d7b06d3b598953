package http1

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// log notes messages and bodies of both directions as lines.
type log struct {
	lines []string
	x     Exchange
}

type logBody struct {
	l *log
	b bytes.Buffer
}

func (b *logBody) Data(p []byte, _ stream.Mark) { b.b.Write(p) }
func (b *logBody) Gap(n int64)                  { fmt.Fprintf(&b.b, "<%d>", n) }
func (b *logBody) End(whole bool) {
	if b.b.Len() > 0 || !whole {
		b.l.lines = append(b.l.lines, fmt.Sprintf("body %q %v", b.b.String(), whole))
	}
}

func (l *log) message(m *Message) Body {
	if m.Request {
		l.lines = append(l.lines, fmt.Sprintf("%s %s %s host=%s", m.Method, m.URI, m.Version, m.Host))
	} else {
		l.lines = append(l.lines, fmt.Sprintf("%d for %s %s", m.Status, m.Method, m.URI))
	}
	if m.Partial {
		l.lines[len(l.lines)-1] += " partial"
	}
	for _, a := range m.Anomalies {
		l.lines[len(l.lines)-1] += " !" + a
	}
	return &logBody{l: l}
}

// feed cuts data into pieces; "<<n>>" in it stands for a gap of n bytes.
func (l *log) feed(p *Parser, data string, step int) {
	at := stream.Mark{Packet: 1}
	for i, part := range strings.Split(data, "<<") {
		if i > 0 {
			var n int64
			head, rest, _ := strings.Cut(part, ">>")
			fmt.Sscan(head, &n)
			p.Gap(n)
			part = rest
		}
		for len(part) > 0 {
			n := min(step, len(part))
			p.Data([]byte(part[:n]), at)
			part = part[n:]
		}
	}
}

func TestExchanges(t *testing.T) {
	for name, c := range map[string]struct {
		req, resp string
		want      []string
	}{
		"pipelined": {
			"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nhost:  b \r\nContent-Length: 3\r\n\r\nxyzHEAD /3 HTTP/1.1\r\nHost: c\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
			[]string{"GET /1 1.1 host=a", "POST /2 1.1 host=b", `body "xyz" true`, "HEAD /3 1.1 host=c",
				"200 for GET /1", `body "hi" true`, "100 for POST /2", "204 for POST /2", "200 for HEAD /3"},
		},
		"chunked with extension and trailer": {
			"GET /x HTTP/1.1\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 404 Not\r\nContent-Length: 0\r\n\r\n",
			[]string{"GET /x 1.1 host=", "200 for GET /x", `body "abc0123456789" true`, "404 for  "},
		},
		"to the end": {"GET / HTTP/1.0\n\n", "HTTP/1.0 200 OK\n\nall of it", []string{"GET / 1.0 host=", "200 for GET /", `body "all of it" true`}},
		"folded":     {"GET / HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n", "", []string{"GET / 1.1 host=a.example"}},
		"0.9":        {"GET /old\r\n", "", []string{"GET /old 0.9 host="}},
		"smuggling": {
			"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 4\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\nGET /s HTTP/1.1\r\n\r\n", "",
			[]string{"POST / 1.1 host=a !two hosts !two content lengths !length and transfer coding", `body "z" true`, "GET /s 1.1 host="},
		},
		"bad length": {"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", "", []string{"GET / 1.1 host= !bad content length", "GET /2 1.1 host="}},
		"gap in a body": {
			"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab<<6>>yzHTTP/1.1 304 Not\r\n\r\n",
			[]string{"GET / 1.1 host=", "200 for GET /", `body "ab<6>yz" true`, "304 for  "},
		},
		"gap over a body's end": {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab<<9>>garbage", []string{"200 for  ", `body "ab" false`}},
		"head cut":              {"GET /cut HTTP/1.1\r\nHost: a\r\nUser-Ag", "", []string{"GET /cut 1.1 host=a partial"}},
		"body cut":              {"POST /cut HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "", []string{"POST /cut 1.1 host=", `body "abc" false`}},
		"tunnel":                {"CONNECT h:443 HTTP/1.1\r\n\r\n\x16\x03", "HTTP/1.1 200 OK\r\n\r\n\x16\x03", []string{"CONNECT h:443 1.1 host=", "200 for CONNECT h:443"}},
		"no HTTP":               {"USER anonymous\r\nPASS x\r\n", "220 ready\r\n", nil},
		"bad chunk size":        {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", []string{"200 for  ", `body "" false`}},
		"huge chunk size":       {"", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", []string{"200 for  ", `body "" false`}},
	} {
		for _, step := range []int{1, 2, 3, 1 << 20} {
			l := &log{}
			for _, side := range []string{c.req, c.resp} {
				p := NewParser(&l.x, l.message)
				l.feed(p, side, step)
				p.Close(true)
			}
			if d := cmp.Diff(c.want, l.lines); d != "" {
				t.Errorf("%s, step %d: %s", name, step, d)
			}
		}
	}
}

// TestManyFields: a field is read wherever in the head it stands.
func TestManyFields(t *testing.T) {
	l := &log{}
	l.feed(NewParser(&l.x, l.message), "GET / HTTP/1.1\r\n"+strings.Repeat("X: y\r\n", 5000)+"Host: last\r\n\r\n", 1<<20)
	if d := cmp.Diff([]string{"GET / 1.1 host=last"}, l.lines); d != "" {
		t.Error(d)
	}
}

// TestRest: what follows the end of HTTP is given back, also where a first byte
// looked like HTTP.
func TestRest(t *testing.T) {
	for name, c := range map[string]struct{ before, data, want string }{
		"tunnel":      {"", "CONNECT h:1 HTTP/1.1\r\n\r\nGET /in", "GET /in"},
		"upgrade":     {"", "HTTP/1.1 101 Switching\r\n\r\n\x81", "\x81"},
		"http/2":      {"", "GET / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n"},
		"late":        {"S", "\x16\x03\x00\n", "\x16\x03\x00\n"},
		"none":        {"", "GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", ""},
		"no HTTP":     {"", "USER x\r\nPASS y\r\n", ""},
		"inside body": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "zz\r\nmore", ""},
	} {
		l := &log{}
		p := NewParser(&l.x, l.message)
		p.Data([]byte(c.before), stream.Mark{})
		if got := p.Data([]byte(c.data), stream.Mark{}); string(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
		for _, line := range l.lines {
			if strings.HasPrefix(line, "PRI") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

func TestRaw09(t *testing.T) {
	l := &log{}
	p := NewParser(&l.x, l.message)
	l.feed(p, "GET /old\r\n", 99)
	if l.x.Expecting() == nil || l.x.Expecting().Version != "0.9" {
		t.Fatal("no request waits")
	}
	r := NewRawParser(&l.x, l.message, stream.Mark{})
	l.feed(r, "<html>", 2)
	r.Close(true)
	if d := cmp.Diff([]string{"GET /old 0.9 host=", "0 for GET /old", `body "<html>" true`}, l.lines); d != "" {
		t.Error(d)
	}
}

// TestLimits: heads, chunk lines and trailers without end are given up and
// said; pipelined requests without responses are bounded.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct{ start, repeat string }{
		"line":    {"GET /", "aaaaaaaa"},
		"headers": {"GET / HTTP/1.1\r\n", "a: b\r\n"},
		"chunk":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxx"},
		"trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n"},
	} {
		l := &log{}
		p := NewParser(&l.x, l.message)
		l.feed(p, c.start+strings.Repeat(c.repeat, 2*maxHead/len(c.repeat)), 1000)
		if !p.Lost() || !p.Over() || p.Held() > 0 {
			t.Errorf("%s: lost %v over %v held %d", name, p.Lost(), p.Over(), p.Held())
		}
	}
	l := &log{}
	p := NewParser(&l.x, l.message)
	l.feed(p, strings.Repeat("GET / HTTP/1.1\r\n\r\n", maxPending+7), 1<<20)
	if l.x.Dropped != 7 {
		t.Errorf("%d dropped", l.x.Dropped)
	}
}

func FuzzParser(f *testing.F) {
	f.Add("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 7)
	f.Add("GET /old\r\n", "HTTP/1.0 200 OK\r\n\r\nab<<5>>c", 1)
	f.Fuzz(func(t *testing.T, req, resp string, step int) {
		step = min(max(step, 1), 1<<16)
		var first []string
		for _, n := range []int{step, 1 << 20} {
			l := &log{}
			for _, side := range []string{req, resp} {
				p := NewParser(&l.x, l.message)
				l.feed(p, side, n)
				if p.Held() > 4*maxHead {
					t.Errorf("%d bytes held", p.Held())
				}
				p.Close(true)
			}
			if first == nil {
				first = append([]string{}, l.lines...)
			} else if d := cmp.Diff(first, append([]string{}, l.lines...)); d != "" && len(req)+len(resp) < maxHead {
				t.Errorf("what is seen depends on how it is cut: %s", d)
			}
		}
	})
}
