package custody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// EntryFormat names the format of an entry.
const EntryFormat = "hozen-custody/1"

// Bounds of an entry (SPEC.md, "Limits"). MaxEntry is that of a whole file,
// in bytes; MaxText that of one text field.
const (
	MaxEntry   = seal.MaxCheckpoint
	MaxEntries = 1_000_000
	MaxText    = 2000
	maxDetails = 32
)

// Event says what happened.
type Event string

// The events of format 1. The first six are written today; the others have
// their bytes fixed, so that readers know them.
const (
	Collected Event = "collected" // taken from a source; the collector's own statement, from its header
	Sealed    Event = "sealed"    // ended and sealed; likewise, from its end leaf
	Received  Event = "received"  // taken in by intake, which pins the bundle's final root
	Stored    Event = "stored"    // put into a store; the receipt holds the storage facts
	Verified  Event = "verified"  // checked against its seal; details hold the result
	Analyzed  Event = "analyzed"  // swept; details name the findings bundle

	Offered   Event = "offered"   // hand-over begun by the giver (To)
	Accepted  Event = "accepted"  // and ended by the taker, after a re-hash (Refers: the offer)
	Held      Event = "held"      // legal hold laid on
	Released  Event = "released"  // and lifted (Refers: the hold)
	Disclosed Event = "disclosed" // a copy given away (To)
	Disposed  Event = "disposed"  // destroyed
	Witnesses Event = "witnesses" // names who cosigns checkpoints from here on (Parties)
)

// Valid reports whether e is an event of format 1.
func (e Event) Valid() bool {
	switch e {
	case Collected, Sealed, Received, Stored, Verified, Analyzed,
		Offered, Accepted, Held, Released, Disclosed, Disposed, Witnesses:
		return true
	}
	return false
}

// Entry is one thing that happened. The fields up to VKey come first in every
// entry, in this order: a script can read them without a JSON parser.
//
// Append fills in Format, Case, Index, Previous, Time, VKey, Person and Role.
type Entry struct {
	Format   string        `json:"format"`
	Case     string        `json:"case"`
	Index    int64         `json:"index"`    // 0, 1, 2 …
	Previous string        `json:"previous"` // hex SHA-256 of the previous entry's file; zeros in the first
	Time     evidence.Time `json:"time"`     // when the actor signed, by the actor's clock
	Event    Event         `json:"event"`
	VKey     string        `json:"vkey"`   // of the actor, who signs this entry
	Person   string        `json:"person"` // as the actor says
	Role     keys.Role     `json:"role"`   // likewise

	Occurred evidence.Time     `json:"occurred,omitzero"` // when it happened, where that was earlier
	Bundle   *BundleRef        `json:"bundle,omitempty"`
	Purpose  string            `json:"purpose,omitempty"`
	Basis    string            `json:"legal_basis,omitempty"`
	Place    string            `json:"place,omitempty"`
	Note     string            `json:"note,omitempty"`
	Receipt  *Ref              `json:"receipt,omitempty"`
	Refers   *int64            `json:"refers,omitempty"`  // index of the entry that this one answers
	To       *Party            `json:"to,omitempty"`      // taker of an offer or a disclosure
	Parties  []Party           `json:"parties,omitempty"` // witnesses
	Details  map[string]string `json:"details,omitempty"` // facts of one kind of event
}

// BundleRef pins a bundle: its id and the head of its seal's tree.
type BundleRef struct {
	ID   string `json:"id"`
	Size int64  `json:"size"` // leaves
	Root string `json:"root"` // base64
}

// Ref pins an object beside the entries.
type Ref struct {
	Object string `json:"object"` // key below the log's folder
	Size   int64  `json:"size,string"`
	SHA256 string `json:"sha256"`
}

// Party is somebody named in an entry.
type Party struct {
	Person string    `json:"person"`
	Role   keys.Role `json:"role,omitempty"`
	VKey   string    `json:"vkey,omitempty"`
}

// Record is an entry as it stands in the log.
type Record struct {
	Entry
	Raw []byte `json:"-"` // the file's exact bytes: JSON line, empty line, signature line
}

// encode returns an entry's text, the bytes that are signed: canonical JSON
// and a line end.
func (e Entry) encode() (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return "", fmt.Errorf("encoding an entry: %w", err)
	}
	c, err := canonical(b.Bytes()[:b.Len()-1])
	if err != nil {
		return "", fmt.Errorf("encoding an entry: %w", err)
	}
	return string(c) + "\n", nil
}

// sign makes an entry's file.
func (e Entry) sign(s note.Signer) ([]byte, error) {
	text, err := e.encode()
	if err != nil {
		return nil, err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	b, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fmt.Errorf("signing an entry: %w", err)
	}
	if len(b) > MaxEntry {
		return nil, fmt.Errorf("entry has %d bytes, at most %d", len(b), MaxEntry)
	}
	return b, nil
}

var entryShape = plainjson.ShapeOf[Entry]()

