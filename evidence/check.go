package evidence

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// Check reports what is wrong with a record in itself (SPEC.md, "Item
// records"), whatever stands around it: a format of another version, an
// unknown outcome or one that goes with no content, no salt, a source without the grammar, sizes and
// ranges that no content has, a part that tells what only the last one can, two
// forms of a path that do not name the same bytes.
func (r *Record) Check() error {
	switch {
	case r.Format != RecordFormat:
		return fmt.Errorf("format %q is not %s", r.Format, RecordFormat)
	case !r.Outcome.Valid():
		return fmt.Errorf("unknown outcome %q", r.Outcome)
	case r.Size < 0:
		return fmt.Errorf("negative size %d", r.Size)
	case !r.Outcome.HasBytes() && (r.Size > 0 || r.Part != nil && r.Part.WholeSize > 0):
		return fmt.Errorf("outcome %q, and it has content", r.Outcome) // which a reader that goes by outcomes would pass over
	case !salted(r.Salt):
		return fmt.Errorf("salt %.40q is not 16 bytes", r.Salt)
	}
	if p := r.Part; p != nil {
		if err := p.check(r); err != nil {
			return err
		}
	}
	for _, l := range r.Lost {
		if l.Offset < 0 || l.Length < 0 || l.Offset > math.MaxInt64-l.Length {
			return fmt.Errorf("lost %d bytes at %d, which is no range", l.Length, l.Offset)
		}
	}
	if err := ValidSource(r.Source); err != nil {
		return err
	}
	if err := sameText(r.Path, r.PathB64); err != nil {
		return fmt.Errorf("path %w", err)
	}
	if err := sameText(r.Target, r.TgtB64); err != nil {
		return fmt.Errorf("target %w", err)
	}
	return nil
}

// check reports what is wrong with the part that r is.
func (p *Part) check(r *Record) error {
	switch {
	case p.Number < 1 || p.Offset < 0 || p.WholeSize < 0 || p.Offset > math.MaxInt64-r.Size:
		return errors.New("a part without place: number, offset or size is out of bounds")
	case p.Last:
		return nil
	case r.Outcome != Collected:
		return fmt.Errorf("a part that is not the last has outcome %q", r.Outcome)
	case p.WholeSize != 0 || p.WholeSHA256 != "" || p.WholeSHA1 != "" || p.WholeMD5 != "":
		return errors.New("a part that is not the last tells of the whole")
	}
	return nil
}

// salted reports whether a salt is base64 of 16 bytes.
func salted(s string) bool {
	const size = 16
	var b [size + 2]byte
	if len(s) != base64.StdEncoding.EncodedLen(size) {
		return false
	}
	n, err := base64.StdEncoding.Strict().Decode(b[:], []byte(s))
	return err == nil && n == size
}

// sameText holds the two forms of a text against each other, so that what is
// shown and what is restored are the same name.
func sameText(text, b64 string) error {
	if b64 == "" {
		return nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || utf8.Valid(b) || toValid(string(b)) != text ||
		base64.StdEncoding.EncodeToString(b) != b64 { // the decoder passes over line ends
		return fmt.Errorf("%q is not what its base64 %q says", text, b64)
	}
	return nil
}
