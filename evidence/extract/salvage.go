package extract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// UnsealedDir holds what Unsealed writes, below the target.
const UnsealedDir = "unsealed"

// partEnding is that of an entry that holds one part of an item.
var partEnding = regexp.MustCompile(`\.zst(\.part[0-9]+)?$`)

// maxUnsealed bounds one content that is restored without a record: no part has
// more than a segment.
const maxUnsealed = segment.MaxSize

// Unsealed restores what it can of an object that the collector had stored but
// not sealed when it died. No checkpoint speaks of it: it shows what was there,
// and proves nothing. It returns the names written below UnsealedDir.
func (t *Target) Unsealed(ctx context.Context, b *bundle.Bundle, object string, ids []age.Identity) ([]string, error) {
	o, err := b.Objects().Open(ctx, object)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	size := min(o.Size(), segment.MaxSize)
	var r io.Reader = io.NewSectionReader(o, 0, size)
	if b.Encrypted() {
		if r, err = age.Decrypt(r, ids...); err != nil {
			return nil, fmt.Errorf("%s: %w", object, err)
		}
	}
	// An error here is the cut: the chunks before it are whole.
	plain, _ := segment.Limited(r, make([]byte, 0, size+1))
	var names []string
	for name, data := range segment.Salvage(plain) {
		written, err := t.unsealed(name, data)
		if written != "" {
			names = append(names, written)
		}
		if full(err) || ctx.Err() != nil {
			return names, errors.Join(err, ctx.Err())
		}
	}
	return names, ctx.Err()
}

func (t *Target) unsealed(name string, data []byte) (string, error) {
	parts := []string{UnsealedDir}
	for c := range strings.SplitSeq(name, "/") {
		if c != "" {
			parts = append(parts, evidence.EscapeComponent(strings.TrimSuffix(c, ".zst")))
		}
	}
	f, to, err := t.create(path.Join(parts...), 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if !partEnding.MatchString(name) {
		_, err = f.Write(data)
		return to, err
	}
	dec, err := zstd.NewReader(strings.NewReader(string(data)), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return to, err
	}
	defer dec.Close()
	return to, t.copySparse(f, io.LimitReader(dec, maxUnsealed))
}

// List writes one line of JSON an item to the file name below the target: what
// was written where, and what each record says.
func (t *Target) List(name string) (*Listing, error) {
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Listing{f: f, enc: json.NewEncoder(f)}, nil
}

// Listing is a file with one line of JSON an item.
type Listing struct {
	f   *os.File
	enc *json.Encoder
}

// Add writes one result's line.
func (l *Listing) Add(r Result) error {
	line := struct {
		Name   string          `json:"name,omitempty"`
		B64    string          `json:"name_b64,omitempty"` // exact bytes where the name is not UTF-8
		Error  string          `json:"extract_error,omitempty"`
		Moved  bool            `json:"renamed,omitempty"` // something had its name already
		Torn   bool            `json:"torn,omitempty"`
		Record evidence.Record `json:"record"`
	}{Moved: r.Renamed, Torn: r.Item.Torn, Record: r.Item.Record}
	line.Name, line.B64 = evidence.Text(r.Name)
	if r.Err != nil {
		line.Error = r.Err.Error()
	}
	return l.enc.Encode(line)
}

// Close closes the file.
func (l *Listing) Close() error { return l.f.Close() }
