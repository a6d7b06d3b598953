package segment

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
)

// Segment is one segment's plaintext, opened.
type Segment struct {
	raw     []byte
	items   []byte
	entries map[uint64]Entry
	count   int // data entries in the ZIP
}

// Entry is the stored bytes of one record's content.
type Entry struct {
	Seq    uint64
	Name   string
	Data   []byte
	Frames []Frame
	CRC    uint32 // as the ZIP states it
}

// ErrDamaged wraps everything that can be wrong with a segment's plaintext.
var ErrDamaged = errors.New("segment is damaged")

// Open reads the layout of a segment held in memory. It trusts nothing: names,
// sizes and counts are checked against the bytes that are there.
func Open(plaintext []byte) (*Segment, error) {
	if len(plaintext) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrDamaged, len(plaintext), MaxSize)
	}
	zr, err := zip.NewReader(bytes.NewReader(plaintext), int64(len(plaintext)))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	s := &Segment{raw: plaintext, entries: map[uint64]Entry{}}
	at := make(map[string]Entry, len(zr.File))
	folded := make(map[string]struct{}, len(zr.File))
	for _, f := range zr.File {
		data, err := s.stored(f)
		if err != nil {
			return nil, err
		}
		if _, twice := at[f.Name]; twice {
			return nil, fmt.Errorf("%w: two entries named %q", ErrDamaged, f.Name)
		}
		fold := strings.ToLower(f.Name)
		if _, twice := folded[fold]; twice {
			return nil, fmt.Errorf("%w: two entries named %q but for the case of letters", ErrDamaged, f.Name)
		}
		folded[fold] = struct{}{}
		at[f.Name] = Entry{Name: f.Name, Data: data, CRC: f.CRC32}
	}
	if err := s.layout(at); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := s.gapless(zr.File); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

// stored returns the bytes of an entry, which must be stored as they are.
func (s *Segment) stored(f *zip.File) ([]byte, error) {
	off, err := f.DataOffset()
	size := int64(f.CompressedSize64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: entry %q: %v", ErrDamaged, f.Name, err)
	case f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64:
		return nil, fmt.Errorf("%w: entry %q is not stored", ErrDamaged, f.Name)
	case size < 0 || off < 0 || off > int64(len(s.raw)) || size > int64(len(s.raw))-off:
		return nil, fmt.Errorf("%w: entry %q lies outside the segment", ErrDamaged, f.Name)
	}
	return s.raw[off : off+size : off+size], nil
}

func (s *Segment) layout(at map[string]Entry) error {
	items, ok := at[ItemsName]
	index, ok2 := at[IndexName]
	if !ok || !ok2 {
		return errors.New(ItemsName + " or " + IndexName + " is missing")
	}
	for _, e := range []Entry{items, index} {
		if crc32.ChecksumIEEE(e.Data) != e.CRC {
			return fmt.Errorf("CRC of %s differs", e.Name)
		}
		if n := len(e.Data); n > 0 && e.Data[n-1] != '\n' {
			return fmt.Errorf("%s does not end with a line end", e.Name)
		}
	}
	s.items = items.Data
	if err := s.bounded(); err != nil {
		return err
	}
	first := true
	for line := range bytes.Lines(index.Data) {
		if first {
			first = false
			var h indexHead
			if err := plainjson.Unmarshal(trimLine(line), headShape, &h); err != nil || h.Format != IndexFormat {
				return fmt.Errorf("%s: format %q is not %s", IndexName, h.Format, IndexFormat)
			}
			continue
		}
		if err := s.place(line, at); err != nil {
			return err
		}
	}
	for name := range at {
		if strings.HasPrefix(name, "data/") {
			s.count++
		} else if name != ItemsName && name != IndexName {
			return fmt.Errorf("unexpected entry %q", name)
		}
	}
	if s.count != len(s.entries) {
		return fmt.Errorf("%d data entries, %d of them in %s", s.count, len(s.entries), IndexName)
	}
	return nil
}

