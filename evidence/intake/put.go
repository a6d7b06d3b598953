package intake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/custody"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// Prefix is where a bundle lies in a store.
func Prefix(caseID, bundleID string) string { return BundlesPrefix(caseID) + bundleID + "/" }

// BundlesPrefix is where a case's bundles lie.
func BundlesPrefix(caseID string) string { return "cases/" + caseID + "/bundles/" }

// Request is one intake.
type Request struct {
	Store   store.Store
	Bundle  *bundle.Bundle
	Signer  *keys.Signer // the examiner
	Purpose string
	Basis   string
	Place   string
	Now     func() time.Time
	// Progress, where set, is told of bytes as they are stored.
	Progress func(more int64)
}

// Done is what an intake did.
type Done struct {
	Bundle   string            `json:"bundle"`
	Case     string            `json:"case"`
	Prefix   string            `json:"prefix"`
	Objects  int               `json:"objects"`
	Bytes    int64             `json:"bytes,string"`
	Root     string            `json:"root"`
	Words    string            `json:"words"`
	Entries  []int64           `json:"entries,omitempty"` // indices in the custody log; none where it had them all
	Cosigned bool              `json:"cosigned"`
	Unsure   []string          `json:"unconfirmed,omitempty"` // objects that the store did not confirm
	Report   *verify.Report    `json:"verification"`
	Info     map[string]string `json:"-"`
}

// Errors that callers decide by.
var (
	ErrCase  = errors.New("the bundle belongs to another case")
	ErrNotIn = errors.New("the store's custody log does not have this bundle") // nobody took it in
	// ErrOther is an ErrVerify: the bundle may hold together by itself, and is not the one.
	ErrOther = fmt.Errorf("%w: not the bundle that was taken in under this id", bundle.ErrVerify)
)

// Put verifies a bundle, stores every object of it, countersigns the copy, and
// records collected, sealed, received and stored in the case's log. Repeating
// an intake that broke off completes it. A bundle that does not verify is not
// taken in: the error wraps bundle.ErrVerify, as it does where the store holds
// other bytes than the bundle's under one of its names, and where the log has the
// intake of another bundle under its id (ErrOther). Nothing is stored where the
// case's log is damaged (custody.ErrDamaged), for nothing could be recorded.
func Put(ctx context.Context, r Request) (*Done, error) {
	b := r.Bundle
	if _, err := keys.ParseRole(string(r.Signer.Role())); err != nil { // no entry can be signed
		return nil, fmt.Errorf("the key of %s: %w", r.Signer, err)
	}
	for _, text := range []string{r.Purpose, r.Basis, r.Place} {
		if err := custody.CheckText(text); err != nil {
			return nil, err
		}
	}
	report, err := verify.Bundle(ctx, b, verify.Options{Quick: !b.CanRead()})
	if err != nil {
		return nil, err
	}
	if !report.OK() {
		return nil, fmt.Errorf("%w: %s (%d problems in all)", bundle.ErrVerify, report.Problems[0], len(report.Problems))
	}
	d := &Done{
		Bundle: b.Header.Bundle, Case: b.Header.Case, Prefix: Prefix(b.Header.Case, b.Header.Bundle),
		Root: seal.RootText(b.Last.Root), Words: seal.Words(b.Last.Root), Report: report,
	}
	p := putter{Request: r, done: d, segments: digests(b), receipts: map[string]bool{}}
	if p.log, err = custody.Open(r.Store, b.Header.Case, r.Now); err != nil {
		return nil, err
	}
	var refs []custody.BundleRef
	if p.had, refs, err = p.recorded(ctx); err != nil {
		return nil, err
	}
	if err := sameAsTaken(ctx, r.Store, b, refs); err != nil {
		return nil, err
	}
	infos, err := p.objects(ctx)
	if err != nil {
		return d, err
	}
	if b.End != nil {
		if err := bundle.Cosign(ctx, b, func(ctx context.Context, name string, body []byte) error {
			info, err := p.put(ctx, name, bytes.NewReader(body), int64(len(body)), hexSum(body))
			infos = append(infos, info)
			return err
		}, r.Signer, r.Signer.VKey()); err != nil {
			return d, err
		}
		d.Cosigned = true
	}
	return d, p.record(ctx, infos)
}

type putter struct {
	Request
	done *Done
	log  *custody.Log
	tree seal.Tree // of the leaves as they were stored

	segments map[string]string      // digests, by object
	had      map[custody.Event]bool // what the log has of this very intake
	receipts map[string]bool        // those that its entries name, by SHA-256
}

func (p *putter) ref() *custody.BundleRef { return refOf(p.Bundle) }

func refOf(b *bundle.Bundle) *custody.BundleRef {
	return &custody.BundleRef{ID: b.Header.Bundle, Size: b.Last.Size, Root: seal.RootText(b.Last.Root)}
}

