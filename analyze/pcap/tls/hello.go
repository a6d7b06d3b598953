package tls

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// Handshake message types, RFC 8446 section 4 and RFC 5246 section 7.4.
const (
	typeClientHello = 1
	typeServerHello = 2
	typeCertificate = 11
)

// Extension numbers, of the IANA registry.
const (
	extServerName = 0
	extGroups     = 10
	extFormats    = 11
	extALPN       = 16
	extVersions   = 43
	extECH        = 0xfe0d
)

// maxNames bounds the server names and protocols kept of one hello.
const maxNames = 32

var errShort = errors.New("hello ends early")

// ClientHello is what a client offers.
type ClientHello struct {
	Version     uint16   // legacy_version, e.g. 0x0303
	ServerNames []string // as sent, unchecked; usually one
	ALPN        []string
	ECH         bool   // an encrypted hello is inside, so ServerNames is a cover name
	JA3         string // hex MD5 over version, ciphers, extensions, groups and formats
}

// ServerHello is what a server chose.
type ServerHello struct {
	Version uint16 // the negotiated one, from supported_versions where sent
	Cipher  uint16
	ALPN    []string
}

// reader walks length-prefixed vectors; once it fails it stays failed.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uint(n int) int {
	v := 0
	for _, c := range r.take(n) {
		v = v<<8 | int(c)
	}
	return v
}

// vector takes a vector whose length has n bytes.
func (r *reader) vector(n int) []byte { return r.take(r.uint(n)) }

// ParseClientHello reads a handshake body (RFC 8446 section 4.1.2, RFC 5246
// section 7.4.1.2). What was read before an early end is returned with it.
func ParseClientHello(b []byte) (*ClientHello, error) {
	r := &reader{b: b}
	h := &ClientHello{Version: uint16(r.uint(2))}
	r.take(32)
	r.vector(1)
	ciphers := r.vector(2)
	r.vector(1)
	if r.bad || h.Version>>8 != 3 {
		return nil, errShort
	}
	ja := ja3{version: h.Version, ciphers: uint16s(ciphers)}
	if len(r.b) > 0 {
		h.extensions(&reader{b: r.vector(2)}, &ja)
	}
	h.JA3 = ja.sum()
	if r.bad {
		return h, errShort
	}
	return h, nil
}

func (h *ClientHello) extensions(r *reader, ja *ja3) {
	for len(r.b) > 0 && !r.bad {
		kind, body := uint16(r.uint(2)), r.vector(2)
		if r.bad {
			return
		}
		ja.extensions = append(ja.extensions, kind)
		v := &reader{b: body}
		switch kind {
		case extServerName:
			h.ServerNames = append(h.ServerNames, serverNames(v, maxNames-len(h.ServerNames))...)
		case extALPN:
			h.ALPN = append(h.ALPN, protocols(v, maxNames-len(h.ALPN))...)
		case extGroups:
			ja.groups = append(ja.groups, uint16s(v.vector(2))...)
		case extFormats:
			ja.formats = append(ja.formats, v.vector(1)...)
		case extECH:
			h.ECH = true
		}
	}
}

func serverNames(r *reader, limit int) (names []string) {
	list := &reader{b: r.vector(2)}
	for len(list.b) > 0 && !list.bad && len(names) < limit {
		kind, name := list.uint(1), list.vector(2)
		if kind == 0 && !list.bad {
			names = append(names, string(name))
		}
	}
	return names
}

func protocols(r *reader, limit int) (names []string) {
	list := &reader{b: r.vector(2)}
	for len(list.b) > 0 && !list.bad && len(names) < limit {
		if name := list.vector(1); !list.bad {
			names = append(names, string(name))
		}
	}
	return names
}

func parseServerHello(b []byte) (*ServerHello, error) {
	r := &reader{b: b}
	h := &ServerHello{Version: uint16(r.uint(2))}
	r.take(32)
	r.vector(1)
	h.Cipher = uint16(r.uint(2))
	r.uint(1)
	if r.bad || h.Version>>8 != 3 && h.Version>>8 != 0x7f {
		return nil, errShort
	}
	ext := &reader{}
	if len(r.b) > 0 {
		ext.b = r.vector(2)
	}
	for len(ext.b) > 0 && !ext.bad {
		kind, body := ext.uint(2), ext.vector(2)
		switch {
		case kind == extVersions && len(body) == 2:
			h.Version = binary.BigEndian.Uint16(body)
		case kind == extALPN:
			h.ALPN = protocols(&reader{b: body}, maxNames)
		}
	}
	return h, nil
}

func uint16s(b []byte) []uint16 {
	out := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		out = append(out, binary.BigEndian.Uint16(b))
	}
	return out
}

// ja3 is the fingerprint published by Salesforce: five decimal lists, GREASE
// values (RFC 8701) left out.
type ja3 struct {
	version                     uint16
	ciphers, extensions, groups []uint16
	formats                     []byte
}

func (j *ja3) sum() string {
	var s strings.Builder
	s.WriteString(strconv.Itoa(int(j.version)))
	for _, list := range [][]uint16{j.ciphers, j.extensions, j.groups} {
		s.WriteByte(',')
		join(&s, list)
	}
	s.WriteByte(',')
	formats := make([]uint16, len(j.formats))
	for i, f := range j.formats {
		formats[i] = uint16(f)
	}
	join(&s, formats)
	sum := md5.Sum([]byte(s.String()))
	return hex.EncodeToString(sum[:])
}

func join(s *strings.Builder, list []uint16) {
	first := true
	for _, v := range list {
		if v&0x0f0f == 0x0a0a && v>>8 == v&0xff {
			continue
		}
		if !first {
			s.WriteByte('-')
		}
		first = false
		s.WriteString(strconv.Itoa(int(v)))
	}
}
