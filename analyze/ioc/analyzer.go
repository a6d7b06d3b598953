package ioc

import (
	"context"
	"crypto/md5"  // #nosec: digests that lists of indicators use
	"crypto/sha1" // #nosec
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
	"github.com/hozen-dfir/hozen/analyze/ioc/scan"
	"github.com/hozen-dfir/hozen/evidence"
)

// MaxFindings bounds the indicators reported for one item. Where more match, a
// last finding of kind "limit" says how many places they had.
const MaxFindings = 1000

// wholeLimit is the size up to which an item is taken whole from memory, where
// other analyzers have it too.
const wholeLimit = 64 << 20

// New returns the analyzer "ioc" over a set.
func New(set *Set) *Analyzer {
	a := &Analyzer{set: set}
	a.scan = scan.New(set, func(p scan.Place) { a.item.content(p) })
	return a
}

// Analyzer matches one set of indicators against items. It serves one
// goroutine at a time.
type Analyzer struct {
	set  *Set
	scan *scan.Scanner
	item *collector
}

// Name returns "ioc".
func (a *Analyzer) Name() string { return "ioc" }

// Wants is true for every item: even one without content has a path.
func (a *Analyzer) Wants(evidence.Record) bool { return a.set.Len() > 0 }

// Examine matches the item's path, digests and content.
func (a *Analyzer) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	a.item = newCollector(a.set)
	a.paths(s)
	var err error
	if s.Body != nil {
		err = a.body(ctx, s)
	} else {
		a.digest("sha256", s.Record.SHA256)
	}
	a.item.report(s, report)
	return err
}

// paths looks up the item's path, and that of a loose file as an absolute one
// and as it is below the folder that was swept, which may be the top of a host's
// tree. What one spelling met is not reported for the next.
func (a *Analyzer) paths(s *analyze.Subject) {
	met := map[uint32]bool{}
	for _, p := range spellings(s) {
		a.set.Paths(p, func(e uint32) {
			if !met[e] {
				met[e] = true
				a.item.named(e, "path", p)
			}
		})
	}
}

func spellings(s *analyze.Subject) []string {
	p := s.Record.RawPath()
	out := []string{p}
	top, loose := s.Record.Details[analyze.DetailTop]
	rest, ok := strings.CutPrefix(p, top)
	if s.Bundle != "" || !loose || !ok {
		return out
	}
	if rest != "" && rest[0] != '/' {
		rest = "/" + rest
	}
	for _, q := range []string{strings.TrimSuffix(s.Record.Details[analyze.DetailTopAbs], "/") + rest, rest} {
		if q != "" && !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}

// body scans the content and works out the digests that the set needs and the
// record lacks, in one pass.
func (a *Analyzer) body(ctx context.Context, s *analyze.Subject) error {
	sums := a.missing(s.Record)
	whole, err := []byte(nil), error(nil)
	if s.Bytes != nil && s.Size <= wholeLimit {
		whole, err = s.Bytes(wholeLimit)
	}
	if err != nil {
		return err
	}
	if whole != nil {
		err = a.memory(ctx, whole, sums)
	} else {
		writers := make([]io.Writer, 0, len(sums))
		for _, h := range sums {
			writers = append(writers, h.sum)
		}
		err = a.scan.Read(ctx, s.Body, s.Size, io.MultiWriter(writers...))
	}
	a.digest("md5", s.Record.MD5)
	a.digest("sha1", s.Record.SHA1)
	a.digest("sha256", s.Record.SHA256)
	if err != nil {
		return err
	}
	for _, h := range sums {
		a.digest(h.name, hex.EncodeToString(h.sum.Sum(nil)))
	}
	return nil
}

// memory scans in steps, so that ctx is honoured; the steps overlap in place.
func (a *Analyzer) memory(ctx context.Context, b []byte, sums []digester) error {
	for lo := 0; lo < len(b); lo += scan.Block {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+scan.Block, len(b))
		a.scan.Part(b, lo, hi)
		for _, h := range sums {
			h.sum.Write(b[lo:hi])
		}
	}
	return nil
}

type digester struct {
	name string
	sum  hash.Hash
}

func (a *Analyzer) missing(r evidence.Record) []digester {
	var out []digester
	if r.MD5 == "" && a.set.Has(list.MD5) {
		out = append(out, digester{"md5", md5.New()})
	}
	if r.SHA1 == "" && a.set.Has(list.SHA1) {
		out = append(out, digester{"sha1", sha1.New()})
	}
	if r.SHA256 == "" && a.set.Has(list.SHA256) {
		out = append(out, digester{"sha256", sha256.New()})
	}
	return out
}

func (a *Analyzer) digest(name, value string) {
	kind, ok := list.DigestKind(len(value))
	if !ok {
		return
	}
	if e := a.set.Find(kind, []byte(strings.ToLower(value))); e != 0 {
		a.item.named(e, name, value)
	}
}
