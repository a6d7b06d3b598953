package sockets

import (
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiagAnswers(t *testing.T) {
	ne := binary.NativeEndian
	b := make([]byte, inetDiagLen)
	b[0], b[1] = afInet, 1
	binary.BigEndian.PutUint16(b[4:], 22)
	binary.BigEndian.PutUint16(b[6:], 4000)
	copy(b[8:], []byte{10, 0, 0, 1})
	copy(b[24:], []byte{10, 0, 0, 2})
	ne.PutUint32(b[40:], 3)
	ne.PutUint32(b[56:], 5)
	ne.PutUint32(b[60:], 6)
	ne.PutUint32(b[64:], 1000)
	ne.PutUint32(b[68:], 4242)
	got, err := query{afInet, 6, "tcp"}.parse(b)
	want := Socket{Format: Format, Family: "inet", Protocol: "tcp", State: "ESTABLISHED", Local: "10.0.0.1:22", Remote: "10.0.0.2:4000",
		IfIndex: 3, RxQueue: 5, TxQueue: 6, UID: uid(1000), Inode: "4242", Views: []string{ViewDiag}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	for _, q := range queries() {
		if _, err := q.parse(b[:8]); err == nil {
			t.Errorf("%s: an answer cut short is taken", q)
		}
	}
	for raw, want := range map[string]string{"\x00ab\x00c": "@ab@c", "/run/x\x00": "/run/x", "/run/x\x00junk": "/run/x"} {
		if got := unixName(raw); got != want {
			t.Errorf("%q gives %q", raw, got)
		}
	}
}

func FuzzDiag(f *testing.F) {
	f.Add(make([]byte, 100))
	f.Add(append(make([]byte, unixDiagLen), 8, 0, 0, 0, 0, 'a', 'b', 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, q := range queries() {
			s, err := q.parse(b)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
		}
	})
}
