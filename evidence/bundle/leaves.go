package bundle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

func (b *Bundle) header(ctx context.Context) error {
	const name = headerName
	if _, ok := b.names[name]; !ok {
		for other := range b.names {
			if b.inChain(other) {
				return fmt.Errorf("%w: %s is missing: this is no whole bundle", ErrVerify, name)
			}
		}
		return fmt.Errorf("%w: %s is not there", ErrNotBundle, name)
	}
	leaf, err := b.ReadObject(ctx, name, seal.MaxLeaf)
	if err != nil && !errors.Is(err, ErrVerify) {
		return err
	}
	var h seal.Header
	if err == nil {
		h, err = seal.ParseHeader(leaf)
	}
	if err != nil {
		b.problem(name, "%v", Reason(err))
	}
	b.Header = h
	if b.verifier, err = note.NewVerifier(h.Signer.VKey); err != nil {
		b.problem(name, "signer's verifier key: %v", err)
	}
	for _, listed := range slices.Sorted(maps.Keys(h.Files)) {
		if !slices.Contains(seal.TextNames(), listed) {
			b.problem(name, "names %q, which is none of the files that a bundle has", listed)
		}
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

// leafAndNote are the two objects of one step of the seal.
type leafAndNote struct {
	leaf, note []byte
	leafErr    error // why the leaf can't be one, whatever it says
	noteErr    error // likewise
}

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
		g.Go(func() error {
			s := &out[i]
			if s.leaf, s.leafErr = b.ReadObject(ctx, sealName(n, "json"), seal.MaxLeaf); s.leafErr != nil && !errors.Is(s.leafErr, ErrVerify) {
				return s.leafErr
			}
			if !b.has(n, "checkpoint") {
				return nil
			}
			if s.note, s.noteErr = b.ReadObject(ctx, sealName(n, "checkpoint"), seal.MaxCheckpoint); s.noteErr != nil && !errors.Is(s.noteErr, ErrVerify) {
				return s.noteErr
			}
			return nil
		})
	}
	return out, g.Wait()
}

// step checks leaf n and the checkpoint after it; false where nothing after it
// can be trusted.
func (b *Bundle) step(tree *seal.Tree, n int, s leafAndNote, last bool) bool {
	leaf, check := sealName(n, "json"), sealName(n, "checkpoint")
	if s.noteErr != nil {
		return b.breakAt(check, "%v", Reason(s.noteErr))
	}
	if s.note == nil {
		if b.names[leaf] < 0 {
			return b.breakAt(leaf, "%v", errNotRegular)
		}
		if last && n > 0 && b.End == nil { // the collector died between the two
			b.Tail = append(b.Tail, leaf)
			b.known[leaf] = true
			return false
		}
		return b.breakAt(check, "is missing")
	}
	b.known[leaf], b.known[check] = true, true
	if s.leafErr != nil {
		return b.breakAt(leaf, "%v", Reason(s.leafErr))
	}
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
	case size < 0:
		b.problem(s.Object, "%v", errNotRegular)
	case size != s.Size:
		b.problem(s.Object, "has %d bytes; its leaf says %d", size, s.Size)
	}
	if due, known := b.nextSeq(n); known && s.First != due {
		b.problem(name, "its first record is number %d; due here is %d", s.First, due)
	}
	if strings.HasSuffix(s.Object, ".age") != b.Encrypted() {
		b.problem(name, "the object's name does not fit the header's encryption")
	}
	b.Segments = append(b.Segments, s)
}

// nextSeq is the sequence number that segment n must begin with; false where a
// leaf before it could not be read.
func (b *Bundle) nextSeq(n int) (uint64, bool) {
	if len(b.Segments) != n-1 {
		return 0, false
	}
	if n == 1 {
		return 1, true
	}
	last := b.Segments[n-2]
	return last.First + uint64(last.Items), true
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
