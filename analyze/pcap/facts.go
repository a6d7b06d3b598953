package pcap

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
	"github.com/hozen-dfir/hozen/evidence"
)

// ObservableFormat names the format of the lines that WriteJSON writes.
const ObservableFormat = "hozen-observable/1"

// observable is one line: what was seen, not judged. Byte counts are strings
// like all 64-bit values in hozen's JSON; pairs are from src and back.
type observable struct {
	Format string        `json:"format"`
	Item   string        `json:"item,omitempty"` // as the caller named the capture
	Kind   string        `json:"kind"`           // flow, dns, http, tls, certificate, body
	Flow   string        `json:"flow"`
	Packet int           `json:"packet"`
	Time   evidence.Time `json:"time,omitzero"`

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

// WriteJSON returns a handler that writes flows, DNS, HTTP and TLS facts to w,
// one JSON object a line. item is put into each line where it is not empty.
// Bytes that are not UTF-8 become U+FFFD.
func WriteJSON(w io.Writer, item string) Handler {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	put := func(kind string, f FlowID, at Mark, o observable) error {
		o.Format, o.Item, o.Kind, o.Flow, o.Packet = ObservableFormat, item, kind, f.String(), at.Packet
		o.Time = evidenceTime(at)
		return enc.Encode(o)
	}
	return Handler{
		Flow: func(f *Flow) error { return put("flow", f.ID, f.First, flowObservable(f)) },
		DNS:  func(d *DNS) error { return put("dns", d.Flow, d.At, dnsObservable(d)) },
		HTTP: func(h *HTTP) error { return put("http", h.Flow, h.Message.At, httpObservable(h)) },
		TLS:  func(t *TLS) error { return put(tlsKind(t), t.Flow, t.At, tlsObservable(t)) },
		Body: func(b *Body) error { return put("body", b.Flow, b.At, bodyObservable(b)) },
	}
}

func evidenceTime(at Mark) evidence.Time {
	if at.Time.IsZero() {
		return evidence.Time{}
	}
	return evidence.At(at.Time)
}

func flowObservable(f *Flow) observable {
	return observable{
		LastPacket: f.Last.Packet, LastTime: evidenceTime(f.Last), Packets: f.Packets[:],
		Bytes: []string{decimal(f.Bytes[0]), decimal(f.Bytes[1])}, State: f.State(),
		Protocol: f.Protocol, Conflicts: f.Conflicts, Gaps: f.Gaps, Cut: f.Cut,
	}
}

func dnsObservable(d *DNS) observable {
	m := d.Message
	o := observable{ID: &m.ID, Response: m.Response, RCode: &m.RCode, Protocol: d.Kind}
	if d.Err != nil {
		o.Error = d.Err.Error()
	}
	for _, q := range m.Questions {
		o.Questions = append(o.Questions, dnsRecord{Name: q.Name, Type: dns.TypeName(q.Type)})
	}
	for _, r := range m.Records {
		data := r.Text
		switch {
		case r.Addr.IsValid():
			data = r.Addr.String()
		case r.Target != "" && r.Text != "":
			data += " " + r.Target
		case r.Target != "":
			data = r.Target
		}
		for _, a := range r.Hints {
			data += " " + a.String()
		}
		o.Records = append(o.Records, dnsRecord{r.Section.String(), r.Name, dns.TypeName(r.Type), r.TTL, data})
	}
	return o
}

func httpObservable(h *HTTP) observable {
	m := h.Message
	return observable{
		Method: m.Method, URL: h.URL(), Host: m.Host, Status: m.Status, Response: !m.Request,
		UserAgent: m.UserAgent, Referer: m.Referer, Location: m.Location, Server: m.Server,
		ContentType: m.ContentType, Version: m.Version, Partial: m.Partial, Anomalies: m.Anomalies,
	}
}

func tlsKind(t *TLS) string {
	if t.Certificate != nil {
		return "certificate"
	}
	return "tls"
}

func tlsObservable(t *TLS) observable {
	switch {
	case t.Client != nil:
		c := t.Client
		return observable{ServerNames: c.ServerNames, ALPN: c.ALPN, JA3: c.JA3, Version: hex16(c.Version), ECH: c.ECH}
	case t.Server != nil:
		return observable{Response: true, ALPN: t.Server.ALPN, Version: hex16(t.Server.Version)}
	}
	s1, s2 := sha1.Sum(t.Certificate), sha256.Sum256(t.Certificate)
	return observable{
		Size: decimal(int64(len(t.Certificate))), SHA1: hex.EncodeToString(s1[:]), SHA256: hex.EncodeToString(s2[:]),
	}
}

func bodyObservable(b *Body) observable {
	return observable{
		Method: b.Message.Method, URL: messageURL(b.Message, b.Flow), ContentType: b.Message.ContentType,
		Response: !b.Message.Request, Size: decimal(b.Size), Whole: &b.Whole,
		MD5: b.MD5, SHA1: b.SHA1, SHA256: b.SHA256, Error: b.Problem,
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func hex16(v uint16) string { return fmt.Sprintf("0x%04x", v) }
