package tls

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	ctls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tap records what one side writes.
type tap struct {
	net.Conn
	mu  sync.Mutex
	out bytes.Buffer
}

func (c *tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.out.Write(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// handshake runs crypto/tls against itself and returns both directions, and
// the server's certificate.
func handshake(t testing.TB, version uint16) (client, server, cert []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"a.example"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	p1, p2 := net.Pipe()
	c, s := &tap{Conn: p1}, &tap{Conn: p2}
	done := make(chan error, 1)
	go func() {
		done <- ctls.Server(s, &ctls.Config{MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"},
			Certificates: []ctls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}).Handshake()
	}()
	err = ctls.Client(c, &ctls.Config{ServerName: "sni.example.com", NextProtos: []string{"h2"}, InsecureSkipVerify: true, MinVersion: version}).Handshake()
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return c.out.Bytes(), s.out.Bytes(), der
}

type seen struct {
	clients []*ClientHello
	servers []*ServerHello
	certs   [][]byte
}

func parse(b []byte, step int) (seen, *Parser) {
	var s seen
	p := NewParser(Handler{
		Client:      func(h *ClientHello) { s.clients = append(s.clients, h) },
		Server:      func(h *ServerHello) { s.servers = append(s.servers, h) },
		Certificate: func(der []byte, _ int) { s.certs = append(s.certs, bytes.Clone(der)) },
	})
	for len(b) > 0 {
		n := min(step, len(b))
		p.Data(b[:n])
		b = b[n:]
	}
	return s, p
}

func TestRealHandshakes(t *testing.T) {
	for _, version := range []uint16{ctls.VersionTLS12, ctls.VersionTLS13} {
		client, server, cert := handshake(t, version)
		if !Looks(client) || !Looks(server) {
			t.Error("not recognized")
		}
		for _, step := range []int{1, 7, 1 << 20} {
			s, _ := parse(client, step)
			if len(s.clients) != 1 {
				t.Fatalf("%x step %d: %d hellos", version, step, len(s.clients))
			}
			h := s.clients[0]
			if d := cmp.Diff([]string{"sni.example.com"}, h.ServerNames); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]string{"h2"}, h.ALPN); d != "" {
				t.Error(d)
			}
			if len(h.JA3) != 32 || h.Version != 0x0303 {
				t.Errorf("%+v", h)
			}
			s, p := parse(server, step)
			if len(s.servers) != 1 || s.servers[0].Version != version {
				t.Fatalf("server: %+v", s.servers)
			}
			if version == ctls.VersionTLS12 && (len(s.certs) != 1 || !bytes.Equal(s.certs[0], cert) || !cmp.Equal(s.servers[0].ALPN, []string{"h2"})) {
				t.Errorf("%d certificates, ALPN %v", len(s.certs), s.servers[0].ALPN)
			}
			if p.Over() {
				t.Error("limit reported")
			}
		}
	}
}

// TestFragmented spreads the hello over records of 5 bytes each.
func TestFragmented(t *testing.T) {
	client, _, _ := handshake(t, ctls.VersionTLS13)
	hello := client[5 : 5+binary.BigEndian.Uint16(client[3:])]
	var b []byte
	for len(hello) > 0 {
		n := min(5, len(hello))
		b = append(b, recordHandshake, 3, 1, 0, byte(n))
		b = append(b, hello[:n]...)
		hello = hello[n:]
	}
	for _, step := range []int{1, 3, 1 << 20} {
		if s, _ := parse(b, step); len(s.clients) != 1 || s.clients[0].ServerNames[0] != "sni.example.com" {
			t.Errorf("step %d: %+v", step, s)
		}
	}
}

// TestTruncated: a prefix gives no hello, and never a panic.
func TestTruncated(t *testing.T) {
	client, _, _ := handshake(t, ctls.VersionTLS13)
	end := 5 + int(binary.BigEndian.Uint16(client[3:]))
	for n := range end {
		if s, _ := parse(client[:n], 1<<20); len(s.clients) != 0 {
			t.Errorf("%d of %d bytes give a hello", n, end)
		}
	}
}

func TestNotTLS(t *testing.T) {
	for _, b := range []string{"GET / HTTP/1.1", "\x16\x03\x01\xff\xff\x01", "\x16\x03\x09\x00\x10\x01", "\x17\x03\x03\x00\x10\x01", "\x16\x03\x01\x00\x00\x01", "\x16\x03\x01\x00\x20\x0b"} {
		if Looks([]byte(b)) {
			t.Errorf("%q looks like TLS", b)
		}
	}
	s, p := parse([]byte("\x16\x03\x01\x00\x08\x01\xff\xff\xff\x03\x03zz"), 3)
	if !p.Done() || !p.Over() || len(s.clients) != 0 {
		t.Errorf("a message of 16 MiB: done %v over %v", p.Done(), p.Over())
	}
}

// FuzzParser starts from real handshakes, kept in testdata.
func FuzzParser(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte, step int) {
		step = min(max(step, 1), 1<<16)
		one, p := parse(b, step)
		if p.Held() > 4*(maxHandshake+maxRecord) {
			t.Errorf("%d bytes held", p.Held())
		}
		if whole, _ := parse(b, len(b)+1); !cmp.Equal(one.clients, whole.clients) || len(one.servers) != len(whole.servers) {
			t.Error("what is seen depends on how it is cut")
		}
	})
}
