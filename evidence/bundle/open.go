package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence/durable"
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

func (p Problem) String() string { return p.Where + ": " + p.What }

// Bundle is a bundle opened for reading. Its seal has been read and checked as
// far as Problems tells; segments are checked against it as they are read.
type Bundle struct {
	Header   seal.Header
	Segments []seal.Segment // those under a good checkpoint
	End      *seal.End      // nil where the bundle is unfinished
	Last     seal.Checkpoint
	LastFile string   // name of the last checkpoint's object
	Tail     []string // objects of an unfinished bundle that no checkpoint speaks of
	Problems []Problem

	broken     string // where the chain of leaves broke; nothing after it is checked
	objects    Objects
	names      map[string]int64
	verifier   note.Verifier
	lastSigned []byte
	known      map[string]bool // objects that the seal accounts for
	ids        []age.Identity
	cache      *cache
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

// CanRead reports whether segments can be opened: whether there is an identity
// at all, not whether it fits.
func (b *Bundle) CanRead() bool { return !b.Encrypted() || len(b.ids) > 0 }

func (b *Bundle) problem(where, format string, args ...any) {
	const most = 1000 // a damaged bundle of many segments needs no more to be called so
	if len(b.Problems) < most {
		b.Problems = append(b.Problems, Problem{where, fmt.Sprintf(format, args...)})
	}
}

// breakAt is a problem after which no leaf can be trusted.
func (b *Bundle) breakAt(where, format string, args ...any) bool {
	b.problem(where, format, args...)
	b.broken = where
	return false
}

func (b *Bundle) header(ctx context.Context) error {
	const name = headerName
	if _, ok := b.names[name]; !ok {
		return fmt.Errorf("%w: %s is not there", ErrNotBundle, name)
	}
	leaf, err := b.ReadObject(ctx, name, seal.MaxLeaf)
	if err != nil {
		return err
	}
	h, err := seal.ParseHeader(leaf)
	if err != nil {
		b.problem(name, "%v", err)
	}
	b.Header = h
	if b.verifier, err = note.NewVerifier(h.Signer.VKey); err != nil {
		b.problem(name, "signer's verifier key: %v", err)
	}
	for _, name := range seal.TextNames() {
		b.known[name] = true
		if _, ok := b.names[name]; !ok {
			b.problem(name, "is missing")
		} else if _, listed := h.Files[name]; !listed {
			b.problem(name, "the header does not name it")
		}
	}
	return nil
}

// read returns a small object whole.
// ReadObject reads a whole object of no more than most bytes, as it lies
// there: nothing is checked.
func (b *Bundle) ReadObject(ctx context.Context, name string, most int64) ([]byte, error) {
	o, err := b.objects.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	defer o.Close()
	if o.Size() > most {
		return nil, fmt.Errorf("reading %s: %d bytes, at most %d", name, o.Size(), most)
	}
	buf := make([]byte, o.Size())
	if n, err := o.ReadAt(buf, 0); n < len(buf) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return buf, nil
}

// leafAndNote are the two objects of one step of the seal.
type leafAndNote struct{ leaf, note []byte }

// leaves reads leaf after leaf, grows the tree and checks each checkpoint.
func (b *Bundle) leaves(ctx context.Context) error {
	total := 0
	for b.has(total, "json") {
		total++
	}
	var tree seal.Tree
	const batch = 32
	for from := 0; from < total; from += batch {
		steps, err := b.fetch(ctx, from, min(total, from+batch))
		if err != nil {
			return err
		}
		for i, s := range steps {
			if !b.step(&tree, from+i, s, from+i == total-1) {
				return nil
			}
		}
	}
	return nil
}

func sealName(n int, ending string) string { return fmt.Sprintf("seal/%06d.%s", n, ending) }

func (b *Bundle) has(n int, ending string) bool {
	_, ok := b.names[sealName(n, ending)]
	return ok
}

func (b *Bundle) fetch(ctx context.Context, from, to int) ([]leafAndNote, error) {
	out := make([]leafAndNote, to-from)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i := range out {
		n := from + i
		g.Go(func() (err error) {
			if out[i].leaf, err = b.ReadObject(ctx, sealName(n, "json"), seal.MaxLeaf); err != nil {
				return err
			}
			if b.has(n, "checkpoint") {
				out[i].note, err = b.ReadObject(ctx, sealName(n, "checkpoint"), seal.MaxCheckpoint)
			}
			return err
		})
	}
	return out, g.Wait()
}

// step checks leaf n and the checkpoint after it; false where nothing after it
// can be trusted.
func (b *Bundle) step(tree *seal.Tree, n int, s leafAndNote, last bool) bool {
	leaf, check := sealName(n, "json"), sealName(n, "checkpoint")
	if s.note == nil {
		if last && n > 0 && b.End == nil { // the collector died between the two
			b.Tail = append(b.Tail, leaf)
			b.known[leaf] = true
			return false
		}
		return b.breakAt(check, "is missing")
	}
	b.known[leaf], b.known[check] = true, true
	tree.Append(s.leaf)
	if b.verifier == nil {
		return b.breakAt(leaf, "without the signer's key no signature can be checked")
	}
	cp, err := seal.OpenCheckpoint(s.note, b.verifier)
	want := tree.At(seal.Origin(b.Header.Bundle))
	switch {
	case err != nil:
		return b.breakAt(check, "%v", err)
	case cp.Size != want.Size || n > 0 && cp.Origin != want.Origin:
		return b.breakAt(check, "is the checkpoint for %d leaves of %s; due here is %d of %s", cp.Size, cp.Origin, want.Size, want.Origin)
	case cp != want: // those before it fitted, so it is this leaf
		return b.breakAt(leaf, "is not the leaf that was sealed: with it the root is %s; %s was signed for %s", seal.RootText(want.Root), check, seal.RootText(cp.Root))
	}
	b.Last, b.LastFile, b.lastSigned = cp, check, s.note
	return b.leaf(n, leaf, s.leaf)
}

// leaf takes in leaf n, which is under a good checkpoint.
func (b *Bundle) leaf(n int, name string, leaf []byte) bool {
	if n == 0 {
		return true
	}
	if b.End != nil {
		return b.breakAt(name, "a leaf after the end")
	}
	switch format, err := seal.FormatOf(leaf); {
	case err != nil:
		b.problem(name, "%v", err)
	case format == seal.SegmentFormat:
		b.segmentLeaf(n, name, leaf)
	case format == seal.EndFormat:
		b.endLeaf(name, leaf)
	default:
		b.problem(name, "format %q is not known to this version", format)
	}
	return true
}

func (b *Bundle) segmentLeaf(n int, name string, leaf []byte) {
	s, err := seal.ParseSegment(leaf, b.Header.Bundle, n)
	if err != nil {
		b.problem(name, "%v", err)
		return
	}
	b.known[s.Object] = true
	switch size, ok := b.names[s.Object]; {
	case !ok:
		b.problem(s.Object, "is missing")
	case size != s.Size:
		b.problem(s.Object, "has %d bytes; its leaf says %d", size, s.Size)
	}
	if strings.HasSuffix(s.Object, ".age") != b.Encrypted() {
		b.problem(name, "the object's name does not fit the header's encryption")
	}
	b.Segments = append(b.Segments, s)
}

func (b *Bundle) endLeaf(name string, leaf []byte) {
	e, err := seal.ParseEnd(leaf, b.Header.Bundle)
	if err != nil {
		b.problem(name, "%v", err)
		return
	}
	b.End = &e
	if e.Segments != len(b.Segments) {
		b.problem(name, "counts %d segments; there are %d", e.Segments, len(b.Segments))
	}
}

// strays accounts for every object that the seal does not speak of.
func (b *Bundle) strays() {
	base := strings.TrimSuffix(b.LastFile, ".checkpoint")
	var stray []string
	for name := range b.names {
		switch {
		case b.known[name]:
		case base != "" && b.End != nil && (name == base+".tsr" || name == base+".tsr.note" || strings.HasPrefix(name, base+".cosign/")):
			b.known[name] = true
		default:
			stray = append(stray, name)
		}
	}
	slices.Sort(stray)
	unchecked := 0
	for _, name := range stray {
		switch {
		case b.inChain(name) && b.broken == "" && b.End == nil && strings.HasPrefix(name, sealPrefix):
			b.breakAt(b.nextLeaf(), "is missing, and later ones are there")
			unchecked++
		case b.inChain(name) && b.broken != "":
			unchecked++
		case b.End == nil && (strings.HasPrefix(name, fmt.Sprintf("segments/%06d.", len(b.Segments)+1)) || durable.IsTemp(name)):
			// What a collector that died may leave: a segment without its leaf,
			// and temporary files.
			b.Tail = append(b.Tail, name)
		default:
			b.problem(name, "does not belong to the bundle: the seal does not speak of it")
		}
	}
	if unchecked > 0 {
		b.problem("seal", "%d objects after %s could not be checked", unchecked, b.broken)
	}
}

const (
	sealPrefix = "seal/"
	headerName = sealPrefix + "000000.json"
)

// inChain reports whether a name is one that a leaf, a checkpoint or a segment
// could have.
func (b *Bundle) inChain(name string) bool {
	return strings.HasPrefix(name, sealPrefix) || strings.HasPrefix(name, "segments/") && !durable.IsTemp(name)
}

// nextLeaf is the name of the first leaf that is not there.
func (b *Bundle) nextLeaf() string { return sealName(int(b.Last.Size), "json") }

// Stored opens a segment's bytes as stored, which are not checked. Where they
// are missing the error wraps ErrVerify.
func (b *Bundle) Stored(ctx context.Context, s seal.Segment) (io.ReadCloser, error) {
	o, err := b.objects.Open(ctx, s.Object)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s: is missing", ErrVerify, s.Object)
		}
		return nil, fmt.Errorf("reading %s: %w", s.Object, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(o, 0, o.Size()), o}, nil
}
