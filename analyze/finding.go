package analyze

import "github.com/hozen-dfir/hozen/evidence"

// FindingFormat names the format of one line of findings.jsonl.
const FindingFormat = "hozen-finding/1"

// Severity of a finding, as its rule or indicator states it.
type Severity string

// Severities, lowest first.
const (
	Info     Severity = "info"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Finding is what one analyzer says about one item, down to the offset. It
// holds nothing that differs between two runs over the same input.
type Finding struct {
	Format   string   `json:"format"`
	Bundle   string   `json:"bundle"`        // bundle id, or "" for loose files
	Seq      uint64   `json:"seq,omitempty"` // of the item in its bundle
	Source   string   `json:"source,omitempty"`
	Path     string   `json:"path"`
	PathB64  string   `json:"path_b64,omitempty"`
	SHA256   string   `json:"sha256,omitempty"` // of the item
	Size     int64    `json:"size,string"`
	Analyzer string   `json:"analyzer"`       // yara, ioc
	Rule     string   `json:"rule"`           // rule name, or the indicator as listed
	Kind     string   `json:"kind,omitempty"` // indicator type: md5, domain, … ; "yara"
	Severity Severity `json:"severity,omitempty"`
	Title    string   `json:"title,omitempty"`

	Namespace string            `json:"namespace,omitempty"` // YARA namespace
	Tags      []string          `json:"tags,omitempty"`
	Meta      map[string]string `json:"meta,omitempty"`      // rule metadata; comment of an indicator
	RuleFile  string            `json:"rule_file,omitempty"` // as named in the sweep's list of rules
	Matches   []Match           `json:"matches,omitempty"`
	More      int               `json:"more_matches,omitempty"` // matches beyond the limit
	Where     *Where            `json:"where,omitempty"`
}

// Match is one place in an item.
type Match struct {
	Name   string `json:"name,omitempty"` // $string of a rule; "path", "sha256", "content" …
	Offset int64  `json:"offset,string"`
	Length int    `json:"length"`
	Data   string `json:"data,omitempty"` // base64 of at most MatchBytes bytes
	Text   string `json:"text,omitempty"` // printable form of Data
}

// MatchBytes bounds the bytes of a match kept in a finding, and MatchLimit
// the matches kept in one finding.
const (
	MatchBytes = 128
	MatchLimit = 100
)

// Where names the place of derived content in its item: a flow and a packet.
type Where struct {
	Kind   string        `json:"kind"`             // flow, dns, http, tls, stream
	Flow   string        `json:"flow,omitempty"`   // "tcp 10.0.0.1:1234 > 10.0.0.2:80"
	Packet int           `json:"packet,omitempty"` // 1-based number of the first packet
	Time   evidence.Time `json:"time,omitzero"`    // of that packet
	Name   string        `json:"name,omitempty"`   // DNS name, HTTP host and path, TLS server name
}
