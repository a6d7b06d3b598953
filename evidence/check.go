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
// unknown outcome, a source without the grammar, sizes that no content has,
// two forms of a path that do not name the same bytes.
func (r *Record) Check() error {
	switch {
	case r.Format != RecordFormat:
		return fmt.Errorf("format %q is not %s", r.Format, RecordFormat)
	case !r.Outcome.Valid():
		return fmt.Errorf("unknown outcome %q", r.Outcome)
	case r.Size < 0:
		return fmt.Errorf("negative size %d", r.Size)
	}
	if p := r.Part; p != nil && (p.Number < 1 || p.Offset < 0 || p.WholeSize < 0 || p.Offset > math.MaxInt64-r.Size) {
		return errors.New("a part without place: number, offset or size is out of bounds")
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

// sameText holds the two forms of a text against each other, so that what is
// shown and what is restored are the same name.
func sameText(text, b64 string) error {
	if b64 == "" {
		return nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || utf8.Valid(b) || toValid(string(b)) != text {
		return fmt.Errorf("%q is not what its base64 %q says", text, b64)
	}
	return nil
}
