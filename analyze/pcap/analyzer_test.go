package pcap

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
	"github.com/hozen-dfir/hozen/evidence"
)

// indicators compiles a real set from lines of a list.
func indicators(t *testing.T, lines string) *ioc.Set {
	t.Helper()
	b := ioc.NewBuilder()
	if err := b.File("test.txt"); err != nil {
		t.Fatal(err)
	}
	if _, err := list.Read(strings.NewReader(lines), b.Add); err != nil {
		t.Fatal(err)
	}
	set, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func subject(path string, b []byte) *analyze.Subject {
	s := &analyze.Subject{Bundle: "B", Size: int64(len(b)), Body: bytes.NewReader(b)}
	s.Record.SetPath(path)
	s.Record.Outcome = evidence.Collected
	s.Record.Seq = 7
	return s
}

func examine(t *testing.T, cfg Config, b []byte) ([]analyze.Finding, error) {
	t.Helper()
	var out []analyze.Finding
	err := New(cfg).Examine(context.Background(), subject("/x.pcap", b), func(f analyze.Finding) { out = append(out, f) })
	return out, err
}

// evilCapture holds one of everything that indicators can match.
func evilCapture(t *testing.T) []byte {
	b := newBuilder(t)
	b.udp("10.0.0.1", "10.0.0.53", 1111, 53, query("www.evil.example"))
	b.udp("10.0.0.1", "10.0.0.53", 1112, 53, query("notevil.example"))
	b.udp("10.0.0.1", "203.0.113.9", 1113, 9, []byte("x"))
	c := b.connect(40000, 8080)
	c.send(client, "GET /gate.php?id=1 HTTP/1.1\r\nHost: c2.example:8080\r\n\r\n", 20)
	c.send(server, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npayload", 20)
	c.close()
	return b.buf.Bytes()
}

func TestFindings(t *testing.T) {
	set := indicators(t, strings.Join([]string{
		"evil.example", "203.0.113.0/24", "http://c2.example:8080/gate.php",
		digest("payload"), "unrelated.example", "198.51.100.1", digest("other"),
	}, "\n"))
	fs, err := examine(t, Config{Indicators: set}, evilCapture(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		if f.Format != analyze.FindingFormat || f.Bundle != "B" || f.Seq != 7 || f.Path != "/x.pcap" || f.RuleFile != "test.txt" || f.Where.Time.IsZero() {
			t.Errorf("%+v", f)
		}
		got = append(got, fmt.Sprintf("%s %s %s | %s | %d %s", f.Kind, f.Rule, f.Where.Kind, f.Where.Flow, f.Where.Packet, f.Where.Name))
	}
	want := []string{
		"domain evil.example dns | udp 10.0.0.1:1111 > 10.0.0.53:53 | 1 www.evil.example",
		"cidr 203.0.113.0/24 flow | udp 10.0.0.1:1113 > 203.0.113.9:9 | 3 ",
		"url http://c2.example:8080/gate.php http | tcp 10.0.0.1:40000 > 10.0.0.2:8080 | 7 http://c2.example:8080/gate.php?id=1",
		"sha256 " + digest("payload") + " http | tcp 10.0.0.2:8080 > 10.0.0.1:40000 | 11 http://c2.example:8080/gate.php?id=1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	again, _ := examine(t, Config{Indicators: set}, evilCapture(t))
	if d := cmp.Diff(fs, again); d != "" {
		t.Errorf("two runs differ: %s", d)
	}
}

// hello is what crypto/tls sends first.
func hello(t *testing.T, name string) string {
	t.Helper()
	near, far := net.Pipe()
	go func() {
		_ = tls.Client(near, &tls.Config{ServerName: name}).Handshake()
		near.Close()
	}()
	defer far.Close()
	b := make([]byte, 4096)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// TestServerName: a hello in segments of 7 bytes, and one inside an HTTP
// tunnel.
func TestServerName(t *testing.T) {
	b := newBuilder(t)
	b.connect(40000, 9999).send(client, hello(t, "www.evil.example"), 7)
	c := b.connect(40001, 3128)
	c.send(client, "CONNECT cover.example:443 HTTP/1.1\r\nHost: cover.example\r\n\r\n", 99)
	c.send(server, "HTTP/1.1 200 OK\r\n\r\n", 99)
	c.send(client, hello(t, "in.evil.example"), 2000)
	fs, err := examine(t, Config{Indicators: indicators(t, "evil.example\ncover.example")}, b.buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		got = append(got, f.Rule+" "+f.Where.Kind+" "+f.Where.Name)
	}
	want := []string{"evil.example tls www.evil.example", "cover.example http cover.example:443", "evil.example tls in.evil.example"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestOddAddresses: an address that is malformed names a host all the same; one
// inside another's query is not the address that was asked for.
func TestOddAddresses(t *testing.T) {
	b := newBuilder(t)
	for i, s := range []string{
		"GET http://a.evil.example/%zz HTTP/1.1\r\nHost: good.example\r\n\r\n", "GET /1 HTTP/1.1\r\nHost: good.example\r\nReferer: HTTPS://u:p@b.evil.example:8443?%\r\n\r\n",
		"GET http://c.evil.example HTTP/1.1\r\n\r\n", "GET /2?u=http://no.evil.example/ HTTP/1.1\r\nHost: good.example\r\nReferer: http://good.example/@d.evil.example\r\n\r\n",
		"GET http://e.evil.example\\x\x01 HTTP/1.1\r\n\r\n",
	} {
		b.connect(uint16(40000+i), 80).send(client, s, 2000)
	}
	fs, err := examine(t, Config{Indicators: indicators(t, "evil.example\nhttp://good.example/2")}, b.buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		got = append(got, f.Matches[0].Text)
	}
	want := []string{"a.evil.example", "b.evil.example:8443", "c.evil.example", "http://good.example/2?u=http://no.evil.example/", "e.evil.example"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHidden: names and bodies where a reader may not look for them.
func TestHidden(t *testing.T) {
	b := newBuilder(t)
	get := "GET / HTTP/1.1\r\nHost: %s.evil.example\r\n\r\n"
	b.connect(40000, 53).send(client, fmt.Sprintf(get, "port53"), 2000)
	b.connect(40001, 53).send(client, hello(t, "tls53.evil.example"), 2000)
	b.connect(40002, 3128).send(client, "CONNECT h:80 HTTP/1.1\r\n\r\n"+fmt.Sprintf(get, "inner"), 2000)
	c := b.connect(40003, 5432)
	c.send(client, "S", 1)
	c.send(client, hello(t, "after.evil.example"), 2000)
	line, binary := "PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n", proxyBinary+"\x21\x11\x00\x0c"+strings.Repeat("\x00", 12)
	b.connect(40005, 443).send(client, line+hello(t, "proxied.evil.example"), 2000)
	b.connect(40006, 80).send(client, binary+fmt.Sprintf(get, "proxied2"), 2000)
	c = b.connect(40007, 80)
	c.send(client, line, 2000)
	c.send(client, fmt.Sprintf(get, "proxied3"), 2000)
	c = b.connect(40004, 80)
	body := gz(t, "payload")
	c.send(server, fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body), 2000)
	b.udp("10.0.0.1", "10.0.0.2", 1112, 7777, query("port7777.evil.example"))
	b.udp("10.0.0.1", "10.0.0.2", 137, 137, query("netbios.evil.example"))
	b.udp("10.0.0.53", "10.0.0.1", 53, 1111, []byte("\x00\x01\x80\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00"+
		"\x00\x41\x00\x01\x00\x00\x00\x05\x00\x0b\x00\x01\x00\x00\x04\x00\x04\xcb\x00\x71\x07"))
	fs, err := examine(t, Config{Indicators: indicators(t, "evil.example\n203.0.113.7\n"+digest("payload"))}, b.buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range fs {
		got = append(got, f.Where.Kind+" "+f.Matches[0].Text)
	}
	want := []string{"http port53.evil.example", "tls tls53.evil.example", "http inner.evil.example", "tls after.evil.example",
		"tls proxied.evil.example", "http proxied2.evil.example", "http proxied3.evil.example",
		"http " + digest("payload"), "dns port7777.evil.example", "dns 203.0.113.7"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestPortLeftOut: a client that leaves the port out of its Host field asks for
// the listed address all the same; the port of a proxy is none of the address.
func TestPortLeftOut(t *testing.T) {
	set := indicators(t, "http://c2.example:8080/gate\nc2.example:8080\nother.example:8080\nhttp://c2.example/gate\n")
	for request, want := range map[string]string{
		"GET /gate HTTP/1.1\r\nHost: c2.example\r\n\r\n":                        "c2.example:8080 http://c2.example/gate http://c2.example:8080/gate",
		"GET /gate HTTP/1.1\r\nHost: c2.example:81\r\n\r\n":                     "",
		"GET http://other.example/gate HTTP/1.1\r\nHost: other.example\r\n\r\n": "",
	} {
		b := newBuilder(t)
		b.connect(40000, 8080).send(client, request, 99)
		fs, err := examine(t, Config{Indicators: set}, b.buf.Bytes())
		var got []string
		for _, f := range fs {
			got = append(got, f.Rule)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", request, got, err, want)
		}
	}
}

// TestSpeltQuery: a name that a query spells in UTF-8 is that of its A-labels.
func TestSpeltQuery(t *testing.T) {
	set := indicators(t, "bücher.example\n")
	b := newBuilder(t)
	for i, name := range []string{"www.b\xc3\xbccher.example", "b\xc3\xbccher\xff.example", "\\195\\188.example", "xn--bcher-kva.example"} {
		b.udp("10.0.0.1", "10.0.0.53", uint16(1000+i), 53, query(name))
	}
	fs, err := examine(t, Config{Indicators: set}, b.buf.Bytes())
	if err != nil || len(fs) != 2 || fs[0].Where.Packet != 1 || fs[1].Where.Packet != 4 {
		t.Errorf("%v: %+v", err, fs)
	}
}

func TestFindingsLimit(t *testing.T) {
	b := newBuilder(t)
	for i := range MaxFindings + 10 {
		b.udp("203.0.113.9", "10.0.0.1", uint16(i+1), 9, []byte("x"))
	}
	fs, err := examine(t, Config{Indicators: indicators(t, "203.0.113.9")}, b.buf.Bytes())
	if !errors.Is(err, ErrIncomplete) || len(fs) != MaxFindings+1 || fs[MaxFindings].Kind != "limit" || fs[MaxFindings].More != 10 {
		t.Errorf("%v, %d findings", err, len(fs))
	}
}

func TestDerived(t *testing.T) {
	var got []string
	derive := func(_ context.Context, s *analyze.Subject, d analyze.Derived) error {
		if s.Record.Path != "/x.pcap" || d.Where.Packet == 0 {
			t.Errorf("%+v", d)
		}
		got = append(got, fmt.Sprintf("%s %s %s %q", d.Name, d.Where.Kind, d.Where.Flow, d.Bytes))
		return nil
	}
	if _, err := examine(t, Config{Derive: derive}, evilCapture(t)); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		`http/body http tcp 10.0.0.2:8080 > 10.0.0.1:40000 "payload"`,
		`tcp/stream stream tcp 10.0.0.1:40000 > 10.0.0.2:8080 "GET /gate.php?id=1`,
		`tcp/stream stream tcp 10.0.0.2:8080 > 10.0.0.1:40000 "HTTP/1.1 200 OK`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	broken := func(context.Context, *analyze.Subject, analyze.Derived) error { return errors.New("scanner died") }
	if _, err := examine(t, Config{Derive: broken}, evilCapture(t)); !errors.Is(err, ErrIncomplete) || !strings.Contains(err.Error(), "scanner died") {
		t.Errorf("%v", err)
	}
}

func TestWants(t *testing.T) {
	a := New(Config{})
	for path, want := range map[string]bool{
		"/packets/eth0": true, "/home/u/a.pcap": true, "/A.PCAPNG": true, `C:\t\a.cap`: true, "/x/a.pcap12": true,
		"/x/trace.pcap.gz": true, "/x/a.dmp": true, "/etc/passwd": false, "/x/capture": false, "/x/packets/y": false, "/x/pcap": false,
	} {
		var r evidence.Record
		r.SetPath(path)
		r.Outcome = evidence.Collected
		if named(&r) != want {
			t.Errorf("%s: %v", path, !want)
		}
		if !a.Wants(r) {
			t.Errorf("%s: not wanted", path)
		}
		r.Outcome = evidence.Denied
		if a.Wants(r) {
			t.Errorf("%s: wanted without bytes", path)
		}
	}
}

// TestUnnamed: a capture is found under any name; what merely begins like one is
// left alone.
func TestUnnamed(t *testing.T) {
	pcap := evilCapture(t)
	run := func(source string, b []byte) (int, error) {
		s, n := subject("/tmp/out", b), 0
		s.Record.Source = source
		err := New(Config{Indicators: indicators(t, "evil.example")}).Examine(t.Context(), s, func(analyze.Finding) { n++ })
		return n, err
	}
	if n, err := run("live", pcap); n != 1 || err != nil {
		t.Errorf("%d findings, %v", n, err)
	}
	for name, b := range map[string]string{"text": "\n\r\r\n and more text", "magic": string(pcap[:4]) + "and no version", "gzip": gz(t, "no capture"), "short": "\n\r\r\n"} {
		if n, err := run("live", []byte(b)); n != 0 || err != nil {
			t.Errorf("%s: %d findings, %v", name, n, err)
		}
		if _, err := run(takenSource, []byte(b)); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s, taken as a capture: %v", name, err)
		}
	}
	if n, err := run(takenSource, []byte(gz(t, string(pcap)))); n != 1 || err != nil {
		t.Errorf("compressed: %d findings, %v", n, err)
	}
}

func TestExamineOthers(t *testing.T) {
	for name, b := range map[string][]byte{"text": []byte("no capture"), "gzip": []byte(gz(t, "no capture")), "empty": nil, "short": {1, 2}} {
		if fs, err := examine(t, Config{}, b); err != nil || len(fs) != 0 {
			t.Errorf("%s: %v %v", name, fs, err)
		}
	}
	b := evilCapture(t)
	if _, err := examine(t, Config{}, b[:len(b)-1]); !errors.Is(err, ErrIncomplete) {
		t.Errorf("a truncated capture: %v", err)
	}
}

// TestEvents: what a capture holds is told, each with its time, kind, a line of
// text and its facts, and at the end the account of the whole.
func TestEvents(t *testing.T) {
	s, all := subject("/x.pcap", evilCapture(t)), ""
	kinds := map[string]int{}
	s.Event = func(e analyze.Event) {
		kinds[e.Kind]++
		var f map[string]any
		if err := json.Unmarshal(e.Facts, &f); err != nil {
			t.Fatalf("%s: %v", e.Facts, err)
		}
		if whole := e.Kind == KindCapture; e.Time.IsZero() != whole || e.Text == "" || (f["flow"] == nil) != whole {
			t.Errorf("%+v", e)
		}
		all += e.Kind + " " + e.Text + " " + string(e.Facts) + "\n"
	}
	if err := New(Config{}).Examine(t.Context(), s, func(analyze.Finding) {}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{KindFlow: 4, KindDNS: 2, KindHTTP: 2, KindBody: 1, KindCapture: 1}, kinds); d != "" {
		t.Error(d)
	}
	for _, want := range []string{`"url":"http://c2.example:8080/gate.php?id=1"`, " > 10.0.0.2:8080  GET http://c2.example:8080/gate.php?id=1 ", `"flows":4`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in\n%s", want, all)
		}
	}
}
