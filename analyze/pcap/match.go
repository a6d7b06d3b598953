package pcap

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc"
)

// Indicators is a set of indicators; *ioc.Set is one.
type Indicators interface {
	MatchDomain(name string) []ioc.Hit
	MatchIP(a netip.Addr) []ioc.Hit
	MatchHostPort(host string, port uint16) []ioc.Hit
	MatchURL(rawURL string) []ioc.Hit
	MatchHash(hexDigest string) []ioc.Hit
}

// MaxFindings bounds the findings in one capture. Where there are more, a last
// one of kind "limit" says how many, and Examine returns an error.
const MaxFindings = 5000

// matcher turns events into findings. The same indicator at the same place
// (flow, kind and name) is reported once.
type matcher struct {
	set    Indicators
	s      *analyze.Subject
	report func(analyze.Finding)
	seen   map[findingKey]bool
	more   int
}

type findingKey struct{ rule, file, kind, flow, name string }

func newMatcher(set Indicators, s *analyze.Subject, report func(analyze.Finding)) *matcher {
	return &matcher{set: set, s: s, report: report, seen: make(map[findingKey]bool)}
}

func (m *matcher) handler() Handler {
	if m.set == nil {
		return Handler{}
	}
	return Handler{NewFlow: m.flow, DNS: m.dns, HTTP: m.http, TLS: m.tls, Body: m.body}
}

func (m *matcher) hits(hits []ioc.Hit, title, value string, w analyze.Where) {
	for _, h := range hits {
		k := findingKey{h.Indicator, h.File, w.Kind, w.Flow, w.Name}
		if m.seen[k] {
			continue
		}
		if len(m.seen) >= MaxFindings {
			m.more++
			continue
		}
		m.seen[k] = true
		f := m.finding(h.Indicator, h.Kind, title)
		f.RuleFile, f.Severity, f.Where = h.File, h.Severity(), &w
		f.Meta = h.Meta()
		f.Matches = []analyze.Match{{Name: w.Kind, Text: clip(value), Length: len(value)}}
		m.report(f)
	}
}

func (m *matcher) finding(rule, kind, title string) analyze.Finding {
	r := &m.s.Record
	return analyze.Finding{
		Format: analyze.FindingFormat, Bundle: m.s.Bundle, Seq: r.Seq, Source: r.Source,
		Path: r.Path, PathB64: r.PathB64, SHA256: r.SHA256, Size: m.s.Size,
		Analyzer: "pcap", Rule: strings.ToValidUTF8(rule, "\uFFFD"), Kind: kind, Title: title,
	}
}

// close says how many findings the limit kept back.
func (m *matcher) close() {
	if m.more > 0 {
		f := m.finding("more-indicators", "limit", fmt.Sprintf("%d further matches of indicators in this capture", m.more))
		f.Severity, f.More = analyze.Info, m.more
		m.report(f)
	}
}

func (m *matcher) fault() error {
	if m.more == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d matches of indicators beyond %d", ErrIncomplete, m.more, MaxFindings)
}

func (m *matcher) flow(f *Flow) error {
	for _, end := range [2]netip.AddrPort{f.ID.Src, f.ID.Dst} {
		w := where("flow", f.ID, f.First, "")
		m.hits(m.set.MatchIP(end.Addr()), "traffic with an address on a list", end.Addr().String(), w)
		if end.Port() != 0 {
			m.hits(m.set.MatchHostPort(end.Addr().String(), end.Port()), "traffic with an endpoint on a list", end.String(), w)
		}
	}
	return nil
}

func (m *matcher) dns(d *DNS) error {
	title := "DNS query for a name on a list"
	if d.Message.Response {
		title = "DNS answer with a name on a list"
	}
	for _, q := range d.Message.Questions {
		m.hits(m.set.MatchDomain(spelt(q.Name)), title, q.Name, where("dns", d.Flow, d.At, q.Name))
	}
	for _, r := range d.Message.Records {
		w := where("dns", d.Flow, d.At, r.Name)
		m.hits(m.set.MatchDomain(spelt(r.Name)), title, r.Name, w)
		if r.Target != "" {
			m.hits(m.set.MatchDomain(spelt(r.Target)), title, r.Target, w)
		}
		if r.Addr.IsValid() {
			m.hits(m.set.MatchIP(r.Addr), "DNS answer with an address on a list", r.Addr.String(), w)
		}
		for _, a := range r.Hints {
			m.hits(m.set.MatchIP(a), "DNS answer with an address on a list", a.String(), w)
		}
	}
	return nil
}

