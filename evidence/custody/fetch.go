package custody

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// window is how many objects are fetched at once.
const window = 16

type fetched struct {
	b   []byte
	err error // about the object; trouble with the store ends the fetch
}

func (l *Log) fetch(ctx context.Context, names []string, limit int64) ([]fetched, error) {
	out := make([]fetched, len(names))
	g, ctx := errgroup.WithContext(ctx)
	for i, name := range names {
		g.Go(func() error {
			b, err := l.get(ctx, name, limit)
			var large *tooLarge
			if err != nil && !errors.As(err, &large) && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			out[i] = fetched{b, err}
			return nil
		})
	}
	return out, g.Wait()
}

// files yields the files of the entries from index on, up to the first that is
// not there. The further it comes, the more it fetches at once: a store may be
// far away, and mostly there is nothing new.
func (l *Log) files(ctx context.Context, index int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for width := 1; index < MaxEntries; width = min(2*width, window) {
			var names []string
			for ; len(names) < width && index < MaxEntries; index++ {
				names = append(names, entryKey(index))
			}
			files, err := l.fetch(ctx, names, MaxEntry)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, f := range files {
				if errors.Is(f.err, store.ErrNotFound) || !yield(f.b, f.err) {
					return
				}
			}
		}
	}
}
