package bundle

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Cosign puts a countersignature over the bundle's last checkpoint beside it,
// after the key to check it with: a writer that dies between the two leaves a
// key alone, which a reader takes for what it is, where a signature alone could
// be a damaged one. The bundle must be ended and sound. put must never replace
// an object; repeating a countersignature gives the same bytes.
func Cosign(ctx context.Context, b *Bundle, put func(ctx context.Context, name string, body []byte) error, s note.Signer, vkey string) error {
	if err := b.Check(); err != nil {
		return err
	}
	if b.End == nil {
		return fmt.Errorf("countersigning %s: the bundle is unfinished", b)
	}
	signed, err := b.Last.Sign(s)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.cosign/%08x", strings.TrimSuffix(b.LastFile, ".checkpoint"), s.KeyHash())
	if err := put(ctx, name+vkeyEnding, []byte(vkey+"\n")); err != nil {
		return fmt.Errorf("storing %s%s: %w", name, vkeyEnding, err)
	}
	if err := put(ctx, name, signed); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

const vkeyEnding = ".vkey"

// LoneKey reports whether the object is the key of a countersignature that is
// not there: its writer died before the signature. It proves nothing, and took
// nothing away: a bundle need not have any.
func (b *Bundle) LoneKey(name string) bool {
	base := strings.TrimSuffix(b.LastFile, ".checkpoint") + ".cosign/"
	stem, ok := strings.CutSuffix(name, vkeyEnding)
	if !ok || b.EndLeaf == nil || !strings.HasPrefix(name, base) {
		return false
	}
	_, signed := b.names[stem]
	return !signed
}
