package analyzetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Words is a simple, honest analyzer: it reports where the given words stand.
type Words struct {
	ID   string // Name
	List []string
}

// wordsPiece is read at a time, with an overlap of the longest word.
const wordsPiece = 1 << 20

// Name implements analyze.Analyzer.
func (w *Words) Name() string { return w.ID }

// Wants implements analyze.Analyzer.
func (w *Words) Wants(evidence.Record) bool { return true }

// Examine implements analyze.Analyzer.
func (w *Words) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	if s.Body == nil {
		return nil
	}
	b, err := s.Bytes(64 << 20)
	if err != nil {
		return err
	}
	hits := make([][]analyze.Match, len(w.List))
	if b != nil {
		w.scan(b, 0, 0, hits)
	} else if err := w.stream(ctx, s, hits); err != nil {
		return err
	}
	for i, m := range hits {
		if len(m) > 0 {
			f := analyze.Finding{Rule: w.List[i], Kind: "word", Severity: analyze.Low, Matches: m}
			if len(m) > analyze.MatchLimit {
				f.Matches, f.More = m[:analyze.MatchLimit], len(m)-analyze.MatchLimit
			}
			report(f)
		}
	}
	return nil
}

func (w *Words) stream(ctx context.Context, s *analyze.Subject, hits [][]analyze.Match) error {
	longest := 1
	for _, word := range w.List {
		longest = max(longest, len(word))
	}
	buf := make([]byte, wordsPiece)
	keep, at := 0, int64(0)
	for at < s.Size {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.Body.ReadAt(buf[keep:], at)
		if err != nil && err != io.EOF {
			return err
		}
		w.scan(buf[:keep+n], at-int64(keep), keep, hits)
		at += int64(n)
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		tail := min(longest-1, keep+n)
		copy(buf, buf[keep+n-tail:keep+n])
		keep = tail
	}
	return nil
}

// scan adds the matches that end beyond the first old bytes of b.
func (w *Words) scan(b []byte, base int64, old int, hits [][]analyze.Match) {
	for i, word := range w.List {
		for at := 0; ; at++ {
			k := bytes.Index(b[at:], []byte(word))
			if k < 0 {
				break
			}
			at += k
			if at+len(word) > old {
				hits[i] = append(hits[i], analyze.Match{Name: "word", Offset: base + int64(at), Length: len(word),
					Data: base64.StdEncoding.EncodeToString([]byte(word)), Text: word})
			}
		}
	}
}

// Reader is an analyzer that reads each item and finds nothing: what a sweep
// costs beyond its analyzers.
type Reader struct{}

// Name implements analyze.Analyzer.
func (*Reader) Name() string { return "reader" }

// Wants implements analyze.Analyzer.
func (*Reader) Wants(evidence.Record) bool { return true }

// Examine implements analyze.Analyzer.
func (*Reader) Examine(ctx context.Context, s *analyze.Subject, _ func(analyze.Finding)) error {
	b, err := s.Bytes(64 << 20)
	if err != nil || b != nil || s.Body == nil {
		return err
	}
	buf := make([]byte, wordsPiece)
	for at := int64(0); at < s.Size; at += wordsPiece {
		if _, err := s.Body.ReadAt(buf, at); err != nil && err != io.EOF {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