// place reads one line of the index.
func (s *Segment) place(line []byte, at map[string]Entry) error {
	l, err := parseIndexLine(line)
	if err != nil {
		return fmt.Errorf("%s: %w", IndexName, err)
	}
	e, ok := at[l.Entry]
	if !ok || !strings.HasPrefix(l.Entry, "data/") {
		return fmt.Errorf("%s names entry %q, which is not there", IndexName, l.Entry)
	}
	if _, twice := s.entries[l.Seq]; twice {
		return fmt.Errorf("%s has two lines for record %d", IndexName, l.Seq)
	}
	if e.Frames != nil { // placed already
		return fmt.Errorf("%s has two lines for entry %q", IndexName, l.Entry)
	}
	e.Seq, e.Frames = l.Seq, make([]Frame, len(l.Frames))
	total := 0
	for i, f := range l.Frames {
		if f[0] <= 0 || f[1] <= 0 || f[1] > FrameSize || f[0] > len(e.Data)-total {
			return fmt.Errorf("%s: frame %d of record %d is out of bounds", IndexName, i, l.Seq)
		}
		e.Frames[i] = Frame{f[0], f[1]}
		total += f[0]
	}
	if total != len(e.Data) {
		return fmt.Errorf("%s: frames of record %d cover %d of %d bytes", IndexName, l.Seq, total, len(e.Data))
	}
	s.entries[l.Seq], at[l.Entry] = e, e
	return nil
}

func parseIndexLine(line []byte) (l indexLine, err error) {
	d := plainjson.New(string(trimLine(line)))
	d.Number("seq", &l.Seq)
	d.Text("entry", &l.Entry)
	d.Pairs("frames", &l.Frames)
	if d.Done() {
		return l, nil
	}
	l = indexLine{}
	if err := plainjson.Unmarshal(trimLine(line), lineShape, &l); err != nil {
		return l, err
	}
	var pairs struct{ Frames [][]int } // encoding/json passes over what an array of two has no room for
	if err := json.Unmarshal(trimLine(line), &pairs); err != nil {
		return l, err
	}
	for i, f := range pairs.Frames {
		if len(f) != 2 {
			return l, fmt.Errorf("frame %d of record %d is not a pair of lengths", i, l.Seq)
		}
	}
	return l, nil
}

var headShape, lineShape = plainjson.ShapeOf[indexHead](), plainjson.ShapeOf[indexLine]()

func trimLine(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\n")) }

// Lines yields the exact bytes of each record, without line ends, in order.
func (s *Segment) Lines() func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(s.items) {
			if !yield(line[:len(line)-1]) {
				return
			}
		}
	}
}

// Entry returns the content's place of record seq; false where it has none.
func (s *Segment) Entry(seq uint64) (Entry, bool) {
	e, ok := s.entries[seq]
	return e, ok
}

// Entries is the number of records with content.
func (s *Segment) Entries() int { return s.count }

// Root computes the RFC 6962 root and number of the records.
func (s *Segment) Root() (tlog.Hash, int) {
	var leaves []tlog.Hash
	for line := range s.Lines() {
		leaves = append(leaves, tlog.RecordHash(line))
	}
	return Root(leaves), len(leaves)
}

// CheckCRC compares the entry's bytes with the CRC in the ZIP.
func (e Entry) CheckCRC() error {
	if crc32.ChecksumIEEE(e.Data) != e.CRC {
		return fmt.Errorf("%w: CRC of %q differs", ErrDamaged, e.Name)
	}
	return nil
}

// Salvage scans for complete local entries in a segment that was cut short and
// yields name and bytes of each; the part of an entry that was cut is left out.
func Salvage(plaintext []byte) func(yield func(name string, data []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(plaintext) >= localLen && le.Uint32(plaintext) == 0x04034b50 {
			n := int(le.Uint16(plaintext[26:]))
			skip := localLen + n + int(le.Uint16(plaintext[28:]))
			size := int(le.Uint32(plaintext[18:]))
			if skip > len(plaintext) || size > len(plaintext)-skip {
				return
			}
			data := plaintext[skip : skip+size]
			if crc32.ChecksumIEEE(data) != le.Uint32(plaintext[14:]) || !yield(string(plaintext[localLen:localLen+n]), data) {
				return
			}
			plaintext = plaintext[skip+size:]
		}
	}
}

// Limited reads r into buf's capacity and fails where there is more.
func Limited(r io.Reader, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			var one [1]byte
			if n, err := io.ReadFull(r, one[:]); n > 0 {
				return buf, fmt.Errorf("%w: more than %d bytes", ErrDamaged, cap(buf))
			} else if err != nil && err != io.EOF {
				return buf, err
			}
			return buf, nil
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
