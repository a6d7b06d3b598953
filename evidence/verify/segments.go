package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
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
			v.notOpened(s.Object, err)
			continue
		}
		h := sha256.New()
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{o}, buf)
		o.Close()
		if err != nil {
			v.notOpened(s.Object, err)
			continue
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != s.SHA256 {
			v.notStored.Add(1)
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
	asStored := v.statusOf(isSegment)
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
	if err := cmp.Or(g.Wait(), ctx.Err()); err != nil {
		return err
	}
	v.r.Stored = v.done.Load()
	v.r.Items, v.r.Bytes = v.items.Load(), v.bytes.Load()
	if v.notStored.Load() > 0 {
		asStored = Failed
	}
	which := "every segment's bytes as stored"
	if v.cutOff() {
		asStored, which = Failed, fmt.Sprintf("the bytes as stored of the %d segments before %s; none after it can be checked", len(v.b.Segments), v.b.Broken())
	}
	v.check("segments", which, asStored)
	switch {
	case deep:
		v.wholes()
		v.totals()
		v.checkItems()
	case v.o.Quick:
		v.check("items", "left out: --quick opens no segment", NotRun)
	default:
		v.check("items", "no identity given: what is inside the segments was not checked", NotRun)
	}
	return nil
}

// cutOff reports whether there may be segments whose leaves can't be trusted.
func (v *verification) cutOff() bool { return v.b.Broken() != "" && v.b.EndLeaf == nil }

// checkItems closes the check of what is inside the segments.
func (v *verification) checkItems() {
	status, detail := Passed, "every record and every item's bytes"
	if v.wrongItems.Load() > 0 || v.unopened.Load() > 0 || v.cutOff() {
		status = Failed
	}
	if n := v.unopened.Load(); n > 0 {
		detail = fmt.Sprintf("records and items' bytes, and %d segments could not be opened, or not to their end", n)
	}
	v.check("items", detail, status)
}

// statusOf is for checks that ran with others: failed where a problem stands at
// an object that is meant.
func (v *verification) statusOf(meant func(name string) bool) string {
	if slices.ContainsFunc(v.r.Problems, func(p bundle.Problem) bool { return meant(p.Where) }) {
		return Failed
	}
	return Passed
}

func isSegment(name string) bool { return strings.HasPrefix(name, "segments/") }

func isText(name string) bool { return slices.Contains(seal.TextNames(), name) }

func (v *verification) progress(n int64) {
	v.done.Add(n)
	if v.o.Progress != nil {
		v.o.Progress(n)
	}
}
