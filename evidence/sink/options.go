package sink

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// MaxWorkers bounds a writer's memory on hosts with many cores.
const MaxWorkers = 16

// Options say how a bundle is written.
type Options struct {
	// Header is the draft of leaf 0: Case, Kind, Tool, Examiner, Host and what
	// else the caller knows. Bundle may be empty. The writer fills in Format,
	// Started, Signer's key, Encryption, Recipients, Hashes and Files.
	Header seal.Header
	// Signer signs the checkpoints; VKey is its verifier key.
	Signer note.Signer
	VKey   string
	// Recipients may open the segments. None only with NoEncryption.
	Recipients   []age.Recipient
	NoEncryption bool
	SHA1, MD5    bool // digests beside SHA-256

	Workers     int           // 1 to MaxWorkers; 0 means GOMAXPROCS
	SegmentSize int           // bytes; 0 means segment.DefaultSize
	SegmentAge  time.Duration // 0 means 5 s: with partAge and frameAge no more than 10 s are ever at risk
	Now         func() time.Time

	// TimeStamp, where set, gets an RFC 3161 token over the last checkpoint's
	// bytes. Its failure does not harm the bundle; it is Totals.TimeStampErr.
	TimeStamp func(ctx context.Context, checkpoint []byte) ([]byte, error)

	// Footprint, where set, gives the end leaf's footprint. It is called when
	// every segment is stored: before that it could not count the last ones.
	Footprint func(Totals) map[string]string
}

func (o *Options) complete() error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Workers = min(o.Workers, MaxWorkers)
	if o.SegmentSize == 0 {
		o.SegmentSize = segment.DefaultSize
	}
	if o.SegmentSize < segment.MinSize || o.SegmentSize > segment.MaxSize {
		return fmt.Errorf("segment size %d: want %d to %d bytes", o.SegmentSize, segment.MinSize, segment.MaxSize)
	}
	if o.SegmentAge == 0 {
		o.SegmentAge = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NoEncryption != (len(o.Recipients) == 0) {
		return errors.New("a bundle needs recipients, or the explicit choice of no encryption; not both")
	}
	return o.header()
}

// header completes and checks the header's draft.
func (o *Options) header() error {
	h := &o.Header
	h.Format = seal.HeaderFormat
	h.Started = evidence.At(o.Now())
	if h.Bundle == "" {
		h.Bundle = evidence.NewBundleID(h.Host["hostname"], o.Now())
	}
	h.Signer.Algorithm, h.Signer.VKey = "ed25519", o.VKey
	if _, err := note.NewVerifier(o.VKey); err != nil || o.Signer == nil {
		return fmt.Errorf("signing key of the bundle: no signer, or a bad verifier key (%v)", err)
	}
	h.Encryption, h.Recipients = "none", nil
	if !o.NoEncryption {
		h.Encryption = "age"
	}
	for _, r := range o.Recipients {
		h.Recipients = append(h.Recipients, keys.RecipientID(fmt.Sprint(r)))
	}
	h.Hashes = []string{"sha256"}
	if o.SHA1 {
		h.Hashes = append(h.Hashes, "sha1")
	}
	if o.MD5 {
		h.Hashes = append(h.Hashes, "md5")
	}
	if h.Kind == "" {
		h.Kind = seal.KindCollection
	}
	if err := evidence.ValidBundle(h.Bundle); err != nil {
		return err
	}
	return evidence.ValidCase(h.Case)
}