// Parse reads an entry's file and checks its one signature by the key that it
// names. Whether that key is anybody's is another question.
func Parse(b []byte) (Record, error) {
	r := Record{Raw: b}
	if len(b) > MaxEntry {
		return r, fmt.Errorf("%d bytes, at most %d", len(b), MaxEntry)
	}
	text, _, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		return r, errors.New("no entry: it has no line end")
	}
	if c, err := canonical(text); err != nil {
		return r, fmt.Errorf("no entry: %w", err)
	} else if !bytes.Equal(c, text) {
		return r, errors.New("entry is not canonical JSON")
	}
	if err := plainjson.Unmarshal(text, entryShape, &r.Entry); err != nil {
		return r, fmt.Errorf("no entry: %w", err)
	}
	if r.Format != EntryFormat {
		return r, fmt.Errorf("entry has format %.40q; this version reads %s", r.Format, EntryFormat)
	}
	if !strings.HasPrefix(string(text), r.head()) {
		return r, errors.New("entry's first fields are not in their order")
	}
	if err := plainOccurred(text, r.Occurred); err != nil {
		return r, err
	}
	pub, err := keys.ParseVKey(r.VKey)
	if err != nil {
		return r, err
	}
	signed, err := seal.OpenNote(b, pub)
	if err != nil {
		return r, fmt.Errorf("signature: %w", err)
	}
	if signed != string(text)+"\n" {
		return r, errors.New("signature covers something else")
	}
	return r, r.check()
}

// plainOccurred holds the time of what occurred, where there is one, to the form
// and the years of the entry's own.
func plainOccurred(text []byte, t evidence.Time) error {
	var written struct{ Occurred json.RawMessage }
	if err := json.Unmarshal(text, &written); err != nil || len(written.Occurred) == 0 || string(written.Occurred) == "null" {
		return err
	}
	if plain, err := t.MarshalJSON(); err != nil || string(plain) != string(written.Occurred) {
		return errors.New("the time of what occurred is not UTC with nine digits of a second")
	}
	if t.IsZero() {
		return errors.New("what occurred has no time")
	}
	return nil
}

// head is how an entry's text begins.
func (e Entry) head() string {
	text, _ := Entry{Format: e.Format, Case: e.Case, Index: e.Index, Previous: e.Previous, Time: e.Time,
		Event: e.Event, VKey: e.VKey, Person: e.Person, Role: e.Role}.encode()
	return strings.TrimSuffix(text, "}\n")
}

// check enforces the grammar of the fields (SPEC.md, "Entries").
func (e Entry) check() error {
	if err := evidence.ValidCase(e.Case); err != nil {
		return err
	}
	if _, err := keys.ParseRole(string(e.Role)); err != nil {
		return err
	}
	switch {
	case e.Index < 0 || e.Index >= MaxEntries:
		return fmt.Errorf("index %d is out of bounds", e.Index)
	case !isHex256(e.Previous):
		return errors.New("previous is no hex SHA-256")
	case e.Time.IsZero() || e.Time.Year() > 9999 || e.Time.Year() < 1:
		return errors.New("entry has no time")
	case !e.Occurred.IsZero() && (e.Occurred.Year() > 9999 || e.Occurred.Year() < 1):
		return errors.New("the time of what occurred is before the year 1 or after 9999")
	case !e.Event.Valid():
		return fmt.Errorf("unknown event %.40q", e.Event)
	case len(e.Details) > maxDetails || len(e.Parties) > maxDetails:
		return fmt.Errorf("more than %d details or parties", maxDetails)
	case e.Refers != nil && (*e.Refers < 0 || *e.Refers >= e.Index):
		return fmt.Errorf("entry %d refers to entry %d, which is not before it", e.Index, *e.Refers)
	}
	if err := e.checkRefs(); err != nil {
		return err
	}
	if err := e.checkParties(); err != nil {
		return err
	}
	return e.checkTexts()
}

func (e Entry) checkRefs() error {
	if b := e.Bundle; b != nil {
		if err := evidence.ValidBundle(b.ID); err != nil {
			return err
		}
		if _, err := seal.ParseRoot(b.Root); err != nil || b.Size < 1 {
			return fmt.Errorf("bundle %s: bad size or root", b.ID)
		}
	}
	if r := e.Receipt; r != nil && (!isHex256(r.SHA256) || r.Object != receiptKey(r.SHA256) || r.Size < 0 || r.Size > MaxReceipt) {
		return errors.New("bad reference to a receipt")
	}
	return nil
}

// checkParties holds what stands of others to the grammar of the actor's.
func (e Entry) checkParties() error {
	parties := e.Parties
	if e.To != nil {
		parties = append([]Party{*e.To}, parties...)
	}
	for _, p := range parties {
		if p.Role != "" {
			if _, err := keys.ParseRole(string(p.Role)); err != nil {
				return err
			}
		}
		if p.VKey != "" {
			if _, err := keys.ParseVKey(p.VKey); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e Entry) checkTexts() error {
	texts := []string{e.Person, e.Purpose, e.Basis, e.Place, e.Note}
	for _, p := range append([]Party{}, e.Parties...) {
		texts = append(texts, p.Person, string(p.Role), p.VKey)
	}
	if e.To != nil {
		texts = append(texts, e.To.Person, string(e.To.Role), e.To.VKey)
	}
	for k, v := range e.Details {
		if k == "" || len(k) > 64 {
			return fmt.Errorf("name of a detail has %d bytes, want 1 to 64", len(k))
		}
		texts = append(texts, k, v)
	}
	for _, s := range texts {
		if len(s) > MaxText || !utf8.ValidString(s) {
			return fmt.Errorf("text %.40q… is over %d bytes or not UTF-8", s, MaxText)
		}
	}
	if e.Person == "" {
		return errors.New("entry names no person")
	}
	return nil
}

func isHex256(s string) bool {
	if len(s) != 64 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
