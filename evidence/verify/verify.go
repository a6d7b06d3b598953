package verify

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

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
	// Token checks an RFC 3161 token over message. Where it is nil, a token must
	// be sound, and nobody vouches for its authority.
	Token func(token, message []byte) (TimeStamp, error)
	// Progress, where set, is told of stored bytes as they have been checked.
	Progress func(more int64)
}

// Bundle checks a bundle as far as options and identities allow. Its error is
// about not being able to check (a place that can't be read); what is wrong
// with the bundle is in the report.
func Bundle(ctx context.Context, b *bundle.Bundle, o Options) (*Report, error) {
	v := begin(b, o)
	v.check("seal", "header, leaves, tree, every checkpoint and its signature",
		v.statusOf(func(name string) bool { return !isSegment(name) && !isText(name) }))
	for _, run := range []func(context.Context) error{v.container, v.texts, v.signatures, v.timeStamp, v.root, v.segments} {
		if err := run(ctx); err != nil {
			return v.r, err
		}
	}
	if err := ctx.Err(); err != nil { // some of what could not be read then was passed over
		return v.r, err
	}
	if err := v.endUnread(); err != nil {
		return v.r, err
	}
	slices.SortStableFunc(v.r.Problems, func(a, b bundle.Problem) int { return cmp.Compare(a.Where, b.Where) })
	return v.r, nil
}

// begin is a run with nothing checked yet but what opening the bundle did.
func begin(b *bundle.Bundle, o Options) *verification {
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	if o.Token == nil {
		o.Token = soundToken
	}
	v := &verification{b: b, o: o, chains: newChains(b.Segments), tally: map[evidence.Outcome]int{}}
	if signer, err := note.NewVerifier(b.Header.Signer.VKey); err == nil {
		v.signer = signer
	}
	v.r = &Report{
		Bundle: b.Header.Bundle, Case: b.Header.Case, State: seal.Unfinished, Leaves: b.Last.Size,
		Root: seal.RootText(b.Last.Root), Words: seal.Words(b.Last.Root), Segments: len(b.Segments),
		Problems: slices.Clone(b.Problems), Tail: b.Tail, Ended: b.EndLeaf != nil,
	}
	if b.End != nil {
		v.r.State = b.End.State
	}
	return v
}

// verification is one run of Bundle.
type verification struct {
	b *bundle.Bundle
	o Options
	r *Report

	signer note.Verifier // nil where the header names no good key

	mu     sync.Mutex
	seen   int // problems already accounted to a check
	unread []unread
	strays []bundle.Problem // of parts that are not where they belong
	tally  map[evidence.Outcome]int
	chains *chains
	items  atomic.Int64
	bytes  atomic.Int64
	done   atomic.Int64

	unopened   atomic.Int64 // segments that could not be opened, or not to their end
	notStored  atomic.Int64 // those of them that are not as they were stored
	wrongItems atomic.Int64 // problems of what is inside segments

	lent   chan *loan   // items for workers that have no segment
	atWork atomic.Int64 // workers that have, or may get one
}

func (v *verification) problem(where, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := bundle.NewProblem(where, fmt.Sprintf(format, args...))
	if len(v.r.Problems) < maxProblems && !slices.Contains(v.r.Problems, p) { // a segment that is missing is missed twice
		v.r.Problems = append(v.r.Problems, p)
	}
}

// maxProblems bounds what is told of a bundle.
const maxProblems = 1000

// wrong is a problem of what is inside a segment.
func (v *verification) wrong(where, format string, args ...any) {
	v.wrongItems.Add(1)
	v.problem(where, format, args...)
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
	if err := v.b.CheckContainer(); err != nil {
		v.problem(v.b.String(), "%v", err)
	}
	if !c.Whole() {
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
		if err := v.b.CheckText(ctx, name); err != nil {
			v.notRead(name, err)
		}
	}
	v.check("texts", "README.txt and verify.sh are those that the header names", v.statusOf(isText))
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
