package pcap

import (
	"bytes"
	"encoding/binary"
)

// The PROXY protocol of HAProxy: a balancer puts a header before the bytes of a
// client, in text (version 1) or binary (version 2).
const (
	proxyText   = "PROXY "
	proxyLine   = 107 // the longest line of version 1, with its end
	proxyBinary = "\r\n\r\n\x00\r\nQUIT\n"
	proxyHead   = 16 // of version 2; the length of what follows is in its last two bytes
)

// withoutProxy returns b without such a header, where it begins with a whole one.
func withoutProxy(b []byte) []byte {
	switch {
	case bytes.HasPrefix(b, []byte(proxyText)):
		if i := bytes.IndexByte(b[:min(len(b), proxyLine)], '\n'); i >= 0 {
			return b[i+1:]
		}
	case bytes.HasPrefix(b, []byte(proxyBinary)) && len(b) >= proxyHead && b[12]>>4 == 2:
		if n := proxyHead + int(binary.BigEndian.Uint16(b[14:])); n <= len(b) {
			return b[n:]
		}
	}
	return b
}
