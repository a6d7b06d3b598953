package bundle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// Errors that callers decide by.
var (
	ErrNotBundle  = errors.New("this is no hozen bundle")
	ErrNoIdentity = errors.New("no identity that opens this bundle")
	ErrVerify     = errors.New("verification failed")
)

// Problem is one thing that is not as it must be.
type Problem struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// NewProblem makes a problem. Where what begins with its place, as errors do,
// that is left out: once is enough.
func NewProblem(where, what string) Problem {
	return Problem{where, strings.TrimPrefix(what, where+": ")}
}

// Reason is an error's text without ErrVerify's words: a report says it all.
func Reason(err error) string {
	return strings.TrimPrefix(err.Error(), ErrVerify.Error()+": ")
}

func (p Problem) String() string { return p.Where + ": " + p.What }

// Bundle is a bundle opened for reading. Its seal has been read and checked as
// far as Problems tells; segments are checked against it as they are read.
type Bundle struct {
	Header   seal.Header
	Segments []seal.Segment // those under a good checkpoint
	End      *seal.End      // nil where the bundle is unfinished: its leaf, its time stamp's note, or the container's end, was never written
	EndLeaf  *seal.End      // the end leaf, where there is one, also in a bundle that was never completed after it
	Last     seal.Checkpoint
	LastFile string   // name of the last checkpoint's object
	Tail     []string // objects of an unfinished bundle that no checkpoint speaks of
	Problems []Problem

	torn       []string // temporary files beside the end leaf
	broken     string   // where the chain of leaves broke; nothing after it is checked
	objects    Objects
	names      map[string]int64
	verifier   note.Verifier
	lastSigned []byte
	known      map[string]bool // objects that the seal accounts for
	ids        []age.Identity
	cache      *cache
	spare      sync.Pool // of *decoding, from readers that were closed
}

// Open reads a bundle's seal. Its error means that there is none to read
// (ErrNotBundle), or that the place can't be read; what is wrong with a seal
// is in Problems. Identities may be empty: the segments stay closed then.
func Open(ctx context.Context, o Objects, ids ...age.Identity) (*Bundle, error) {
	names, err := o.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", o, err)
	}
	b := &Bundle{objects: o, names: names, ids: ids, known: map[string]bool{}}
	b.cache = newCache(b)
	if err := b.header(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	if err := b.leaves(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	b.strays()
	b.EndLeaf = b.End
	if c, ok := o.(Container); ok && !c.Whole() || b.tornStamp() {
		b.End = nil
	}
	return b, nil
}

// Check returns an error that wraps ErrVerify and names the first problem of
// the seal, or nil where there is none.
func (b *Bundle) Check() error {
	if len(b.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s (%d problems in all)", ErrVerify, b.Problems[0], len(b.Problems))
}

// Close releases what reading held.
func (b *Bundle) Close() error { return b.objects.Close() }

// String names the place that the bundle is read from.
func (b *Bundle) String() string { return b.objects.String() }

// Names lists the bundle's objects and their sizes.
func (b *Bundle) Names() map[string]int64 { return b.names }

// Signed returns the last checkpoint as signed by the collector.
func (b *Bundle) Signed() []byte { return slices.Clone(b.lastSigned) }

// Objects is where the bundle is read from.
func (b *Bundle) Objects() Objects { return b.objects }

// Encrypted reports whether the segments need an identity.
func (b *Bundle) Encrypted() bool { return b.Header.Encryption == "age" }

// Broken names the object after which no leaf can be trusted, so that nothing
// that comes later was looked at; "" where there is none.
func (b *Bundle) Broken() string { return b.broken }

// CanRead reports whether segments can be opened: whether there is an identity
// at all, not whether it fits.
func (b *Bundle) CanRead() bool { return !b.Encrypted() || len(b.ids) > 0 }

func (b *Bundle) problem(where, format string, args ...any) {
	const most = 1000 // a damaged bundle of many segments needs no more to be called so
	if len(b.Problems) < most {
		b.Problems = append(b.Problems, NewProblem(where, fmt.Sprintf(format, args...)))
	}
}

// breakAt is a problem after which no leaf can be trusted.
func (b *Bundle) breakAt(where, format string, args ...any) bool {
	b.problem(where, format, args...)
	b.broken = where
	return false
}

const (
	sealPrefix = "seal/"
	headerName = sealPrefix + "000000.json"
)
