package custody

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
	"github.com/hozen-dfir/hozen/evidence/store"
)

// Prefix is where a case's log lies in a store.
func Prefix(caseID string) string { return "cases/" + caseID + "/custody/" }

// Origin is the first line of its checkpoints.
func Origin(caseID string) string { return "hozen/custody/" + caseID }

// Names below a log's folder.
func entryKey(index int64) string     { return fmt.Sprintf("entries/%06d.note", index) }
func checkpointKey(size int64) string { return fmt.Sprintf("checkpoints/%06d.checkpoint", size) }
func receiptKey(sha256 string) string { return "receipts/" + sha256 + ".json" }

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// number reads the number in a name like entries/000012.note; -1 where the
// name is not one that this package gives.
func number(name, dir, ending string) int64 {
	s, ok := strings.CutPrefix(name, dir)
	if !ok {
		return -1
	}
	if s, ok = strings.CutSuffix(s, ending); !ok {
		return -1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > MaxEntries || fmt.Sprintf("%06d", n) != s {
		return -1
	}
	return n
}

// ReceiptFormat names the format of a receipt.
const ReceiptFormat = "hozen-receipt/1"

// MaxReceipt bounds a receipt, in bytes.
const MaxReceipt = 64 << 20

// Receipt holds the storage facts of a bundle: what lies where, in which
// version, under which retention.
type Receipt struct {
	Format  string        `json:"format"`
	Case    string        `json:"case"`
	Bundle  string        `json:"bundle"`
	Store   string        `json:"store"` // its name, without secrets
	Made    evidence.Time `json:"made"`
	Objects []store.Info  `json:"objects"`
}

// Stores tell times in any form of RFC 3339; the decoder takes commas, too, and
// hours of one digit.
var receiptShape = plainjson.ShapeOf[Receipt](
	plainjson.Form{Of: reflect.TypeFor[evidence.Time](), Has: regexp.MustCompile(`^` + dayAndTime + `\.\d{9}Z$`).MatchString, Wants: "a time in UTC with nine digits of a second"},
	plainjson.Form{Of: reflect.TypeFor[time.Time](), Has: regexp.MustCompile(`^` + dayAndTime + `(\.\d+)?(Z|[-+]([01]\d|2[0-3]):[0-5]\d)$`).MatchString, Wants: "a time as RFC 3339 has it"},
)

const dayAndTime = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`

// PutReceipt stores a receipt beside the entries and returns what an entry
// says of it. Format and Case are filled in.
func (l *Log) PutReceipt(ctx context.Context, r Receipt) (*Ref, error) {
	b, err := l.encode(r)
	if err != nil {
		return nil, err
	}
	ref := &Ref{Object: receiptKey(hexSum(b)), Size: int64(len(b)), SHA256: hexSum(b)}
	return ref, l.put(ctx, ref.Object, b)
}

func (l *Log) encode(r Receipt) ([]byte, error) {
	r.Format, r.Case = ReceiptFormat, l.caseID
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encoding a receipt: %w", err)
	}
	b = append(b, '\n')
	if len(b) > MaxReceipt {
		return nil, fmt.Errorf("a receipt of %d bytes, at most %d", len(b), MaxReceipt)
	}
	return b, nil
}

// LoneReceipt finds a receipt that is none of the named ones (by their SHA-256)
// and says what r does, whenever it was made: somebody stored it and died before
// the entry. It is nil where there is none, or none can be looked for.
func (l *Log) LoneReceipt(ctx context.Context, r Receipt, named map[string]bool) (*Ref, error) {
	want, err := l.encode(r)
	if err != nil {
		return nil, err
	}
	prefix := Prefix(l.caseID)
	for i, err := range l.store.List(ctx, prefix+"receipts/") {
		if err != nil {
			return nil, ctx.Err()
		}
		sum := strings.TrimSuffix(strings.TrimPrefix(i.Key, prefix+"receipts/"), ".json")
		if named[sum] || i.Size != int64(len(want)) { // all times are of one length
			continue
		}
		ref := &Ref{Object: receiptKey(sum), Size: i.Size, SHA256: sum}
		lone, err := l.GetReceipt(ctx, *ref)
		if err != nil {
			continue
		}
		lone.Made = r.Made
		if got, err := l.encode(lone); err == nil && bytes.Equal(got, want) {
			return ref, nil
		}
	}
	return nil, ctx.Err()
}

// GetReceipt reads the receipt that an entry names and checks its digest.
func (l *Log) GetReceipt(ctx context.Context, ref Ref) (Receipt, error) {
	var r Receipt
	if !isHex256(ref.SHA256) || ref.Object != receiptKey(ref.SHA256) {
		return r, errors.New("bad reference to a receipt")
	}
	b, err := l.get(ctx, ref.Object, MaxReceipt)
	if err != nil {
		return r, err
	}
	return l.parseReceipt(ref, b)
}

func (l *Log) parseReceipt(ref Ref, b []byte) (Receipt, error) {
	var r Receipt
	if hexSum(b) != ref.SHA256 || int64(len(b)) != ref.Size {
		return r, fmt.Errorf("%s: not the receipt that the entry names", ref.Object)
	}
	if err := plainjson.Unmarshal(bytes.TrimSuffix(b, []byte("\n")), receiptShape, &r); err != nil {
		return r, fmt.Errorf("%s: %w", ref.Object, err)
	}
	if r.Format != ReceiptFormat || r.Case != l.caseID {
		return r, fmt.Errorf("%s: format %q of case %q", ref.Object, r.Format, r.Case)
	}
	return r, nil
}

func (l *Log) put(ctx context.Context, name string, b []byte) error {
	_, err := l.store.Put(ctx, Prefix(l.caseID)+name, strings.NewReader(string(b)), int64(len(b)), hexSum(b))
	return err
}

// get reads a small object whole.
func (l *Log) get(ctx context.Context, name string, limit int64) ([]byte, error) {
	o, err := l.store.Open(ctx, Prefix(l.caseID)+name, "")
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if size := o.Info().Size; size > limit {
		return nil, &tooLarge{name, size, limit}
	}
	b, err := io.ReadAll(io.LimitReader(io.NewSectionReader(o, 0, o.Info().Size), limit))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

// tooLarge is damage to the log, not trouble with the store.
type tooLarge struct {
	name        string
	size, limit int64
}

// Unwrap makes it ErrDamaged.
func (e *tooLarge) Unwrap() error { return ErrDamaged }

func (e *tooLarge) Error() string {
	return fmt.Sprintf("%s has %d bytes, at most %d", e.name, e.size, e.limit)
}
