package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// maxWorkers bounds the memory of a check: each worker holds one segment.
const maxWorkers = 16

// Options say how far to check.
type Options struct {
	// Quick checks the seal and every segment as stored, and opens none.
	Quick bool
	// Known tells whether somebody vouches for a verifier key, named by its
	// whole text. Where it is nil, nobody vouches for any.
	Known func(vkey string) bool
	// Root, where set, is what the last root must be: words, hex or base64.
	Root    string
	Workers int // 0 means GOMAXPROCS
	// Token checks an RFC 3161 token over message. Where it is nil, a token
	// counts as not checked.
	Token func(token, message []byte) (TimeStamp, error)
	// Progress, where set, is told of stored bytes as they have been checked.
	Progress func(more int64)
}

// TimeStamp is what a time-stamp token says.
type TimeStamp struct {
	Time    time.Time `json:"time"`
	Signer  string    `json:"signer"`
	Trusted bool      `json:"trusted"` // its certificate leads to a root that was given
}

// States of one check.
const (
	Passed  = "passed"
	Failed  = "failed"
	NotRun  = "not run"
	Unknown = "unknown"
)

// Check is one kind of check and how it went.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Signature is one signature over the last checkpoint.
type Signature struct {
	VKey      string `json:"vkey"`
	Name      string `json:"name"`
	Known     bool   `json:"known"` // somebody vouched for the key
	Ephemeral bool   `json:"ephemeral,omitempty"`
	Cosigner  bool   `json:"cosigner,omitempty"`
}

// Report is what Verify found.
type Report struct {
	Bundle   string `json:"bundle"`
	Case     string `json:"case"`
	State    string `json:"state"` // complete, interrupted, unfinished
	Leaves   int64  `json:"leaves"`
	Root     string `json:"root"`  // base64
	Words    string `json:"words"` // its short form
	Segments int    `json:"segments"`
	Stored   int64  `json:"stored,string"` // bytes of segments
	Items    int64  `json:"items"`         // item records read; 0 where segments were not opened
	Bytes    int64  `json:"bytes,string"`  // content hashed

	Signatures  []Signature      `json:"signatures"`
	KnownSigner bool             `json:"known_signer"`
	TimeStamp   *TimeStamp       `json:"time_stamp,omitempty"`
	Checks      []Check          `json:"checks"`
	Problems    []bundle.Problem `json:"problems"`
	Tail        []string         `json:"tail,omitempty"` // objects after the last checkpoint of an unfinished bundle
}

// OK reports whether nothing was found wrong. An unfinished bundle, or one
// whose signer is unknown, can be OK: State and KnownSigner tell.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// Bundle checks a bundle as far as options and identities allow. Its error is
// about not being able to check (a place that can't be read); what is wrong
// with the bundle is in the report.
func Bundle(ctx context.Context, b *bundle.Bundle, o Options) (*Report, error) {
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	v := &verification{b: b, o: o, chains: newChains(), tally: map[evidence.Outcome]int{}}
	if signer, err := note.NewVerifier(b.Header.Signer.VKey); err == nil {
		v.signer = signer
	}
	v.r = &Report{
		Bundle: b.Header.Bundle, Case: b.Header.Case, State: seal.Unfinished, Leaves: b.Last.Size,
		Root: seal.RootText(b.Last.Root), Words: seal.Words(b.Last.Root), Segments: len(b.Segments),
		Problems: slices.Clone(b.Problems), Tail: b.Tail,
	}
	if b.End != nil {
		v.r.State = b.End.State
	}
	v.check("seal", "header, leaves, tree, every checkpoint and its signature", "")
	for _, run := range []func(context.Context) error{v.container, v.texts, v.signatures, v.timeStamp, v.root, v.segments} {
		if err := run(ctx); err != nil {
			return v.r, err
		}
	}
	slices.SortStableFunc(v.r.Problems, func(a, b bundle.Problem) int { return cmp.Compare(a.Where, b.Where) })
	return v.r, nil
}

// verification is one run of Bundle.
type verification struct {
	b *bundle.Bundle
	o Options
	r *Report

	signer note.Verifier // nil where the header names no good key

	mu     sync.Mutex
	seen   int // problems already accounted to a check
	tally  map[evidence.Outcome]int
	chains *chains
	items  atomic.Int64
	bytes  atomic.Int64
	done   atomic.Int64
}

