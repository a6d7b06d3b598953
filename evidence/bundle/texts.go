package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// maxText bounds README.txt and verify.sh, in bytes.
const maxText = 1 << 20

// CheckText holds README.txt or verify.sh against the header. The error wraps
// ErrVerify where it was altered. A header that names none has a problem of its
// own, and tells nothing of the text.
func (b *Bundle) CheckText(ctx context.Context, name string) error {
	want, named := b.Header.Files[name]
	if !named {
		return nil
	}
	body, err := b.ReadObject(ctx, name, maxText)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("%w: %s: was altered: SHA-256 %s is not the one in the header", ErrVerify, name, got)
	}
	return nil
}
