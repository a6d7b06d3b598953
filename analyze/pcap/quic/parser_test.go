package quic

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// seal builds an Initial packet of a client around frames.
func seal(t testing.TB, number uint32, id []byte, pn byte, frames []byte) []byte {
	t.Helper()
	v, _ := versionOf(number)
	k, err := clientKeys(v, id)
	if err != nil {
		t.Fatal(err)
	}
	b := append(binary.BigEndian.AppendUint32([]byte{0xc0 | v.initial<<4}, number), byte(len(id)))
	b = append(append(b, id...), 0, 0) // no source id, no token
	n := 1 + len(frames) + k.aead.Overhead()
	b = append(b, 0x40|byte(n>>8), byte(n), pn)
	nonce := bytes.Clone(k.iv)
	nonce[11] ^= pn
	at := len(b) - 1
	b = k.aead.Seal(b, nonce, frames, b)
	var mask [16]byte
	k.mask.Encrypt(mask[:], b[at+4:at+20])
	b[0] ^= mask[0] & 0x0f
	b[at] ^= mask[1]
	return b
}

// crypto is a frame with these bytes of the crypto stream.
func crypto(at int, data string) []byte {
	b := []byte{frameCrypto, 0x80, 0, byte(at >> 8), byte(at), 0x40 | byte(len(data)>>8), byte(len(data))}
	return append(b, data...)
}

const message = "\x01\x00\x00\x28the forty bytes of a hello's own content"

func TestFrames(t *testing.T) {
	id := []byte("first id")
	ack := []byte{frameAck, 5, 0, 1, 0, 0, 0}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	pad := make([]byte, 40)
	for name, datagrams := range map[string][][]byte{
		"one":                  {seal(t, 1, id, 0, crypto(0, message))},
		"version 2":            {seal(t, 0x6b3343cf, id, 0, crypto(0, message))},
		"draft":                {seal(t, 0xff00001d, id, 0, crypto(0, message))},
		"among other frames":   {seal(t, 1, id, 9, join(pad, ack, []byte{framePing}, crypto(10, message[10:]), pad, crypto(0, message[:12])))},
		"in one datagram":      {join(seal(t, 1, id, 0, crypto(9, message[9:])), seal(t, 1, id, 1, crypto(0, message[:9])))},
		"first bytes stand":    {seal(t, 1, id, 0, crypto(0, message[:20])), seal(t, 1, id, 1, crypto(4, "XXXXXXXXXXXXXXXX"+message[20:]))},
		"a frame out of reach": {seal(t, 1, id, 0, join(crypto(maxHello, "xx"), crypto(0, message)))},
		"no packets between":   {{0xc0, 0, 0, 0, 1}, seal(t, 1, []byte("other"), 0, pad), seal(t, 1, id, 1, crypto(0, message))},
	} {
		var p Parser
		var got []byte
		for _, d := range datagrams {
			if m := p.Datagram(d); m != nil {
				got = m
			}
		}
		if string(got) != message[4:] || !p.Opened() {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLaterID: a client goes on with an id that the server chose, and with the
// keys of its own first one.
func TestLaterID(t *testing.T) {
	first := seal(t, 1, []byte("eightbyt"), 0, crypto(0, message[:20]))
	v, _ := versionOf(1)
	k, err := clientKeys(v, []byte("eightbyt"))
	if err != nil {
		t.Fatal(err)
	}
	later := append([]byte{0xc0, 0, 0, 0, 1, 3}, "abc\x00\x00\x40"...)
	frames := crypto(20, message[20:])
	later = append(later, byte(1+len(frames)+16), 1)
	nonce := bytes.Clone(k.iv)
	nonce[11] ^= 1
	at := len(later) - 1
	later = k.aead.Seal(later, nonce, frames, later)
	var mask [16]byte
	k.mask.Encrypt(mask[:], later[at+4:at+20])
	later[0] ^= mask[0] & 0x0f
	later[at] ^= mask[1]
	var p Parser
	if p.Datagram(first) != nil || string(p.Datagram(later)) != message[4:] {
		t.Error("not read")
	}
}

func TestBounds(t *testing.T) {
	var p Parser
	b := seal(t, 1, []byte("id"), 0, crypto(maxHello-3, "x"))
	for range 3 * maxPackets {
		p.Datagram(b)
	}
	if !p.Over() || p.packets > maxPackets+1 || p.Held() > 4*maxHello {
		t.Errorf("%+v", p.packets)
	}
}

func FuzzDatagram(f *testing.F) {
	f.Add(seal(f, 1, []byte("id"), 0, crypto(0, message)), false)
	f.Add([]byte{frameAckECN, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, true)
	f.Add(append(crypto(3, "abc"), crypto(0, "\x01\x00\x00")...), true)
	f.Fuzz(func(t *testing.T, b []byte, inside bool) {
		var p Parser
		if inside && len(b) < 8000 {
			b = seal(t, 1, []byte("id"), 0, append(b, 0, 0, 0, 0))
		}
		for range 3 {
			p.Datagram(b)
		}
		if p.Held() > 8*maxHello {
			t.Errorf("%d bytes held", p.Held())
		}
	})
}
