package collectcmd

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/s3"
)

// StoreHint adds to an error of a store what to do next; others stay as they
// are.
func StoreHint(err error) error {
	if errors.Is(err, store.ErrDenied) && errors.Is(err, fs.ErrPermission) { // a folder's
		return cli.WithHint(err, "the store is a folder: check who may read it, and write to it")
	}
	for _, h := range []struct {
		is   error
		hint string
	}{
		{syscall.ENOSPC, "make room there and repeat the command: what is stored stays"},
		{syscall.EROFS, "what is mounted there can't be written to: mount it writable, or name another place"},
		{store.ErrDenied, "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile), and what they may do: PutObject to put; GetObject, GetObjectVersion and ListBucket to read"},
		{store.ErrNoBucket, "buckets are never made by hozen: make it, with versioning and Object Lock, or mend the name"},
		{s3.ErrEndpoint, "set AWS_ENDPOINT_URL (or AWS_ENDPOINT_URL_S3, or HOZEN_S3_ENDPOINT before both) to scheme, host and port alone; unset is Amazon's"},
		{s3.ErrCertificate, "name the file with the certificate of its authority in AWS_CA_BUNDLE"},
		{s3.ErrNotS3, "check AWS_ENDPOINT_URL (unset is Amazon's), AWS_REGION, and what stands between: a proxy, a guest network's page"},
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
