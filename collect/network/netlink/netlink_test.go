package netlink

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func message(typ uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, make([]byte, 10)...)
	b = append(b, body...)
	return append(b, make([]byte, (4-len(body)%4)%4)...)
}

func attr(typ uint16, v []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(v)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, v...)
	return append(b, make([]byte, (4-len(v)%4)%4)...)
}

func TestParse(t *testing.T) {
	in := append(message(20, []byte("abcde")), message(21, nil)...)
	var got []Message
	for m, err := range Parse(in) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m)
	}
	if len(got) != 2 || got[0].Type != 20 || string(got[0].Body) != "abcde" || got[1].Type != 21 || len(got[1].Body) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestParseDamage(t *testing.T) {
	good := message(20, []byte("abcdefgh"))
	for n := 1; n < len(good); n++ {
		bad := false
		for _, err := range Parse(good[:n]) {
			bad = bad || errors.Is(err, ErrTruncated)
		}
		if !bad {
			t.Errorf("%d of %d bytes are taken", n, len(good))
		}
	}
	for _, length := range []uint32{0, 1, 15, 1 << 31, ^uint32(0)} {
		b := bytes.Clone(good)
		binary.NativeEndian.PutUint32(b, length)
		for _, err := range Parse(b) {
			if err == nil {
				t.Errorf("length %d is taken", length)
			}
		}
	}
}

func TestAttrs(t *testing.T) {
	in := append(attr(3, []byte("eth0\x00")), attr(4|0x8000, []byte{1, 2, 3, 4})...)
	in = append(in, attr(3, []byte("second"))...)
	in = append(in, 200, 0, 9, 0, 1) // claims more than there is
	a := ParseAttrs(in)
	if v, ok := a.U32(4); a.Text(3) != "eth0" || !ok || v != binary.NativeEndian.Uint32([]byte{1, 2, 3, 4}) || len(a) != 2 {
		t.Errorf("%v", a)
	}
	if _, ok := a.U64(4); ok {
		t.Error("four bytes are taken for eight")
	}
	if _, ok := a.U8(77); ok || a.Text(77) != "" {
		t.Error("an attribute that isn't there has a value")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(append(message(20, attr(1, []byte("x"))), message(3, []byte{0, 0, 0, 0})...))
	f.Add([]byte{4, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for m, err := range Parse(b) {
			if n++; n > len(b)/16+1 {
				t.Fatal("more messages than bytes")
			}
			if err == nil {
				for _, v := range EachAttr(m.Body) {
					ParseAttrs(v)
				}
			}
		}
	})
}
