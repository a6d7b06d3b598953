package scan

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const edges = `1.2.3.4
10.20.0.0/15
0.0.0.0/32
2001:db8::1
2001:db8:aaaa::/49
fe80::7
1:2:3:4:5:6:7:8
[2001:db8::9]:8443
http://[2001:db8::a]/x
evil.test
http://url.test/p/q.php
https://port.test:8443/
http://9.8.7.6/drop
bad@mail.test
a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5
`

// TestEdges: forms that are written otherwise than listed, and neighbours that
// make them something else.
func TestEdges(t *testing.T) {
	s := set(t, edges)
	for text, want := range map[string]string{
		// addresses
		"1.2.3.4:80": "1.2.3.4", "1.2.3.4:99999": "1.2.3.4", "1.2.3.4:": "1.2.3.4", "1.2.3.4/x": "1.2.3.4", "1.2.3.4;": "1.2.3.4", "1.2.3.4@x": "1.2.3.4", "tcp/1.2.3.4/80": "1.2.3.4", "ip=1.2.3.4&": "1.2.3.4", "(1.2.3.4)": "1.2.3.4", "ssh root@1.2.3.4": "1.2.3.4",
		"1.2.3.4..": "1.2.3.4", "11.2.3.4": "", "1.2.3.44": "", "1.2.3.4.5": "", "5.1.2.3.4": "", "1.2.3.4.example": "", "1.2.3.4.in-addr.arpa": "", "é1.2.3.4": "", "址1.2.3.4": "1.2.3.4", "001.2.3.4": "", "1.2.3.4_": "1.2.3.4", "1.2.3.4_5": "",
		"10.20.0.0": "10.20.0.0/15", "10.21.255.255": "10.20.0.0/15", "10.22.0.0": "", "10.19.255.255": "", "0.0.0.0": "0.0.0.0/32", "0.0.0.1": "", "10.20.0.0.": "10.20.0.0/15",
		// IPv6
		"2001:DB8::1": "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1", "2001:db8:0:0::1": "2001:db8::1", "2001:db8::0.0.0.1": "2001:db8::1", "2001:db8::1%eth0": "2001:db8::1", "fe80::7%3": "fe80::7", "[2001:db8::1%25eth0]": "2001:db8::1", "2001:db8::1/128": "2001:db8::1", "2001:db8::1.": "2001:db8::1", "2001:db8::1,": "2001:db8::1",
		"2001:db8::1f": "", "2001:db8::1:1": "", "2001:db8::g1": "", "2001:db8:::1": "", "1:2001:db8::1": "", "2001:db8::1:2:3:4:5:6:7:8": "",
		"1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9": "", "1:2:3:4:5:6:7": "", "01:002:3:4:5:6:7:8": "1:2:3:4:5:6:7:8",
		"::ffff:1.2.3.4": "1.2.3.4", "::FFFF:102:304": "1.2.3.4", "0:0:0:0:0:ffff:102:304": "1.2.3.4", "[::ffff:1.2.3.4]:80": "1.2.3.4", "::ffff:0a14:0001": "10.20.0.0/15", "64:ff9b::1.2.3.4": "1.2.3.4",
		"2001:db8:aaaa:7fff:ffff:ffff:ffff:ffff": "2001:db8:aaaa::/49", "2001:db8:aaaa:8000::": "", "2001:db8:aaaa::": "2001:db8:aaaa::/49",
		"[2001:db8::9]:8443": "[2001:db8::9]:8443", "[2001:DB8:0::9]:8443/x": "[2001:db8::9]:8443", "[2001:db8::9]:84430": "", "2001:db8::9": "", "http://[2001:db8::A]/x?y": "http://[2001:db8::a]/x", "http://[2001:db8::a]:80/x": "http://[2001:db8::a]/x",
		// URLs
		"HTTP://URL.TEST/p/q.php": "http://url.test/p/q.php", "http://url.test./p/q.php": "http://url.test/p/q.php", "http://url.test.:80/p/q.php": "http://url.test/p/q.php", "http://me:pw@url.test:80/p/q.php": "http://url.test/p/q.php", "http://a@b@url.test/p/q.php": "http://url.test/p/q.php", "http://url.test/%70/q%2ephp": "http://url.test/p/q.php", "http://url.test/p/q.php#x": "http://url.test/p/q.php", "http://url.test/p/q.php?": "http://url.test/p/q.php", "http://url.test/p/q.php;x": "http://url.test/p/q.php", "http://url.test/p/q.php).": "http://url.test/p/q.php", "'http://url.test/p/q.php'": "http://url.test/p/q.php", "http://url.test/p/q.php,": "http://url.test/p/q.php", "https://url.test:443/p/q.php": "http://url.test/p/q.php",
		"http://url.test:8080/p/q.php": "", "http://url.test/P/q.php": "", "http://url.test/p/q.php5": "", "http://url.test/p//q.php": "", "http://xurl.test/p/q.php": "", "http://url.testing/p/q.php": "", "url.test/p/q.php": "http://url.test/p/q.php", "http://url.test/p%2fq.php": "",
		"https://port.test:8443": "https://port.test:8443/", "https://port.test:8443/any": "https://port.test:8443/", "https://port.test.:8443/": "https://port.test:8443/", "https://port.test/": "", "http://9.8.7.6/drop": "http://9.8.7.6/drop", "http://9.8.7.6:80/drop/x": "http://9.8.7.6/drop", "http://19.8.7.6/drop": "",
		"http://evil.test.": "evil.test", "http://evil.test.:80/": "evil.test", "//evil.test/": "evil.test", "evil.test:": "evil.test", "evil.test.com": "", "evil.test.9": "", "evil.test-1": "", "evil.test._x": "", "_evil.test": "", "_x.evil.test": "evil.test", "%40evil.test": "evil.test",
		// mail
		"<bad@mail.test>": "bad@mail.test", "BAD@Mail.Test.": "bad@mail.test", "mailto:bad@mail.test?subject=": "bad@mail.test", "bad@mail.test,": "bad@mail.test", "bad@x.mail.test": "", "bad@mail.test.x": "", "bad@mail.testx": "", "good.bad@mail.test": "", "bad+x@mail.test": "", "x=bad@mail.test": "bad@mail.test", "..bad@mail.test": "bad@mail.test", "bad%40mail.test": "",
		// digests
		"A0B1C2D3E4F5A6B7C8D9E0F1A2B3C4D5": "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5", "md5:a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5,": "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5", "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5.bin": "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5", "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5a": "", "fa0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5": "", "_a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5_": "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5", "ga0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5": "",
	} {
		for how, b := range map[string][]byte{"alone": []byte(text), "in a line": []byte("see " + text + " there\n"), "between NULs": []byte("\x00" + text + "\x00"),
			"UTF-16": utf16le(text), "UTF-16 line": utf16le("see " + text + " there"), "odd UTF-16": append([]byte{7}, utf16le(text+"\x00")...)} {
			var got []string
			New(s, func(p Place) { got = append(got, s.Hits(nil, p.Entry)[0].Indicator) }).Bytes(b)
			if strings.Join(got, " ") != want {
				t.Errorf("%s %q: %q, want %q", how, text, got, want)
			}
		}
	}
}

