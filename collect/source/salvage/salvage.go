// Package salvage reads the bytes of one item from a source that may fail in
// the middle: what can't be read becomes zeros and a recorded range, the rest
// is kept. Holes of sparse files are produced without reading the disk.
//
// A failing read is tried again in pieces of 4 KiB. After several failures in
// a row the spans that are skipped double, up to 1 MiB, and after MaxFailures
// the rest of the item is given up, so that a dying disk can't hold a
// collection for ever. Every byte that was skipped is in Lost. Where the source
// knows how far a gap reaches, exactly that is skipped.
package salvage

import (
	"errors"
	"fmt"
	"io"

	"github.com/hozen-dfir/hozen/evidence"
)

// The bounds of a salvaging read, in bytes and counts.
const (
	Piece       = 4 << 10 // unit of a second try: a page, and a sector of today's disks
	MaxSpan     = 1 << 20 // longest span skipped after one failure
	MaxRanges   = 1000    // ranges kept in Lost
	MaxFailures = 4096    // failed reads after which the rest is given up

	patience = 8       // failures in a row before spans begin to double
	calm     = 1 << 20 // bytes read without failure before whole reads are tried again
)

// Options say how an item is to be read. The zero value reads until io.EOF
// and returns every error.
type Options struct {
	// Size is the length the item is expected to have. Reads that fail at or
	// beyond it end the item with their error: nothing there can be lost.
	Size int64
	// Max ends the item even where there is more; 0 means Size.
	Max int64
	// NextData returns the first run of data at or after off as [start, end).
	// start ≥ Size means that only a hole is left. Nil: no holes are known.
	NextData func(off int64) (start, end int64, err error)
	// Skippable reports whether an error concerns only the range that was
	// read. Nil: none does.
	Skippable func(error) bool
	// Gap returns the end of what can't be read for the reason that a read at
	// off failed with, or off where that isn't known. Nil: it never is.
	Gap func(off int64, err error) (end int64)
}

// Reader reads one item from its start to its end. Not safe for concurrent use.
type Reader struct {
	r   io.ReaderAt
	opt Options
	off int64

	dataFrom, dataTo int64 // the current run of data, where NextData is used

	careful   int64 // bytes still to be read in pieces
	zeroTo    int64 // bytes below it are lost: deliver zeros
	inRow     int
	failures  int
	gaveUp    bool
	cut       bool
	lost      []evidence.Range
	truncated bool
}

// New returns a reader of r from offset 0.
func New(r io.ReaderAt, opt Options) *Reader {
	if opt.Max <= 0 {
		opt.Max = opt.Size
	}
	return &Reader{r: r, opt: opt}
}

// Lost returns the ranges that were delivered as zeros because they could not
// be read; more tells that the last one covers several.
func (r *Reader) Lost() (lost []evidence.Range, more bool) { return r.lost, r.truncated }

// Cut reports whether the item was ended by Options.Max before its own end.
func (r *Reader) Cut() bool { return r.cut }

// Offset returns how many bytes were delivered.
func (r *Reader) Offset() int64 { return r.off }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.off >= r.opt.Max {
		return 0, r.atMax()
	}
	p = p[:min(int64(len(p)), r.opt.Max-r.off)]
	if r.off < r.zeroTo {
		return r.zeros(p, r.zeroTo), nil
	}
	if n := r.hole(p); n > 0 {
		return n, nil
	}
	if r.opt.NextData != nil && r.off < r.dataTo {
		p = p[:min(int64(len(p)), r.dataTo-r.off)]
	}
	return r.data(p)
}

// atMax tells an item that ends at Max from one that was cut there.
func (r *Reader) atMax() error {
	if r.opt.Max > r.opt.Size && !r.gaveUp {
		var one [1]byte
		if n, _ := r.r.ReadAt(one[:], r.off); n > 0 {
			r.cut = true
		}
	}
	return io.EOF
}

func (r *Reader) zeros(p []byte, end int64) int {
	n := min(int64(len(p)), end-r.off)
	clear(p[:n])
	r.off += n
	return int(n)
}

// hole fills p from a hole that r.off lies in, if it does. Only the expected
// size is asked for holes: what grew beyond it is read.
func (r *Reader) hole(p []byte) int {
	if r.opt.NextData == nil || r.off >= r.opt.Size {
		return 0
	}
	if r.off >= r.dataTo {
		start, end, err := r.opt.NextData(r.off)
		if err != nil || start < r.off || end < start {
			r.opt.NextData = nil // no map: read the bytes
			return 0
		}
		r.dataFrom, r.dataTo = start, max(end, start)
		if end == start {
			r.dataTo = r.opt.Size
			r.dataFrom = min(start, r.opt.Size)
		}
	}
	if end := min(r.dataFrom, r.opt.Size); r.off < end {
		return r.zeros(p, end)
	}
	return 0
}

func (r *Reader) data(p []byte) (int, error) {
	if r.careful > 0 {
		p = p[:min(int64(len(p)), Piece-r.off%Piece)]
	}
	n, err := r.r.ReadAt(p, r.off)
	switch {
	case n > 0: // an error with it comes again at the next read
		r.off += int64(n)
		r.inRow = 0
		r.careful = max(0, r.careful-int64(n))
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return 0, io.EOF
	case r.opt.Skippable == nil || !r.opt.Skippable(err) || r.off >= r.opt.Size:
		return 0, fmt.Errorf("read at offset %d: %w", r.off, err)
	}
	return r.failed(p, err)
}

// failed handles an error at r.off: a second try in pieces, or a lost span.
func (r *Reader) failed(p []byte, err error) (int, error) {
	r.failures++
	gap := r.off
	if r.opt.Gap != nil {
		gap = r.opt.Gap(r.off, err)
	}
	if gap > r.off {
		return r.skip(p, gap, err)
	}
	if r.careful == 0 && int64(len(p)) > Piece-r.off%Piece {
		r.careful = calm
		return r.data(p)
	}
	r.careful = calm
	r.inRow++
	span := int64(Piece)
	if extra := r.inRow - patience; extra > 0 {
		span = min(MaxSpan, int64(Piece)<<min(extra, 20))
	}
	return r.skip(p, r.off-r.off%Piece+span, err)
}

// skip delivers zeros up to end, or to the item's end once that is given up.
func (r *Reader) skip(p []byte, end int64, err error) (int, error) {
	end = min(end, r.opt.Size)
	if r.failures >= MaxFailures {
		r.gaveUp = true
		end, err = r.opt.Size, fmt.Errorf("gave up after %d failed reads: %w", r.failures, err)
	}
	r.lose(r.off, end, err)
	r.zeroTo = end
	return r.zeros(p, end), nil
}

func (r *Reader) lose(from, to int64, err error) {
	if n := len(r.lost); n > 0 {
		last := &r.lost[n-1]
		switch {
		case last.Offset+last.Length == from:
			last.Length = to - last.Offset
			if r.gaveUp {
				last.Error = err.Error()
			}
			return
		case n >= MaxRanges:
			last.Length = to - last.Offset
			r.truncated = true
			return
		}
	}
	r.lost = append(r.lost, evidence.Range{Offset: from, Length: to - from, Error: err.Error()})
}