func (v *verification) problem(where, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.r.Problems) < 1000 {
		v.r.Problems = append(v.r.Problems, bundle.Problem{Where: where, What: fmt.Sprintf(format, args...)})
	}
}

// check closes a kind of check: it failed where problems were added since the
// last one, unless status says that it was not run.
func (v *verification) check(name, detail, status string) {
	if status == "" {
		status = Passed
		if len(v.r.Problems) > v.seen {
			status = Failed
		}
	}
	v.seen = len(v.r.Problems)
	v.r.Checks = append(v.r.Checks, Check{name, status, detail})
}

func (v *verification) container(context.Context) error {
	c, ok := v.b.Objects().(bundle.Container)
	if !ok {
		return nil
	}
	if err := c.CheckContainer(v.b.End != nil); err != nil {
		v.problem(v.b.String(), "%v", err)
	}
	if !c.Whole() {
		v.r.State = seal.Unfinished
		v.r.Tail = append(v.r.Tail, "(the ZIP's directory was never written)")
	}
	v.check("container", "every byte of the ZIP around the objects", "")
	return nil
}

func (v *verification) texts(ctx context.Context) error {
	for _, name := range seal.TextNames() {
		if _, ok := v.b.Names()[name]; !ok {
			continue // named already
		}
		body, err := v.b.ReadObject(ctx, name, 1<<20)
		if err != nil {
			v.problem(name, "%v", err)
			continue
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != v.b.Header.Files[name] {
			v.problem(name, "was altered: SHA-256 %s is not the one in the header", got)
		}
	}
	v.check("texts", "README.txt and verify.sh are those that the header names", "")
	return nil
}

// signatures lists the collector's and every countersignature, checks the
// latter, and tells which keys somebody vouched for.
func (v *verification) signatures(ctx context.Context) error {
	b := v.b
	if v.signer == nil {
		return nil
	}
	v.signed(Signature{VKey: b.Header.Signer.VKey, Name: v.signer.Name(), Ephemeral: b.Header.Signer.Ephemeral})
	base := strings.TrimSuffix(b.LastFile, ".checkpoint") + ".cosign/"
	for _, name := range slices.Sorted(keys(b.Names())) {
		id, ok := strings.CutPrefix(name, base)
		if !ok || b.End == nil {
			continue
		}
		if stem, isKey := strings.CutSuffix(id, ".vkey"); isKey {
			v.cosignature(ctx, base+stem, name)
		} else if _, ok := b.Names()[name+".vkey"]; !ok {
			v.problem(name, "its verifier key %s.vkey is missing", name)
		}
	}
	status := ""
	if !v.r.KnownSigner && len(v.r.Problems) == v.seen {
		status = Unknown
	}
	detail := "signer known"
	if !v.r.KnownSigner {
		detail = "signer unknown: nobody vouched for the key"
	}
	v.check("signer", detail, status)
	return nil
}

func keys(m map[string]int64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// signed notes a good signature, and whether somebody vouches for its key.
func (v *verification) signed(s Signature) {
	if v.o.Known != nil && v.o.Known(s.VKey) {
		s.Known, v.r.KnownSigner = true, true
	}
	v.r.Signatures = append(v.r.Signatures, s)
}

// cosignature checks one countersignature and the key beside it.
func (v *verification) cosignature(ctx context.Context, name, keyName string) {
	raw, err := v.b.ReadObject(ctx, keyName, 4096)
	if err != nil {
		v.problem(keyName, "%v", err)
		return
	}
	vkey := strings.TrimSuffix(string(raw), "\n")
	ver, err := note.NewVerifier(vkey)
	if err != nil || vkey+"\n" != string(raw) || fmt.Sprintf("%s%08x", name[:strings.LastIndexByte(name, '/')+1], ver.KeyHash()) != name {
		v.problem(keyName, "is no good verifier key, or not the one that its name says")
		return
	}
	signed, err := v.b.ReadObject(ctx, name, seal.MaxCheckpoint)
	if err != nil {
		v.problem(name, "%v", err)
		return
	}
	cp, err := seal.OpenCheckpoint(signed, ver)
	switch {
	case err != nil:
		v.problem(name, "countersignature: %v", err)
	case cp != v.b.Last:
		v.problem(name, "countersigns another checkpoint (%d leaves, root %s)", cp.Size, seal.RootText(cp.Root))
	default:
		v.signed(Signature{VKey: vkey, Name: ver.Name(), Cosigner: true})
	}
}

func (v *verification) timeStamp(ctx context.Context) error {
	base := strings.TrimSuffix(v.b.LastFile, ".checkpoint")
	name := base + ".tsr"
	if _, ok := v.b.Names()[name]; !ok {
		if _, lone := v.b.Names()[name+".note"]; lone {
			v.problem(name, "is missing, and its signature is there")
		}
		v.check("time stamp", "the bundle has none", NotRun)
		return nil
	}
	token, err := v.b.ReadObject(ctx, name, seal.MaxLeaf)
	if err != nil {
		return err
	}
	signed, err := v.b.ReadObject(ctx, name+".note", seal.MaxCheckpoint)
	if err == nil {
		err = seal.OpenToken(signed, v.b.Header.Bundle, token, v.signer)
	}
	if err != nil {
		v.problem(name, "%v", err)
	}
	status, detail := "", "the collector's signature over the token"
	if v.o.Token != nil {
		ts, err := v.o.Token(token, v.b.Signed())
		if err != nil {
			v.problem(name, "%v", err)
		} else {
			v.r.TimeStamp = &ts
			detail = fmt.Sprintf("%s by %s", ts.Time.UTC().Format(time.RFC3339), ts.Signer)
			if !ts.Trusted {
				status, detail = Unknown, detail+" (authority unknown: nobody vouched for its certificate)"
			}
		}
	}
	if len(v.r.Problems) > v.seen {
		status = ""
	}
	v.check("time stamp", detail, status)
	return nil
}

func (v *verification) root(context.Context) error {
	if v.o.Root == "" {
		return nil
	}
	same, err := seal.SameRoot(v.o.Root, v.b.Last.Root)
	if err != nil {
		return err
	}
	if !same {
		v.problem("root", "the bundle's root is %s (%s), not the one given", seal.Words(v.b.Last.Root), seal.RootText(v.b.Last.Root))
	}
	v.check("root", "is the one given", "")
	return nil
}

// segments checks every segment as stored and, unless that was not wanted or
// there is no identity, everything inside.
func (v *verification) segments(ctx context.Context) error {
	deep := !v.o.Quick && v.b.CanRead()
	g, gctx := errgroup.WithContext(ctx)
	next := make(chan seal.Segment)
	g.Go(func() error {
		defer close(next)
		for _, s := range v.b.Segments {
			select {
			case next <- s:
			case <-gctx.Done():
				return gctx.Err()
			}
		}
		return nil
	})
	for range v.o.Workers {
		g.Go(func() error {
			if deep {
				return v.deepWorker(gctx, next)
			}
			return v.quickWorker(gctx, next)
		})
	}
	err := g.Wait()
	v.r.Stored = v.done.Load()
	if errors.Is(err, bundle.ErrNoIdentity) {
		return err
	}
	if err != nil {
		return err
	}
	for item, err := range v.chains.open {
		if v.b.End != nil {
			v.problem("segments", "item %d: %v", item, err)
		}
	}
	v.r.Items, v.r.Bytes = v.items.Load(), v.bytes.Load()
	v.check("segments", "every segment's bytes as stored", v.statusOf("segments/"))
	switch {
	case deep:
		v.totals()
		v.check("items", "every record and every item's bytes", "")
	case v.o.Quick:
		v.check("items", "left out: --quick opens no segment", NotRun)
	default:
		v.check("items", "no identity given: what is inside the segments was not checked", NotRun)
	}
	return nil
}

// statusOf is for checks that ran together: failed where a problem stands at
// an object with the prefix.
func (v *verification) statusOf(prefix string) string {
	for _, p := range v.r.Problems {
		if strings.HasPrefix(p.Where, prefix) {
			return Failed
		}
	}
	return Passed
}

func (v *verification) progress(n int64) {
	v.done.Add(n)
	if v.o.Progress != nil {
		v.o.Progress(n)
	}
}
