package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
)

// Formats of the leaves.
const (
	HeaderFormat  = "hozen-header/1"
	SegmentFormat = "hozen-segment/1"
	EndFormat     = "hozen-end/1"
	MaxLeaf       = 1 << 20 // bytes of one leaf, for readers
)

// TextNames are the objects that explain a bundle and check it by hand. The
// header holds their SHA-256 in Files.
func TextNames() []string { return []string{"README.txt", "verify.sh"} }

// Kinds of bundles.
const (
	KindCollection = "collection"
	KindFindings   = "findings"
)

// Header is leaf 0: the collector's statement of what it is about to do.
type Header struct {
	Format string `json:"format"`
	Bundle string `json:"bundle"`
	Kind   string `json:"kind"`
	Case   string `json:"case"`

	Tool     Tool              `json:"tool"`
	Examiner string            `json:"examiner"`
	Place    string            `json:"place,omitempty"`
	Note     string            `json:"note,omitempty"`
	Host     map[string]string `json:"host,omitempty"` // of the machine the collector ran on
	Started  evidence.Time     `json:"started"`
	Clock    map[string]string `json:"clock,omitempty"` // what is known about how right the clock was
	Options  map[string]string `json:"options,omitempty"`

	Signer     Signer            `json:"signer"`
	Encryption string            `json:"encryption"` // "age" or "none"
	Recipients []string          `json:"recipients,omitempty"`
	Hashes     []string          `json:"hashes"`          // digests in item records
	Files      map[string]string `json:"files,omitempty"` // README.txt and verify.sh: hex SHA-256
	Parents    []Parent          `json:"parents,omitempty"`
	Rules      []File            `json:"rules,omitempty"`
}

// Tool is the program that wrote the bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	SHA256  string `json:"sha256"` // of the running binary
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// Signer says whose key signs the checkpoints.
type Signer struct {
	Algorithm string `json:"algorithm"` // "ed25519"
	VKey      string `json:"vkey"`      // C2SP signed-note verifier key
	Ephemeral bool   `json:"ephemeral"` // made for this bundle and destroyed at its end
	Role      string `json:"role,omitempty"`
}

// Parent is a bundle that this one was made from.
type Parent struct {
	Bundle string `json:"bundle"`
	Case   string `json:"case,omitempty"`
	Size   int64  `json:"size"` // leaves in its tree
	Root   string `json:"root"` // base64
}

// File is a file that shaped the content: a rule file of a sweep.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// Segment is leaf n for segment n.
type Segment struct {
	Format string        `json:"format"`
	Bundle string        `json:"bundle"`
	Number int           `json:"number"`
	Object string        `json:"object"`
	Size   int64         `json:"size,string"` // as stored
	SHA256 string        `json:"sha256"`      // as stored
	Items  int           `json:"items"`
	First  uint64        `json:"first_seq"`
	Root   string        `json:"root"` // base64, RFC 6962 root of the item records
	Closed evidence.Time `json:"closed"`
}

// What became of the key that signed, in the end leaf.
const (
	KeyDestroyed = "destroyed"
	KeyKept      = "kept"
)

// KeyFate is what becomes of a signer's key at the end of its bundle: one that
// was made for it is destroyed.
func (s Signer) KeyFate() string {
	if s.Ephemeral {
		return KeyDestroyed
	}
	return KeyKept
}

// States of a bundle. Unfinished is that of one without an end leaf, and never
// stands in one.
const (
	Complete    = "complete"
	Interrupted = "interrupted"
	Unfinished  = "unfinished"
)

// End is the last leaf. A bundle without one is unfinished.
type End struct {
	Format    string                   `json:"format"`
	Bundle    string                   `json:"bundle"`
	State     string                   `json:"state"`
	Reason    string                   `json:"reason,omitempty"`
	Ended     evidence.Time            `json:"ended"`
	Segments  int                      `json:"segments"`
	Items     uint64                   `json:"items"` // records
	Bytes     int64                    `json:"bytes,string"`
	Outcomes  map[evidence.Outcome]int `json:"outcomes"` // records by outcome
	Gaps      int                      `json:"gaps"`
	Footprint map[string]string        `json:"footprint,omitempty"`
	KeyFate   string                   `json:"key_fate"`
}

// Encode returns a leaf's exact bytes: one compact JSON object and a line end.
func Encode(leaf any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(leaf); err != nil {
		return nil, fmt.Errorf("encoding a leaf: %w", err)
	}
	if b.Len() > MaxLeaf {
		return nil, fmt.Errorf("a leaf of %d bytes, at most %d", b.Len(), MaxLeaf)
	}
	return b.Bytes(), nil
}

// FormatOf returns the format that a leaf names, for a reader to decide by.
func FormatOf(leaf []byte) (string, error) {
	var f struct {
		Format string `json:"format"`
	}
	if err := decode(leaf, anyLeaf, &f); err != nil {
		return "", err
	}
	return f.Format, nil
}

