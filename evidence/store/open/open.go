// Package open finds the store that an address names. It is the explicit list
// of what implements store.Store.
package open

import (
	"context"
	"errors"
	"strings"

	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/dir"
	"github.com/hozen-dfir/hozen/evidence/store/s3"
)

// Store opens an existing store: a folder, or s3://bucket/prefix with endpoint,
// region and credentials from the environment (see s3.ParseURL). A missing
// folder is store.ErrNoBucket; a bucket is asked only when it is used.
func Store(_ context.Context, where string) (store.Store, error) {
	if IsS3(where) {
		return bucket(where)
	}
	if where == "" {
		return nil, errors.New("no store given")
	}
	return dir.Open(where)
}

// Create is Store that makes a missing folder. Buckets are never made.
func Create(_ context.Context, where string) (store.Store, error) {
	if IsS3(where) {
		return bucket(where)
	}
	if where == "" {
		return nil, errors.New("no store given")
	}
	return dir.Create(where)
}

// IsS3 reports whether an address is one of S3.
func IsS3(where string) bool { return strings.HasPrefix(where, "s3://") }

func bucket(where string) (store.Store, error) {
	c, err := s3.ParseURL(where)
	if err != nil {
		return nil, err
	}
	return s3.New(c)
}
