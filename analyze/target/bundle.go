package target

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// Bundle is a sealed bundle. Segments are checked against their leaves,
// decrypted in memory and handed on frame by frame. While a worker examines an
// item larger than what is sent at once, one segment stays in memory for it.
// Segments are held by a reader of the pass alone, so that a sweep of hundreds
// of bundles takes no more memory than that of one.
type Bundle struct {
	b    *bundle.Bundle
	ids  []age.Identity
	name string
}

// NewBundle returns the target for an open bundle, which stays the caller's to
// close, after the sweep. name is as the user gave it; ids open its segments.
func NewBundle(name string, b *bundle.Bundle, ids ...age.Identity) *Bundle {
	return &Bundle{b: b, ids: ids, name: name}
}

// IsBundle reports whether a local path looks like a bundle: a folder with a
// header leaf, or a ZIP file with one.
func IsBundle(ctx context.Context, path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	const header = "seal/000000.json"
	if st.IsDir() {
		_, err := os.Lstat(filepath.Join(path, filepath.FromSlash(header)))
		return err == nil
	}
	if !st.Mode().IsRegular() {
		return false
	}
	o, err := bundle.ZipObjects(path)
	if err != nil {
		return errors.Is(err, bundle.ErrVerify) // a bundle, and altered: opening it says so
	}
	defer o.Close()
	names, err := o.List(ctx)
	_, ok := names[header]
	return err == nil && ok
}

// Name implements analyze.Target.
func (t *Bundle) Name() string { return t.name }

// Total implements analyze.Sizer from the seal alone. Items in parts count
// once for each; an unfinished bundle does not know its bytes.
func (t *Bundle) Total() (items, bytes int64) {
	if end := t.b.End; end != nil {
		return int64(end.Items), end.Bytes
	}
	for _, s := range t.b.Segments {
		items += int64(s.Items)
	}
	return items, 0
}

// Parent implements analyze.Target.
func (t *Bundle) Parent() analyze.Parent {
	p := analyze.Parent{Kind: "bundle", Name: t.b.Header.Bundle, Case: t.b.Header.Case,
		Root: seal.RootText(t.b.Last.Root), TreeSize: t.b.Last.Size, State: seal.Unfinished}
	if t.b.End != nil {
		p.State = t.b.End.State
	}
	return p
}

// Inputs implements analyze.Target. What is wrong with the seal and around the
// items comes first, as errors.
func (t *Bundle) Inputs(ctx context.Context) iter.Seq2[analyze.Input, error] {
	return func(yield func(analyze.Input, error) bool) {
		if err := t.b.Check(); err != nil && !yield(analyze.Input{}, err) {
			return
		}
		if t.b.End == nil && !yield(analyze.Input{}, errUnfinished) {
			return
		}
		wrong, around := verify.Around(ctx, t.b)
		for _, p := range wrong {
			around = append(around, fmt.Errorf("%w: %s", bundle.ErrVerify, p))
		}
		for _, err := range around {
			if !yield(analyze.Input{}, err) {
				return
			}
		}
		b, err := t.again(ctx)
		if err != nil {
			yield(analyze.Input{}, err)
			return
		}
		for it, err := range b.Items(ctx) {
			if err == nil {
				if !yield(input(ctx, b, it), nil) {
					return
				}
				continue
			}
			if !yield(analyze.Input{}, err) {
				return
			}
		}
	}
}

// again opens the bundle once more, for one pass.
func (t *Bundle) again(ctx context.Context) (*bundle.Bundle, error) {
	b, err := bundle.Open(ctx, t.b.Objects(), t.ids...)
	if err != nil {
		return nil, err
	}
	if b.Last.Root != t.b.Last.Root {
		return nil, fmt.Errorf("%w: %s: its seal changed since it was opened", bundle.ErrVerify, t.name)
	}
	return b, nil
}

var errUnfinished = errors.New("the bundle is unfinished: its collection may have had more to take")

// input makes one item ready for the engine. Where its frames can't be found,
// fetching them fails, so that the item is listed with the reason.
func input(ctx context.Context, b *bundle.Bundle, it *bundle.Item) analyze.Input {
	in := analyze.Input{Bundle: b.Header.Bundle, Record: it.Record, Size: it.Record.Size}
	if in.Size == 0 {
		return in
	}
	blocks, err := b.Blocks(ctx, it)
	if err != nil {
		in.Size = min(in.Size, analyze.BlockSize) // a record may state anything
		in.Blocks = analyze.Blocks(in.Size)
		in.Fetch = func(context.Context, int) ([]byte, error) { return nil, err }
		return in
	}
	in.Blocks = make([]analyze.Block, len(blocks))
	for i, k := range blocks {
		in.Blocks[i] = analyze.Block{Offset: k.Offset, Size: int64(k.Content), Zstd: true}
	}
	f := &frames{b: b, blocks: blocks}
	in.Fetch = f.fetch
	return in
}

// frames fetches the frames of one item. It holds those of the segment it is
// in: the bundle keeps few segments, and other items would push it out, to be
// decrypted again for each frame.
type frames struct {
	b      *bundle.Bundle
	blocks []bundle.Block

	mu   sync.Mutex
	from int // of held
	held [][]byte
}

func (f *frames) fetch(ctx context.Context, i int) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := i - f.from; k >= 0 && k < len(f.held) {
		return f.held[k], nil
	}
	from, to := i, i+1
	same := func(k int) bool { return f.blocks[k].Segment == f.blocks[i].Segment }
	for from > 0 && same(from-1) {
		from--
	}
	for to < len(f.blocks) && same(to) {
		to++
	}
	held := make([][]byte, 0, to-from)
	for k := from; k < to; k++ {
		b, err := f.b.Fetch(ctx, f.blocks[k]) // a slice of the segment, no copy
		if err != nil {
			return nil, err
		}
		held = append(held, b)
	}
	f.from, f.held = from, held
	return held[i-from], nil
}
