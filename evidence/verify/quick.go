package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

// quickWorker hashes segments as stored, and opens none.
func (v *verification) quickWorker(ctx context.Context, next <-chan seal.Segment) error {
	buf := make([]byte, 1<<20)
	for s := range next {
		o, err := v.b.Stored(ctx, s)
		if err != nil {
			v.problem(s.Object, "%v", err)
			continue
		}
		h := sha256.New()
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{o}, buf)
		o.Close()
		if err != nil {
			v.problem(s.Object, "%v", err)
			continue
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != s.SHA256 {
			v.problem(s.Object, "SHA-256 of its %d bytes is %s; its leaf says %s", n, got, s.SHA256)
		}
		v.progress(n)
	}
	return nil
}
