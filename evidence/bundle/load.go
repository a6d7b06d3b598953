package bundle

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// Load reads one segment: stored bytes → SHA-256 beside → decrypt → plaintext
// in buf (grown where needed), which it returns for the next call. Nothing of
// it is looked at before the hash of the whole is known to be the one in the
// leaf. The error wraps ErrVerify where the bytes are not those that were
// sealed, or no segment, ErrNoIdentity where they can't be decrypted, and
// neither where they can't be read.
func (b *Bundle) Load(ctx context.Context, s seal.Segment, buf []byte) (*segment.Segment, []byte, error) {
	if s.Size > segment.MaxSize+segment.CipherRoom {
		return nil, buf, fmt.Errorf("%w: %s: %d bytes is more than any segment has", ErrVerify, s.Object, s.Size)
	}
	o, err := b.Stored(ctx, s)
	if err != nil {
		return nil, buf, err
	}
	defer o.Close()
	if need := int(s.Size) + 1; cap(buf) < need {
		if buf != nil || need > segment.DefaultSize/2 { // one size that fits all that follow
			need = max(need, segment.DefaultSize+segment.CipherRoom)
		}
		buf = make([]byte, 0, need)
	}
	tee := &teeReader{r: o, h: sha256.New()}
	plain, derr := b.decrypt(tee, s.Size, buf)
	if len(b.ids) > 0 || !errors.Is(derr, ErrNoIdentity) {
		// Bytes that decryption did not get to count as well. An identity that
		// does not open the segment may be the fault of a changed segment.
		if _, err := io.Copy(io.Discard, tee); err != nil || tee.err != nil {
			return nil, buf, reading(s.Object, cmp.Or(tee.err, err))
		}
		if got := hex.EncodeToString(tee.h.Sum(nil)); got != s.SHA256 || tee.n != s.Size {
			return nil, buf, fmt.Errorf("%w: %s: SHA-256 of its %d bytes is %s; its leaf says %s", ErrVerify, s.Object, tee.n, got, s.SHA256)
		}
	}
	switch {
	case errors.Is(derr, ErrNoIdentity):
		return nil, buf, fmt.Errorf("%s: %w", s.Object, derr)
	case derr != nil: // of bytes that are the ones that were sealed
		return nil, buf, fmt.Errorf("%w: %s: %w", ErrVerify, s.Object, derr)
	}
	seg, err := segment.Open(plain)
	if err != nil {
		return nil, plain, fmt.Errorf("%w: %s: %w", ErrVerify, s.Object, err)
	}
	return seg, plain, nil
}

// decrypt reads the plaintext of a segment of size stored bytes into buf.
func (b *Bundle) decrypt(r io.Reader, size int64, buf []byte) ([]byte, error) {
	if !b.Encrypted() {
		return segment.Limited(r, buf)
	}
	if len(b.ids) == 0 {
		return nil, ErrNoIdentity
	}
	plain, err := decryptAge(r, size, buf, b.ids)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, fmt.Errorf("%w (the identity given is none of its recipients)", ErrNoIdentity)
		}
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	return plain, nil
}

// teeReader hashes what passes.
type teeReader struct {
	r io.Reader
	h hash.Hash
	n int64
	// err is why the bytes could not be read to their end: a decoder's own error
	// does not tell that from bytes that are wrong.
	err error
}

func (t *teeReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.h.Write(p[:n])
	t.n += int64(n)
	if err != nil && err != io.EOF && t.err == nil {
		t.err = err
	}
	return n, err
}