// TestMapped: IPv4 addresses are found in IPv6 form where no list has IPv6.
func TestMapped(t *testing.T) {
	for _, listed := range []string{"1.2.3.4", "1.2.0.0/16", "1.2.3.4:80"} {
		s := set(t, listed+"\n")
		if got := found(s, []byte("from [::ffff:102:304]:80 and [::FFFF:1.2.3.4]:80")); len(got) != 2 && listed != "1.2.3.4:80" || len(got) < 1 {
			t.Errorf("%s: %q", listed, got)
		}
	}
}

// TestBorders: each indicator is found once at every offset around the border
// of a block, in either encoding, and at the very start and end.
func TestBorders(t *testing.T) {
	s := set(t, edges+"bücher.example\nпример.рф\n")
	texts := []string{"1.2.3.4", "10.20.1.1", "2001:db8::1", "http://url.test/p/q.php", "bad@mail.test", "a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5", "www.evil.test", "bücher.example", "пример.рф"}
	for _, text := range texts {
		for _, enc := range [][]byte{[]byte(text), utf16le(text)} {
			for _, border := range []int{64 << 10, Block, Block + margin} {
				b := bytes.Repeat([]byte{' ', 0}, (Block+4*margin)/2)
				for shift := -len(enc) - 2; shift <= 2; shift += 1 + len(enc)/7 {
					at := border + shift
					copy(b[at:], enc)
					var got []int64
					sc := New(s, func(p Place) { got = append(got, p.Offset) })
					if err := sc.Read(context.Background(), bytes.NewReader(b), int64(len(b)), io.Discard); err != nil {
						t.Fatal(err)
					}
					if len(got) != 1 || got[0] < int64(at) || got[0] > int64(at+2*len("http://www.")) {
						t.Errorf("%q (%d bytes) at %d: %v", text, len(enc), at, got)
					}
					for i := range enc {
						b[at+i] = []byte{' ', 0}[(at+i)%2]
					}
				}
			}
		}
	}
}

// TestPartsAgree: blocks of content that is whole in memory give the places of
// one pass, wherever they are cut.
func TestPartsAgree(t *testing.T) {
	s := set(t, edges+"bücher.example\nпример.рф\n")
	line := "x bücher.example http://url.test/p/q.php пример.рф [2001:db8::9]:8443 bad@mail.test 1.2.3.4 "
	b := append(bytes.Repeat([]byte(line), 30), utf16le(strings.Repeat(line, 30))...)
	b = append(b, '!')
	b = append(b, utf16le(strings.ReplaceAll(strings.Repeat(line, 30), " ", "/"))...)
	want := found(s, b)
	for size := 1; size < len(b); size += 1 + size/3 {
		var got []string
		sc := New(s, func(p Place) { got = append(got, placeLine(s, p)) })
		for lo := 0; lo < len(b); lo += size {
			sc.Part(b, lo, min(lo+size, len(b)))
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("blocks of %d: %s", size, d)
		}
	}
	if len(want) < 300 {
		t.Errorf("%d places", len(want))
	}
}
