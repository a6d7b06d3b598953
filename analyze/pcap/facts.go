package pcap

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
	"github.com/hozen-dfir/hozen/evidence"
)

// Kinds of events. Those of KindCapture are the account of a whole capture
// (Stats) and have no time.
const (
	KindFlow        = "flow"
	KindDNS         = "dns"
	KindHTTP        = "http"
	KindTLS         = "tls"
	KindCertificate = "certificate"
	KindBody        = "body"
	KindCapture     = "capture"
)

// eventFacts are those of one event. Byte counts are strings like all 64-bit values
// in hozen's JSON; pairs are from source to destination and back.
type eventFacts struct {
	Flow   string `json:"flow"`
	Packet int    `json:"packet"`

	LastPacket int           `json:"last_packet,omitempty"`
	LastTime   evidence.Time `json:"last_time,omitzero"`
	Packets    []int64       `json:"packets,omitempty"`
	Bytes      []string      `json:"bytes,omitempty"`
	State      string        `json:"state,omitempty"`
	Protocol   string        `json:"protocol,omitempty"`
	Conflicts  int           `json:"conflicts,omitempty"`
	Gaps       int           `json:"gaps,omitempty"`
	Cut        bool          `json:"cut,omitempty"`

	ID        *uint16     `json:"id,omitempty"`
	Response  bool        `json:"response,omitempty"`
	RCode     *int        `json:"rcode,omitempty"`
	Questions []dnsRecord `json:"questions,omitempty"`
	Records   []dnsRecord `json:"records,omitempty"`
	Error     string      `json:"error,omitempty"`

	Method      string   `json:"method,omitempty"`
	URL         string   `json:"url,omitempty"`
	Host        string   `json:"host,omitempty"`
	Status      int      `json:"status,omitempty"`
	UserAgent   string   `json:"user_agent,omitempty"`
	Referer     string   `json:"referer,omitempty"`
	Location    string   `json:"location,omitempty"`
	Server      string   `json:"server,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
	Partial     bool     `json:"partial,omitempty"`
	Anomalies   []string `json:"anomalies,omitempty"`

	ServerNames []string `json:"server_names,omitempty"`
	ALPN        []string `json:"alpn,omitempty"`
	JA3         string   `json:"ja3,omitempty"`
	Version     string   `json:"version,omitempty"`
	ECH         bool     `json:"ech,omitempty"`

	Size   string `json:"size,omitempty"`
	Whole  *bool  `json:"whole,omitempty"`
	MD5    string `json:"md5,omitempty"`
	SHA1   string `json:"sha1,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

type dnsRecord struct {
	Section string `json:"section,omitempty"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	TTL     uint32 `json:"ttl,omitempty"`
	Data    string `json:"data,omitempty"`
}

// observer returns a handler that reports what a capture holds as events. Bytes
// that are not UTF-8 become U+FFFD.
func observer(report func(analyze.Event)) Handler {
	put := func(kind string, f FlowID, at Mark, text string, o eventFacts) error {
		o.Flow, o.Packet = f.String(), at.Packet
		return tell(report, analyze.Event{Kind: kind, Time: evidenceTime(at), Text: clip(o.Flow + "  " + text)}, o)
	}
	return Handler{
		Flow: func(f *Flow) error { return put(KindFlow, f.ID, f.First, flowText(f), flowFacts(f)) },
		DNS:  func(d *DNS) error { return put(KindDNS, d.Flow, d.At, dnsText(d), dnsFacts(d)) },
		HTTP: func(h *HTTP) error { return put(KindHTTP, h.Flow, h.Message.At, httpText(h), httpFacts(h)) },
		TLS: func(t *TLS) error {
			o := tlsFacts(t)
			return put(tlsKind(t), t.Flow, t.At, tlsText(t, &o), o)
		},
		Body: func(b *Body) error { return put(KindBody, b.Flow, b.At, bodyText(b), bodyFacts(b)) },
	}
}

// account reports a capture's Stats: what was read, and what nobody decoded.
func account(report func(analyze.Event), st *Stats) error {
	text := fmt.Sprintf("%d packets, %d flows, %d DNS messages, %d HTTP messages, %d TLS hellos; %d packets of kinds that are not decoded",
		st.Decoded.Packets, st.Flows, st.DNS, st.Requests+st.Responses, st.ClientHellos+st.ServerHellos, st.Decoded.Undecoded)
	return tell(report, analyze.Event{Kind: KindCapture, Text: text}, st)
}

func tell(report func(analyze.Event), e analyze.Event, about any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(about); err != nil {
		return fmt.Errorf("event %s: %w", e.Kind, err)
	}
	e.Facts = bytes.TrimSpace(b.Bytes())
	report(e)
	return nil
}

func evidenceTime(at Mark) evidence.Time {
	if at.Time.IsZero() {
		return evidence.Time{}
	}
	return evidence.At(at.Time)
}

func flowFacts(f *Flow) eventFacts {
	return eventFacts{
		LastPacket: f.Last.Packet, LastTime: evidenceTime(f.Last), Packets: f.Packets[:],
		Bytes: []string{decimal(f.Bytes[0]), decimal(f.Bytes[1])}, State: f.State(),
		Protocol: f.Protocol, Conflicts: f.Conflicts, Gaps: f.Gaps, Cut: f.Cut,
	}
}

func dnsFacts(d *DNS) eventFacts {
	m := d.Message
	o := eventFacts{ID: &m.ID, Response: m.Response, RCode: &m.RCode, Protocol: d.Kind}
	if d.Err != nil {
		o.Error = d.Err.Error()
	}
	for _, q := range m.Questions {
		o.Questions = append(o.Questions, dnsRecord{Name: q.Name, Type: dns.TypeName(q.Type)})
	}
	for _, r := range m.Records {
		o.Records = append(o.Records, dnsRecord{r.Section.String(), r.Name, dns.TypeName(r.Type), r.TTL, recordText(r)})
	}
	return o
}

func httpFacts(h *HTTP) eventFacts {
	m := h.Message
	return eventFacts{
		Method: m.Method, URL: h.URL(), Host: m.Host, Status: m.Status, Response: !m.Request,
		UserAgent: m.UserAgent, Referer: m.Referer, Location: m.Location, Server: m.Server,
		ContentType: m.ContentType, Version: m.Version, Partial: m.Partial, Anomalies: m.Anomalies,
	}
}

func tlsKind(t *TLS) string {
	if t.Certificate != nil {
		return KindCertificate
	}
	return KindTLS
}

func tlsFacts(t *TLS) eventFacts {
	switch {
	case t.Client != nil:
		c := t.Client
		return eventFacts{ServerNames: c.ServerNames, ALPN: c.ALPN, JA3: c.JA3, Version: hex16(c.Version), ECH: c.ECH}
	case t.Server != nil:
		return eventFacts{Response: true, ALPN: t.Server.ALPN, Version: hex16(t.Server.Version)}
	}
	s1, s2 := sha1.Sum(t.Certificate), sha256.Sum256(t.Certificate)
	return eventFacts{
		Size: decimal(int64(len(t.Certificate))), SHA1: hex.EncodeToString(s1[:]), SHA256: hex.EncodeToString(s2[:]),
	}
}

func bodyFacts(b *Body) eventFacts {
	return eventFacts{
		Method: b.Message.Method, URL: messageURL(b.Message, b.Flow), ContentType: b.Message.ContentType,
		Response: !b.Message.Request, Size: decimal(b.Size), Whole: &b.Whole,
		MD5: b.MD5, SHA1: b.SHA1, SHA256: b.SHA256, Error: b.Problem,
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func hex16(v uint16) string { return fmt.Sprintf("0x%04x", v) }
