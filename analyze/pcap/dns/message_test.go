package dns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/dns/dnsmessage"
)

// reply is built with x/net, which shares no code with this package.
func reply(t testing.TB) []byte {
	t.Helper()
	name := dnsmessage.MustNewName("www.example.com.")
	h := func(typ dnsmessage.Type) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: name, Type: typ, Class: dnsmessage.ClassINET, TTL: 300}
	}
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 77, Response: true, Authoritative: true, RCode: dnsmessage.RCodeNameError},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{
			{Header: h(dnsmessage.TypeCNAME), Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("cdn.example.com.")}},
			{Header: h(dnsmessage.TypeA), Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 7}}},
			{Header: h(dnsmessage.TypeAAAA), Body: &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 0xd, 0xb8, 15: 1}}},
			{Header: h(dnsmessage.TypeMX), Body: &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName("mx.example.com.")}},
			{Header: h(dnsmessage.TypeSRV), Body: &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 443, Target: dnsmessage.MustNewName("srv.example.com.")}},
			{Header: h(dnsmessage.TypeTXT), Body: &dnsmessage.TXTResource{TXT: []string{"v=spf1", " -all"}}},
		},
		Authorities: []dnsmessage.Resource{
			{Header: h(dnsmessage.TypeNS), Body: &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.example.com.")}},
			{Header: h(dnsmessage.TypeSOA), Body: &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("a."), MBox: dnsmessage.MustNewName("b.")}},
		},
		Additionals: []dnsmessage.Resource{
			{Header: h(dnsmessage.TypePTR), Body: &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName("ptr.example.com.")}},
		},
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	got, err := Parse(reply(t))
	if err != nil {
		t.Fatal(err)
	}
	rec := func(s Section, typ uint16, target, text, addr string) Record {
		r := Record{Section: s, Name: "www.example.com", Type: typ, Class: 1, TTL: 300, Target: target, Text: text}
		if addr != "" {
			r.Addr = netip.MustParseAddr(addr)
		}
		return r
	}
	want := &Message{
		ID: 77, Response: true, Authority: true, RCode: 3,
		Questions: []Question{{"www.example.com", 1, 1}},
		Records: []Record{
			rec(Answer, TypeCNAME, "cdn.example.com", "", ""),
			rec(Answer, TypeA, "", "", "192.0.2.7"),
			rec(Answer, TypeAAAA, "", "", "2001:db8::1"),
			rec(Answer, TypeMX, "mx.example.com", "10", ""),
			rec(Answer, TypeSRV, "srv.example.com", "1 2 443", ""),
			rec(Answer, TypeTXT, "", "v=spf1 -all", ""),
			rec(Authority, TypeNS, "ns.example.com", "", ""),
			rec(Authority, TypeSOA, "a", "", ""),
			rec(Additional, TypePTR, "ptr.example.com", "", ""),
		},
	}
	if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Error(d)
	}
}

// TestTruncated: every prefix is an error, and gives what it holds.
func TestTruncated(t *testing.T) {
	b := reply(t)
	last := 0
	for n := range b {
		m, err := Parse(b[:n])
		if err == nil {
			t.Errorf("%d of %d bytes parse", n, len(b))
		}
		if len(m.Records) < last {
			t.Errorf("%d bytes: %d records, fewer than before", n, len(m.Records))
		}
		last = len(m.Records)
	}
	if last != 9 {
		t.Errorf("%d records at the end", last)
	}
}

