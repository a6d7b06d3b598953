package collectcmd

import (
	"errors"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/s3"
)

// StoreHint adds to an error of a store what to do next; others stay as they
// are.
func StoreHint(err error) error {
	for _, h := range []struct {
		is   error
		hint string
	}{
		{store.ErrDenied, "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile), and what they may do"},
		{store.ErrNoBucket, "buckets are never made by hozen: make it, with versioning and Object Lock, or mend the name"},
		{s3.ErrEndpoint, "set AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3, or HOZEN_S3_ENDPOINT before both) to scheme, host and port alone; unset is Amazon's"},
		{store.ErrUnavailable, "the store did not answer after several tries; repeat the command, what is stored stays"},
		{bundle.ErrNotBundle, "hozen store ls shows what is there"},
		{store.ErrExists, "another bundle's object has this name: nothing was replaced"},
	} {
		if errors.Is(err, h.is) {
			return cli.WithHint(err, h.hint)
		}
	}
	return err
}
