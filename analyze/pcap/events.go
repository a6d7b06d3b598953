package pcap

import (
	"net/netip"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/pcap/carve"
	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
	"github.com/hozen-dfir/hozen/analyze/pcap/http1"
	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
	"github.com/hozen-dfir/hozen/analyze/pcap/tls"
	"github.com/hozen-dfir/hozen/evidence"
)

// Mark says which packet an event comes from: its 1-based number and time.
type Mark = stream.Mark

// Handler receives events in the order in which they become known. Nil fields
// are skipped, and so is the work they would need. An error ends the analysis
// and is returned by Analyze. Pointers are valid during the call only.
type Handler struct {
	NewFlow func(*Flow) error // at its first packet
	Flow    func(*Flow) error // at its end, or when it is forgotten
	DNS     func(*DNS) error
	HTTP    func(*HTTP) error
	TLS     func(*TLS) error
	Body    func(*Body) error    // at the end of each HTTP body that is not empty
	Content func(*Content) error // windows of bodies and streams
}

// FlowID names one direction of a flow.
type FlowID struct {
	Proto    uint8          // IP protocol number
	Src, Dst netip.AddrPort // port 0 where the protocol has none
}

// Reverse is the other direction.
func (f FlowID) Reverse() FlowID { return FlowID{f.Proto, f.Dst, f.Src} }

// String gives "tcp 10.0.0.1:1234 > 10.0.0.2:80".
func (f FlowID) String() string {
	return protoName(f.Proto) + " " + endpoint(f.Src) + " > " + endpoint(f.Dst)
}

func endpoint(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return a.String()
}

func protoName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 47:
		return "gre"
	case 50:
		return "esp"
	case 58:
		return "icmpv6"
	case 132:
		return "sctp"
	}
	return "ip-" + strconv.Itoa(int(p))
}

// Flow is what two endpoints sent each other. Index 0 of pairs is from ID.Src
// to ID.Dst, 1 the way back. ID.Src is the side that opened the connection
// where a handshake shows it, otherwise the first to send.
type Flow struct {
	ID          FlowID
	First, Last Mark
	Packets     [2]int64
	Bytes       [2]int64 // frames on the wire
	Payload     [2]int64 // above the transport header
	Flags       [2]uint8 // TCP flags seen, CWR 0x80 … FIN 0x01
	Conflicts   int      // retransmissions with other bytes
	Gaps        int
	Protocol    string // http, tls, dns where recognized
	Cut         bool   // forgotten for want of memory, or reopened after that
}

// State tells how a TCP connection went: "handshake", "established",
// "closed", "reset", "syn" (never answered), "refused", "midstream" (its start
// was not captured). It is empty for other protocols.
func (f *Flow) State() string {
	const fin, syn, rst, ack = 1, 2, 4, 16
	c, s := f.Flags[0], f.Flags[1]
	switch {
	case f.ID.Proto != 6:
		return ""
	case c&syn != 0 && s&syn == 0 && s&rst != 0:
		return "refused"
	case (c|s)&rst != 0:
		return "reset"
	case c&fin != 0 && s&fin != 0:
		return "closed"
	case c&syn != 0 && s == 0:
		return "syn"
	case c&syn != 0 && s&syn != 0 && c&ack == 0:
		return "handshake"
	case c&syn != 0 || s&syn != 0:
		return "established"
	}
	return "midstream"
}

// DNS is one message, over UDP or TCP.
type DNS struct {
	Flow    FlowID
	At      Mark
	Kind    string // dns, mdns, llmnr
	Message *dns.Message
	Err     error // the message ended early or was malformed after what Message holds
}

// HTTP is the head of one request or response.
type HTTP struct {
	Flow    FlowID
	Message *http1.Message
}

// URL is the address that a request asked for, or "" where it can't be told.
func (h *HTTP) URL() string { return messageURL(h.Message, h.Flow) }

// TLS is a client's or a server's hello, or a certificate.
type TLS struct {
	Flow        FlowID
	At          Mark
	Client      *tls.ClientHello
	Server      *tls.ServerHello
	Certificate []byte // DER, as sent; unchecked
	Position    int    // in the chain, 0 the sender's own
}

// Body is what is known of an HTTP body at its end.
type Body struct {
	Flow    FlowID
	Message *http1.Message
	carve.Result
}

// Content is a run of bytes for other analyzers, which own them.
type Content struct {
	Name   string // http/body, tcp/stream, tcp/stray (bytes that have no place in the stream)
	Flow   FlowID
	At     Mark  // packet of the first new byte
	Offset int64 // of Bytes in the body or stream
	Bytes  []byte
	URL    string // of the message, for bodies
}

func where(kind string, f FlowID, at Mark, name string) analyze.Where {
	w := analyze.Where{Kind: kind, Flow: f.String(), Packet: at.Packet, Name: clip(name)}
	if !at.Time.IsZero() {
		w.Time = evidence.At(at.Time)
	}
	return w
}

// maxWhereName bounds the name in a finding.
const maxWhereName = 512

func clip(s string) string {
	if len(s) > maxWhereName {
		s = s[:maxWhereName] + "…"
	}
	text, _ := evidence.Text(s)
	return text
}