// header builds a message with one question and these bytes as its name.
func header(name string) []byte {
	return append([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, name...)
}

func TestHostileNames(t *testing.T) {
	for name, b := range map[string][]byte{
		"points at itself":    header("\xc0\x0c\x00\x01\x00\x01"),
		"points forward":      header("\xc0\x20\x00\x01\x00\x01"),
		"loop of two":         header("\x01a\xc0\x0c\x00\x01\x00\x01"),
		"over 255 bytes":      header(strings.Repeat("\x3f"+strings.Repeat("a", 63), 5) + "\x00\x00\x01\x00\x01"),
		"reserved label type": header("\x80abc\x00\x00\x01\x00\x01"),
		"label past the end":  header("\x30abc"),
		"pointer cut":         header("\xc0"),
	} {
		if m, err := Parse(b); err == nil || len(m.Questions) != 0 {
			t.Errorf("%s: %v %v", name, m, err)
		}
	}
	m, err := Parse(header("\x04a.b\\\x03\xff \n\x00\x00\x01\x00\x01"))
	if err != nil || m.Questions[0].Name != `a\.b\\.\255\032\010` {
		t.Errorf("%+v %v", m, err)
	}
	if m, err := Parse(header("\x00\x00\x01\x00\x01")); err != nil || m.Questions[0].Name != "." {
		t.Errorf("root: %+v %v", m, err)
	}
}

// TestForwardPointer: a name that points to bytes after it is read.
func TestForwardPointer(t *testing.T) {
	b := header("\xc0\x12\x00\x01\x00\x01\x04evil\x07example\x00")
	m, err := Parse(b)
	if err != nil || len(m.Questions) != 1 || m.Questions[0].Name != "evil.example" {
		t.Errorf("%+v %v", m, err)
	}
}

// TestHints: the addresses in an HTTPS record are read; parameters that run
// past the end spoil nothing.
func TestHints(t *testing.T) {
	head := "\x00\x01\x80\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x41\x00\x01\x00\x00\x00\x05\x00"
	v4, v6 := "\x00\x04\x00\x08\xcb\x00\x71\x07\xcb\x00\x71\x08", "\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09"
	want := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8"), netip.MustParseAddr("2001:db8::9")}
	for params, want := range map[string][]netip.Addr{"": nil, "\x00\x01\x00\x03\x02h2" + v4 + v6: want, v4 + v6[:9]: want[:2]} {
		data := "\x00\x01\x00" + params
		m, err := Parse([]byte(head + string(rune(len(data))) + data))
		if err != nil || len(m.Records) != 1 || m.Records[0].Target != "." {
			t.Fatalf("%+v %v", m, err)
		}
		if d := cmp.Diff(want, m.Records[0].Hints, cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%q: %s", params, d)
		}
	}
}

func TestLooks(t *testing.T) {
	q := header("\x03www\x07example\x00\x00\x01\x00\x01")
	if !Looks(q) || !Looks(reply(t)) {
		t.Error("a query or a reply is not recognized")
	}
	change := func(at int, v byte) []byte { b := append([]byte{}, q...); b[at] = v; return b }
	for name, b := range map[string][]byte{
		"empty": nil, "short": q[:16], "cut": q[:len(q)-1], "more behind": append(append([]byte{}, q...), 0),
		"opcode": change(2, 0x29), "reserved bit": change(3, 0x40), "code in a query": change(3, 3), "two questions": change(5, 2),
		"answer in a query": change(7, 1), "class": change(len(q)-1, 7), "type": change(len(q)-3, 0), "label": change(12, 0x80),
		"root": header("\x00\x00\x01\x00\x01"), "text": []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"),
	} {
		if Looks(b) {
			t.Errorf("%s looks like DNS", name)
		}
	}
}

// TestManyRecords: a message of 64 KiB that points to one long name from each
// record is cut at the limit, and says so.
func TestManyRecords(t *testing.T) {
	b := header("\x3f" + strings.Repeat("a", 63) + "\x00\x00\x01\x00\x01")
	one := append([]byte{0xc0, 12}, make([]byte, 10)...)
	b = append(b, bytes.Repeat(one, 5400)...)
	binary.BigEndian.PutUint16(b[6:], 5400)
	m, err := Parse(b)
	if !errors.Is(err, ErrLimit) || len(m.Records)+len(m.Questions) != maxRecords {
		t.Errorf("%d records, %v", len(m.Records), err)
	}
}

// TestBadDataHarmsOneRecord: an address of 3 bytes does not hide what follows.
func TestBadDataHarmsOneRecord(t *testing.T) {
	b := []byte{0, 1, 0x80, 0, 0, 0, 0, 2, 0, 0, 0, 0,
		0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3,
		0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1}
	m, err := Parse(b)
	if err != nil || len(m.Records) != 2 || m.Records[1].Addr != netip.MustParseAddr("192.0.2.1") || !strings.HasPrefix(m.Records[0].Text, "malformed") {
		t.Errorf("%+v %v", m, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(reply(f))
	f.Add(header("\xc0\x0c\x00\x01\x00\x01"))
	f.Add(header("\x03www\x07example\x03com\x00\x00\x41\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if m == nil || len(m.Questions)+len(m.Records) > maxRecords {
			t.Fatal("no message, or too many records")
		}
		for _, q := range m.Questions {
			if len(q.Name) > 4*maxName {
				t.Errorf("name of %d bytes", len(q.Name))
			}
		}
		var p dnsmessage.Parser // an independent reader agrees where it succeeds
		if _, perr := p.Start(b); perr != nil || err != nil {
			return
		}
		qs, perr := p.AllQuestions()
		if perr == nil && len(qs) != len(m.Questions) {
			t.Errorf("%d questions, want %d", len(m.Questions), len(qs))
		}
	})
}