// spelt undoes the escapes of bytes beyond ASCII: some resolvers put names into
// queries as people spell them, in UTF-8 (as RFC 6762 section 16 has it).
func spelt(name string) string {
	if !strings.Contains(name, `\1`) && !strings.Contains(name, `\2`) {
		return name
	}
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+1 < len(name) {
			if n, err := strconv.ParseUint(name[i+1:min(len(name), i+4)], 10, 8); err == nil && n >= 0x80 {
				out = append(out, byte(n))
				i += 3
				continue
			}
			out = append(out, name[i]) // with what it escapes
			i++
		}
		out = append(out, name[i])
	}
	return string(out)
}

func (m *matcher) http(h *HTTP) error {
	msg := h.Message
	name := h.URL()
	if name == "" {
		name = msg.URI // of a tunnel
	}
	w := where("http", h.Flow, msg.At, name)
	for _, u := range []string{msg.Referer, msg.Location} {
		if u != "" {
			m.url(u, "HTTP header names an address on a list", w)
		}
	}
	if !msg.Request {
		return nil
	}
	for _, host := range msg.Hosts {
		m.host(host, 80, "HTTP request to a host on a list", w)
	}
	if msg.Method == "CONNECT" {
		m.host(msg.URI, 443, "HTTP tunnel to a host on a list", w)
		return nil
	}
	m.url(h.URL(), "HTTP request for an address on a list", w)
	if u := portURL(h); u != "" {
		m.url(u, "HTTP request for an address on a list", w)
	}
	return nil
}

// portURL is the address of a request with the port that it was sent to, where
// its Host field leaves out one that is not HTTP's: not every client names it.
// A request to a proxy has the whole address, and that server's port is its own.
func portURL(h *HTTP) string {
	host, port, uri := h.Message.Host, h.Flow.Dst.Port(), h.Message.URI
	if port == 80 || host == "" || strings.Contains(host, ":") && !strings.HasSuffix(host, "]") || !strings.HasPrefix(uri, "/") {
		return ""
	}
	return fmt.Sprintf("http://%s:%d%s", host, port, uri)
}

func (m *matcher) url(raw, title string, w analyze.Where) {
	if raw == "" {
		return
	}
	m.hits(m.set.MatchURL(raw), title, raw, w)
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return
	}
	// Not with net/url: an address that it refuses names a host all the same.
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest = rest[:i]
	}
	host := rest[strings.LastIndexByte(rest, '@')+1:]
	port := 80
	if strings.EqualFold(scheme, "https") {
		port = 443
	}
	m.host(host, uint16(port), title, w)
}

// host matches "name", "name:port", an address, or "[address]:port".
func (m *matcher) host(host string, port uint16, title string, w analyze.Where) {
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && (strings.Count(host, ":") == 1 || i > 0 && host[i-1] == ']') {
		if p, err := strconv.ParseUint(host[i+1:], 10, 16); err == nil {
			name, port = host[:i], uint16(p)
		}
	}
	name = strings.Trim(name, "[]")
	if a, err := netip.ParseAddr(name); err == nil {
		m.hits(m.set.MatchIP(a), title, host, w)
	} else {
		m.hits(m.set.MatchDomain(name), title, host, w)
	}
	m.hits(m.set.MatchHostPort(name, port), title, host, w)
}

func (m *matcher) tls(t *TLS) error {
	if t.Client != nil {
		for _, n := range t.Client.ServerNames {
			m.host(n, t.Flow.Dst.Port(), "TLS connection to a name on a list", where("tls", t.Flow, t.At, n))
		}
		m.hits(m.set.MatchHash(t.Client.JA3), "TLS client with a fingerprint on a list", t.Client.JA3,
			where("tls", t.Flow, t.At, "ja3 "+t.Client.JA3))
	}
	if t.Certificate != nil {
		m.certificate(t)
	}
	return nil
}

// certificate matches the digests of a certificate and the names in it.
func (m *matcher) certificate(t *TLS) {
	s1, s2, s5 := sha1.Sum(t.Certificate), sha256.Sum256(t.Certificate), md5.Sum(t.Certificate)
	for _, sum := range [][]byte{s1[:], s2[:], s5[:]} {
		h := hex.EncodeToString(sum)
		m.hits(m.set.MatchHash(h), "TLS certificate on a list", h, where("tls", t.Flow, t.At, "certificate "+h))
	}
	c, err := x509.ParseCertificate(t.Certificate)
	if err != nil {
		return
	}
	for _, n := range append(c.DNSNames, c.Subject.CommonName) {
		if n = strings.TrimPrefix(n, "*."); n != "" {
			m.hits(m.set.MatchDomain(n), "TLS certificate for a name on a list", n, where("tls", t.Flow, t.At, n))
		}
	}
}

func (m *matcher) body(b *Body) error {
	w := where("http", b.Flow, b.At, messageURL(b.Message, b.Flow))
	for _, h := range []string{b.MD5, b.SHA1, b.SHA256} {
		m.hits(m.set.MatchHash(h), "HTTP body with a digest on a list", h, w)
	}
	return nil
}
