package pcap

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hozen-dfir/hozen/analyze/pcap/dns"
)

// flowText is what a person reads of a flow.
func flowText(f *Flow) string {
	text := fmt.Sprintf("%d and %d packets, %d and %d bytes", f.Packets[0], f.Packets[1], f.Bytes[0], f.Bytes[1])
	for _, s := range []string{f.State(), f.Protocol} {
		if s != "" {
			text += ", " + s
		}
	}
	return text
}

// dnsText gives "query A example.com" or "answer A example.com: 192.0.2.1".
func dnsText(d *DNS) string {
	m := d.Message
	kind := "query"
	if m.Response {
		kind = "answer"
	}
	var asked, told []string
	for _, q := range m.Questions {
		asked = append(asked, dns.TypeName(q.Type)+" "+q.Name)
	}
	for _, r := range m.Records {
		if r.Section == dns.Answer {
			told = append(told, recordText(r))
		}
	}
	text := strings.TrimSpace(kind + " " + strings.Join(asked, ", "))
	if m.Response && m.RCode != 0 {
		text += fmt.Sprintf(" (code %d)", m.RCode)
	}
	if len(told) > 0 {
		text += ": " + strings.Join(told, ", ")
	}
	return text
}

// recordText is the data of a resource record.
func recordText(r dns.Record) string {
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
	return data
}

func httpText(h *HTTP) string {
	m := h.Message
	if m.Request {
		return m.Method + " " + cmp.Or(h.URL(), m.URI)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", m.Status, m.ContentType, m.Location))
}

func tlsText(t *TLS, o *eventFacts) string {
	switch {
	case t.Client != nil:
		return "client hello " + cmp.Or(strings.Join(o.ServerNames, ", "), "without a server name")
	case t.Server != nil:
		return "server hello"
	}
	return "certificate " + o.SHA256
}

func bodyText(b *Body) string {
	text := fmt.Sprintf("%d bytes of %s", b.Size, cmp.Or(messageURL(b.Message, b.Flow), "a body"))
	if !b.Whole {
		text += ", not whole"
	}
	return text + ", SHA-256 " + b.SHA256
}
