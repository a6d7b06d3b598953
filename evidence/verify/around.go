package verify

import (
	"context"

	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// Around checks what stands around the items and says nothing of any: the ZIP
// that the objects lie in, README.txt and verify.sh, countersignatures, the time
// stamp. Items can be read whatever is wrong there, for the seal speaks of each;
// but the bundle is not what was sealed, and whoever reads it must say so.
// unread is what the place did not give of it.
func Around(ctx context.Context, b *bundle.Bundle) (wrong []bundle.Problem, unread []error) {
	v := begin(b, Options{})
	for _, run := range []func(context.Context) error{v.container, v.texts, v.signatures, v.timeStamp} {
		if err := run(ctx); err != nil {
			unread = append(unread, err)
		}
	}
	for _, u := range v.unread {
		unread = append(unread, u.err)
	}
	return v.r.Problems[len(b.Problems):], unread
}
