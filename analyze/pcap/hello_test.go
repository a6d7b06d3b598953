package pcap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/net/quic"
)

// initials are the first datagrams that a QUIC client sends. It shares no code
// with what is tested.
func initials(t testing.TB, name string, protocols int) (out [][]byte) {
	t.Helper()
	far, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near, err := quic.Listen("udp", "127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	go func() {
		c := &tls.Config{ServerName: name, MinVersion: tls.VersionTLS13}
		for i := range protocols {
			c.NextProtos = append(c.NextProtos, fmt.Sprintf("protocol-%060d", i))
		}
		_, _ = near.Dial(ctx, "udp", far.LocalAddr().String(), &quic.Config{TLSConfig: c})
	}()
	_ = far.SetReadDeadline(time.Now().Add(250 * time.Millisecond))
	for {
		b := make([]byte, 2048)
		n, _, err := far.ReadFrom(b)
		if err != nil {
			break
		}
		out = append(out, b[:n])
	}
	<-ctx.Done()
	_ = near.Close(ctx)
	if len(out) == 0 {
		t.Fatal("the client sent nothing")
	}
	return out
}

// TestHelloOverQUIC: the server's name is found on any port, in one packet or
// in several, in any order, and once.
func TestHelloOverQUIC(t *testing.T) {
	short, long := initials(t, "short.evil.example", 1), initials(t, "long.evil.example", 30)
	b := newBuilder(t)
	b.udp("10.0.0.2", "10.0.0.1", 4433, 1111, []byte("\xc0\x00\x00\x00\x01\x00\x00 no packet of QUIC"))
	for _, d := range short {
		b.udp("10.0.0.1", "10.0.0.2", 1111, 4433, d)
	}
	for i := range long {
		b.udp("10.0.0.1", "10.0.0.2", 1112, 443, long[len(long)-1-i])
	}
	k, st, err := b.analyze(Options{})
	if err != nil || len(k.tls) != 2 || st.ClientHellos != 2 || st.HellosCut != 0 {
		t.Fatalf("%v %+v %+v", err, k.tls, st)
	}
	for i, want := range []string{"short.evil.example", "long.evil.example"} {
		if h := k.tls[i].Client; len(h.ServerNames) != 1 || h.ServerNames[0] != want || len(h.ALPN) == 0 || k.tls[i].At.Packet == 0 {
			t.Errorf("%+v", h)
		}
	}
	fs, err := examine(t, Config{Indicators: indicators(t, "evil.example")}, b.buf.Bytes())
	if err != nil || len(fs) != 2 || fs[0].Where.Kind != "tls" || fs[0].Where.Name != "short.evil.example" || k.flows[1].Protocol != "quic" {
		t.Errorf("%v %+v", err, fs)
	}
}

// TestHelloLimits: hellos that don't become whole are given up for newer ones,
// and that is said.
func TestHelloLimits(t *testing.T) {
	first := initials(t, "long.evil.example", 30)[0]
	b := newBuilder(t)
	for i := range maxHellos + 10 {
		b.udp("10.0.0.1", "10.0.0.2", uint16(1000+i), 443, first)
	}
	_, st, err := b.analyze(Options{})
	if !errors.Is(err, ErrIncomplete) || st.HellosCut != 10 || st.ClientHellos != 0 {
		t.Errorf("%v %+v", err, st)
	}
}
