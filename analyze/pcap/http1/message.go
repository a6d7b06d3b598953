package http1

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// Bounds of one message's head.
const (
	maxHead    = 64 << 10
	maxValue   = 8 << 10 // bytes kept of a value or URI
	maxHosts   = 8       // Host fields kept; more than one is an anomaly
	maxPending = 128     // requests waiting for their response
)

// Message is the head of a request or a response. Values are as sent, cut at
// 8 KiB; the first of repeated fields is kept.
type Message struct {
	Request bool
	Method  string // of a request, or of the request that a response answers
	URI     string // likewise
	Version string // "1.1", "1.0", "0.9"
	Status  int    // of a response
	Host    string // of a request, or of the one that is answered
	Hosts   []string

	UserAgent   string
	ContentType string
	Referer     string
	Location    string
	Server      string
	Disposition string // Content-Disposition

	Encoding string // Content-Encoding, lower case
	Transfer string // Transfer-Encoding, lower case
	Length   int64  // Content-Length; -1 where absent or invalid
	Range    bool   // the body is a part of the resource (206)

	Partial   bool     // the head was not seen to its end
	Anomalies []string // what a careful reader should know, e.g. "two lengths"
	At        stream.Mark
}

// startLine parses a request or status line without its line end; nil where
// it is neither.
func startLine(line []byte) *Message {
	if bytes.IndexByte(line, 0) >= 0 { // as possible says of its beginning
		return nil
	}
	if m := statusLine(line); m != nil {
		return m
	}
	method, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok || !isToken(method) || len(method) > 32 || string(method) == "PRI" { // PRI opens HTTP/2
		return nil
	}
	m := &Message{Request: true, Method: string(method), Length: -1}
	rest = bytes.TrimRight(rest, " \t")
	i := bytes.LastIndexByte(rest, ' ')
	v := rest[i+1:]
	switch {
	case i >= 0 && len(v) <= 10 && bytes.HasPrefix(v, []byte("HTTP/")):
		m.URI, m.Version = text(bytes.TrimSpace(rest[:i])), string(v[5:])
		if !isVersion(v) {
			m.anomaly("bad version") // servers answer it all the same
		}
	case i < 0 && len(rest) >= 8 && isVersion(rest[len(rest)-8:]): // "GET /HTTP/1.1": no space, or no URI
		m.URI, m.Version = text(rest), string(rest[len(rest)-3:])
		m.anomaly("no space before the version")
	case m.Method == "GET" && i < 0 && len(rest) > 0 && (rest[0] == '/' || bytes.HasPrefix(rest, []byte("http"))):
		m.URI, m.Version = text(rest), "0.9"
	default:
		return nil
	}
	return m
}

func statusLine(line []byte) *Message {
	if len(line) < 12 || !isVersion(line[:8]) || line[8] != ' ' {
		return nil
	}
	code, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil {
		return nil
	}
	return &Message{Version: string(line[5:8]), Status: int(code), Length: -1}
}

func isVersion(b []byte) bool {
	return len(b) == 8 && string(b[:5]) == "HTTP/" && b[5] >= '0' && b[5] <= '9' && b[6] == '.' && b[7] >= '0' && b[7] <= '9'
}

func isToken(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return len(b) > 0
}

func text(b []byte) string { return string(b[:min(len(b), maxValue)]) }

// fields reads the header lines of a head.
func (m *Message) fields(head []byte) {
	name, value := "", []byte(nil)
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		line = bytes.TrimRight(line, "\r")
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && name != "" { // folded, RFC 9112 section 5.2
			value = bytes.TrimSpace(append(append(value, ' '), bytes.TrimSpace(line)...))
			continue
		}
		m.field(name, value)
		k, v, ok := bytes.Cut(line, []byte(":"))
		if name = ""; ok {
			name, value = strings.ToLower(string(bytes.TrimSpace(k))), bytes.TrimSpace(v)
			value = value[:len(value):len(value)]
		}
	}
	m.field(name, value)
}

func (m *Message) field(name string, value []byte) {
	set := func(s *string) {
		if *s == "" {
			*s = text(value)
		}
	}
	switch name {
	case "host":
		if len(m.Hosts) < maxHosts {
			m.Hosts = append(m.Hosts, text(value))
		}
		if len(m.Hosts) == 2 {
			m.anomaly("two hosts")
		}
		set(&m.Host)
	case "user-agent":
		set(&m.UserAgent)
	case "content-type":
		set(&m.ContentType)
	case "referer":
		set(&m.Referer)
	case "location":
		set(&m.Location)
	case "server":
		set(&m.Server)
	case "content-disposition":
		set(&m.Disposition)
	case "content-encoding":
		m.Encoding = list(m.Encoding, value)
	case "transfer-encoding":
		m.Transfer = list(m.Transfer, value)
	case "content-length":
		m.length(value)
	}
}

// list joins repeated list fields (RFC 9110 section 5.3).
func list(old string, value []byte) string {
	v := strings.ToLower(text(value))
	if old == "" || len(old) > maxValue {
		return v
	}
	return old + ", " + v
}

func (m *Message) length(value []byte) {
	n, err := strconv.ParseInt(string(value), 10, 63)
	switch {
	case err != nil || n < 0:
		m.anomaly("bad content length")
	case m.Length >= 0 && m.Length != n:
		m.anomaly("two content lengths")
	default:
		m.Length = n
	}
}

func (m *Message) anomaly(s string) {
	if len(m.Anomalies) < 8 {
		m.Anomalies = append(m.Anomalies, s)
	}
}

// Codings returns what the body is encoded with, in the order in which it was
// done: content codings, then transfer codings other than chunked.
func (m *Message) Codings() string {
	all := m.Encoding
	for name := range strings.SplitSeq(m.Transfer, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "" || name == "chunked" || name == "identity":
		case all == "":
			all = name
		default:
			all += ", " + name
		}
	}
	return all
}

// chunked reports whether chunked is one of the transfer codings. It should be
// the last one; receivers differ where it is not.
func (m *Message) chunked() bool {
	names := strings.Split(m.Transfer, ",")
	for i, name := range names {
		if strings.TrimSpace(name) == "chunked" {
			if i != len(names)-1 {
				m.anomaly("chunked is not the last transfer coding")
			}
			return true
		}
	}
	return false
}
