// Package open finds the store that an address names. It is the explicit list
// of what implements store.Store.
package open

import (
	"context"
	"errors"
	"fmt"
	"regexp"
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
	if err := Check(where); err != nil {
		return nil, err
	}
	return dir.Open(where)
}

// Create is Store that makes a missing folder. Buckets are never made.
func Create(_ context.Context, where string) (store.Store, error) {
	if IsS3(where) {
		return bucket(where)
	}
	if err := Check(where); err != nil {
		return nil, err
	}
	return dir.Create(where)
}

// IsS3 reports whether an address is one of S3.
func IsS3(where string) bool { return strings.HasPrefix(where, "s3://") }

// scheme begins what was meant to be an address on a network; one letter is a
// drive of Windows.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:/`)

// Check is an error for what can be no store's address, without asking any. A
// mistyped one must not make a folder of that name on this machine, where
// nobody looks for the evidence. The error does not repeat it: it may hold
// credentials.
func Check(where string) error {
	switch {
	case IsS3(where):
		_, err := s3.ParseURL(where)
		return err
	case where == "":
		return errors.New("no store given")
	case scheme.MatchString(where):
		return fmt.Errorf("%s addresses can't be used: it is a folder (./… where its name looks like an address) or s3://bucket/prefix, in lower case",
			where[:strings.IndexByte(where, ':')+1])
	}
	return nil
}

func bucket(where string) (store.Store, error) {
	c, err := s3.ParseURL(where)
	if err != nil {
		return nil, err
	}
	return s3.New(c)
}
