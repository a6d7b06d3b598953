package bundle

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Cosign puts a countersignature over the bundle's last checkpoint beside it,
// and the key to check it with. The bundle must be ended and sound. put must
// never replace an object; repeating a countersignature gives the same bytes.
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
	if err := put(ctx, name, signed); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	if err := put(ctx, name+".vkey", []byte(vkey+"\n")); err != nil {
		return fmt.Errorf("storing %s.vkey: %w", name, err)
	}
	return nil
}