// objects stores everything that the seal speaks of, in the order in which a
// collector would: a copy that breaks off is an unfinished bundle.
func (p *putter) objects(ctx context.Context) ([]store.Info, error) {
	var infos []store.Info
	for _, name := range order(p.Bundle) {
		info, err := p.object(ctx, name)
		if err != nil {
			return infos, fmt.Errorf("storing %s: %w", name, err)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (p *putter) object(ctx context.Context, name string) (store.Info, error) {
	o, err := p.Bundle.Objects().Open(ctx, name)
	if err != nil {
		return store.Info{}, err
	}
	defer o.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(o, 0, o.Size())); err != nil {
		return store.Info{}, err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if same, err := p.unchanged(name, o, sum); err != nil {
		return store.Info{}, err
	} else if !same {
		return store.Info{}, fmt.Errorf("%w: it changed since it was verified", bundle.ErrVerify)
	}
	return p.put(ctx, name, o, o.Size(), sum)
}

// unchanged holds an object against what was verified: texts and segments by
// their digests, leaves by the tree that they grow, which must be the one under
// the last checkpoint. Objects come in order.
func (p *putter) unchanged(name string, o bundle.Object, sum string) (bool, error) {
	b := p.Bundle
	if want, ok := b.Header.Files[name]; ok {
		return sum == want, nil
	}
	if want, ok := p.segments[name]; ok {
		return sum == want, nil
	}
	switch {
	case name == b.LastFile:
		return sum == hexSum(b.Signed()) && p.tree.Root() == b.Last.Root, nil
	case strings.HasSuffix(name, ".json"):
		if o.Size() > seal.MaxLeaf {
			return false, nil
		}
		leaf := make([]byte, o.Size())
		if n, err := o.ReadAt(leaf, 0); n < len(leaf) {
			return false, err
		}
		p.tree.Append(leaf)
	}
	return true, nil
}

func (p *putter) put(ctx context.Context, name string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	info, err := p.Store.Put(ctx, p.done.Prefix+name, body, size, sum)
	if errors.Is(err, store.ErrUnconfirmed) {
		p.done.Unsure = append(p.done.Unsure, name)
		err = nil
	}
	if errors.Is(err, store.ErrExists) {
		err = p.taken(ctx, p.done.Prefix+name, err)
	}
	if err != nil {
		return info, err
	}
	if info, err = p.facts(ctx, p.done.Prefix+name, info); err != nil {
		return info, err
	}
	info.Key = cmp.Or(info.Key, p.done.Prefix+name)
	info.Size, info.SHA256 = size, sum
	p.done.Objects++
	p.done.Bytes += size
	if p.Progress != nil {
		p.Progress(size)
	}
	return info, nil
}

// facts adds what a store tells only of an object that it has: when it was
// stored, under which retention. Who may put and not look goes without.
func (p *putter) facts(ctx context.Context, key string, info store.Info) (store.Info, error) {
	if !info.Modified.IsZero() {
		return info, nil
	}
	now, err := p.Store.Stat(ctx, key)
	if err != nil {
		return info, ctx.Err()
	}
	if now.VersionID != info.VersionID && info.VersionID != "" {
		return info, fmt.Errorf("%w: %s: version %s was put over the one just stored, %s", bundle.ErrVerify, store.Place(p.Store, key), now.VersionID, info.VersionID)
	}
	info.Modified, info.Retain, info.Hold = now.Modified, now.Retain, now.Hold
	return info, nil
}

// taken tells an object that holds other bytes from one that can't be looked
// at: the first is not what was sealed.
func (p *putter) taken(ctx context.Context, key string, err error) error {
	o, oerr := p.Store.Open(ctx, key, "")
	if oerr != nil {
		return err
	}
	o.Close()
	return fmt.Errorf("%w: %s: %w", bundle.ErrVerify, store.Place(p.Store, key), err)
}

// order lists a bundle's objects: texts, leaf by leaf with segment and
// checkpoint, then time stamp and countersignatures, each after its key. What
// is under no seal stays behind.
func order(b *bundle.Bundle) []string {
	names := b.Names()
	rank := func(name string) (int, int) {
		digits := strings.TrimLeft(name[strings.IndexByte(name, '/')+1:], "")
		n, _ := strconv.Atoi(digits[:min(6, len(digits))])
		switch {
		case !strings.Contains(name, "/"):
			return -1, 0
		case strings.HasPrefix(name, "segments/"):
			return n, 0
		case strings.HasSuffix(name, ".json"):
			return n, 1
		case strings.HasSuffix(name, ".checkpoint"):
			return n, 2
		case !strings.Contains(name, ".cosign/"):
			return n, 3
		case strings.HasSuffix(name, ".vkey"):
			return n, 4
		}
		return n, 5
	}
	var out []string
	for name := range names {
		if !slices.Contains(b.Tail, name) && !b.LoneKey(name) {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(x, y string) int {
		xn, xk := rank(x)
		yn, yk := rank(y)
		return cmp.Or(cmp.Compare(xn, yn), cmp.Compare(xk, yk), cmp.Compare(x, y))
	})
	return out
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
