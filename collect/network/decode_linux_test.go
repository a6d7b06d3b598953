package network

import (
	"encoding/json"
	"testing"
)

func decoders() map[string]func([]byte) (any, error) {
	return map[string]func([]byte) (any, error){
		"interface": func(b []byte) (any, error) { return parseInterface(b) },
		"address":   func(b []byte) (any, error) { return parseAddress(b) },
		"route":     func(b []byte) (any, error) { return parseRoute(b) },
		"rule":      func(b []byte) (any, error) { return parseRule(b) },
		"neighbour": func(b []byte) (any, error) { return parseNeighbour(b) },
	}
}

func TestCutMessagesAreRefused(t *testing.T) {
	for name, f := range decoders() {
		if _, err := f(make([]byte, 7)); err == nil {
			t.Errorf("%s: 7 bytes are taken", name)
		}
		if _, err := f(make([]byte, 16)); err != nil {
			t.Errorf("%s: a message without attributes is refused: %v", name, err)
		}
	}
}

func TestLinkAddresses(t *testing.T) {
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{[]byte{0, 0x1b, 0x21, 1, 2, 3}, "00:1b:21:01:02:03"}, {[]byte{10, 0, 0, 1}, "10.0.0.1"}, {nil, ""}, {make([]byte, 100), ""},
	} {
		if got := link(c.b, 1); got != c.want {
			t.Errorf("%x gives %q, want %q", c.b, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(make([]byte, 64))
	f.Add([]byte{2, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, 12, 0, 9, 0, 8, 0, 0, 0, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, d := range decoders() {
			v, err := d(b)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	})
}
