package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/seal"
)

// quickWorker hashes segments as stored, and opens none.
func (v *verification) quickWorker(ctx context.Context, next <-chan seal.Segment) error {
	buf := make([]byte, 1<<20)
	for s := range next {
		o, err := v.b.Stored(ctx, s)
		if err != nil {
			v.notRead(s.Object, err)
			continue
		}
		h := sha256.New()
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{o}, buf)
		o.Close()
		if err != nil {
			v.notRead(s.Object, err)
			continue
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != s.SHA256 {
			v.problem(s.Object, "SHA-256 of its %d bytes is %s; its leaf says %s", n, got, s.SHA256)
		}
		v.progress(n)
	}
	return nil
}

// segments checks every segment as stored and, unless that was not wanted or
// there is no identity, everything inside.
func (v *verification) segments(ctx context.Context) error {
	deep := !v.o.Quick && v.b.CanRead()
	g, gctx := errgroup.WithContext(ctx)
	next := make(chan seal.Segment)
	v.lent = make(chan *loan)
	v.atWork.Store(int64(v.o.Workers))
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
		if v.b.EndLeaf != nil && !v.gappy() {
			v.problem("segments", "item %d: %v", item, err)
		}
	}
	v.r.Items, v.r.Bytes = v.items.Load(), v.bytes.Load()
	v.check("segments", "every segment's bytes as stored", v.statusOf("segments/"))
	switch {
	case deep:
		if !v.gappy() {
			v.totals()
		}
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