// What is known of the members of leaves.
var (
	headerLeaf  = plainjson.ShapeOf[Header]()
	segmentLeaf = plainjson.ShapeOf[Segment]()
	endLeaf     = plainjson.ShapeOf[End]()
	anyLeaf     = plainjson.ShapeOf[map[string]any]()
)

// decode reads one JSON object that fills the leaf but for the line end. Unknown
// fields are kept by not being touched: the leaf's bytes are what is hashed.
func decode(leaf []byte, shape *plainjson.Shape, into any) error {
	if len(leaf) > MaxLeaf {
		return fmt.Errorf("leaf has %d bytes, at most %d", len(leaf), MaxLeaf)
	}
	d := json.NewDecoder(bytes.NewReader(leaf))
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("leaf is no JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("leaf has bytes after its JSON object")
	}
	line, ok := bytes.CutSuffix(leaf, []byte("\n"))
	if !ok {
		return errors.New("leaf does not end with a line end")
	}
	if err := shape.Check(line); err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	return plainTimes(line)
}

// plainTimes refuses a time that is not written as a leaf has it: verify.sh
// knows no other form.
func plainTimes(line []byte) error {
	var written struct {
		Started, Closed, Ended json.RawMessage
	}
	if err := json.Unmarshal(line, &written); err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	for _, raw := range []json.RawMessage{written.Started, written.Closed, written.Ended} {
		var t evidence.Time
		if raw == nil || t.UnmarshalJSON(raw) != nil {
			continue // where it is a time, the leaf's own reading says so
		}
		if plain, err := t.MarshalJSON(); err != nil || !bytes.Equal(plain, raw) {
			return fmt.Errorf("leaf: time %.60s is not UTC with nine digits of a second", raw)
		}
	}
	return nil
}

// plainVKey is a verifier key in the one form that a bundle has.
var plainVKey = regexp.MustCompile(`^[!-*,-~]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$`)

// ParseHeader reads leaf 0.
func ParseHeader(leaf []byte) (Header, error) {
	var h Header
	if err := decode(leaf, headerLeaf, &h); err != nil {
		return h, err
	}
	if h.Format != HeaderFormat {
		return h, fmt.Errorf("header has format %q; this version reads %s", h.Format, HeaderFormat)
	}
	if err := stated(leaf, headerStates); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if err := evidence.ValidBundle(h.Bundle); err != nil {
		return h, err
	}
	if h.Encryption != "age" && h.Encryption != "none" {
		return h, fmt.Errorf("header: unknown encryption %q", h.Encryption)
	}
	if h.Signer.Algorithm != "ed25519" {
		return h, fmt.Errorf("header: signatures of algorithm %q are not known to this version", h.Signer.Algorithm)
	}
	if _, err := note.NewVerifier(h.Signer.VKey); err == nil && !plainVKey.MatchString(h.Signer.VKey) {
		return h, fmt.Errorf("header: signer's verifier key %.120q is not of the form name+hash+base64", h.Signer.VKey)
	}
	return h, evidence.ValidCase(h.Case)
}

// ParseSegment reads the leaf of segment n of a bundle.
func ParseSegment(leaf []byte, bundle string, n int) (Segment, error) {
	var s Segment
	if err := decode(leaf, segmentLeaf, &s); err != nil {
		return s, err
	}
	switch {
	case s.Format != SegmentFormat:
		return s, fmt.Errorf("format %q is not %s", s.Format, SegmentFormat)
	case s.Bundle != bundle:
		return s, fmt.Errorf("leaf belongs to bundle %q", s.Bundle)
	case s.Number != n:
		return s, fmt.Errorf("leaf is numbered %d", s.Number)
	case !validObject(s):
		return s, fmt.Errorf("object name %q does not fit number and digest", s.Object)
	case s.Size < 0 || s.Items < 0:
		return s, errors.New("negative size or count")
	}
	return s, stated(leaf, segmentStates)
}

// ObjectName names the object of segment n with its content's hex SHA-256.
func ObjectName(n int, sha256 string, encrypted bool) string {
	name := fmt.Sprintf("segments/%06d.%.16s.zip", n, sha256)
	if encrypted {
		name += ".age"
	}
	return name
}

func validObject(s Segment) bool {
	if len(s.SHA256) != 64 {
		return false
	}
	return s.Object == ObjectName(s.Number, s.SHA256, true) || s.Object == ObjectName(s.Number, s.SHA256, false)
}

// ParseEnd reads the end leaf.
func ParseEnd(leaf []byte, bundle string) (End, error) {
	var e End
	if err := decode(leaf, endLeaf, &e); err != nil {
		return e, err
	}
	if e.Format != EndFormat || e.Bundle != bundle {
		return e, fmt.Errorf("end leaf has format %q and bundle %q", e.Format, e.Bundle)
	}
	if err := stated(leaf, endStates); err != nil {
		return e, fmt.Errorf("end leaf: %w", err)
	}
	if e.State != Complete && e.State != Interrupted {
		return e, fmt.Errorf("end leaf has state %q; an ended bundle is %s or %s", e.State, Complete, Interrupted)
	}
	return e, nil
}
