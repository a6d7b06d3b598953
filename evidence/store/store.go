// Package store says where bundles, custody logs and findings rest: write-once
// objects under keys, in a folder (store/dir) or in S3-compatible storage
// (store/s3). storetest holds the suite that every implementation passes.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Errors that callers decide by; implementations wrap them with what was being
// done and on what.
var (
	ErrExists      = errors.New("object exists already") // a put found other bytes, or bytes it can't compare
	ErrNotFound    = errors.New("no such object")
	ErrDenied      = errors.New("access denied") // wrong or insufficient credentials
	ErrNoBucket    = errors.New("no such bucket or folder")
	ErrUnavailable = errors.New("store can't be reached")    // after retries
	ErrUnconfirmed = errors.New("stored, but not confirmed") // the reply was lost and a put-only writer can't look
	ErrChecksum    = errors.New("checksum differs")          // what arrived is not what was sent
)

// Info describes one stored object.
type Info struct {
	Key       string    `json:"key"`
	Size      int64     `json:"size,string"`
	SHA256    string    `json:"sha256,omitempty"`     // hex, where the store states it
	VersionID string    `json:"version_id,omitempty"` // S3 versioning
	Modified  time.Time `json:"modified,omitzero"`
	Retain    string    `json:"retention,omitempty"` // Object Lock mode and date, e.g. "COMPLIANCE until 2033-…"
	Hold      bool      `json:"legal_hold,omitempty"`
}

// Object is one stored object opened for reading. Everything read back is
// verified against the seal by the caller; the store is not trusted.
type Object interface {
	io.ReaderAt
	io.Closer
	Info() Info
}

// Store holds write-once objects. Keys are relative, slash-separated, at most
// 1,024 bytes, and hold no empty, "." or ".." component. It has no delete:
// disposal is custody's business. Safe for concurrent use.
type Store interface {
	// Put stores size bytes under key unless the key is taken: durable when it
	// returns nil. sha256 is the hex digest of the bytes, which the store
	// checks. Where the key already holds the same bytes Put succeeds, so that
	// an interrupted upload can be repeated; where it holds others the error
	// wraps ErrExists.
	Put(ctx context.Context, key string, body io.ReaderAt, size int64, sha256 string) (Info, error)
	// Open opens one object; version may be empty for the only or newest one.
	Open(ctx context.Context, key, version string) (Object, error)
	// Stat is Open without the bytes.
	Stat(ctx context.Context, key string) (Info, error)
	// List yields every object whose key begins with prefix, sorted by key.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// String names the store for messages, without secrets.
	String() string
}

// Strays is implemented by stores in which more can lie than objects: names
// outside the grammar of keys, and what is no regular file. Nobody can open
// those, but whoever proves that a place holds these objects and no others must
// see them.
type Strays interface {
	// ListAll is List with strays among the objects, at size -1. What an
	// interrupted write left, and the marks of empty folders, are none.
	ListAll(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// ListAll lists everything that lies under prefix.
func ListAll(ctx context.Context, s Store, prefix string) iter.Seq2[Info, error] {
	if all, ok := s.(Strays); ok {
		return all.ListAll(ctx, prefix)
	}
	return s.List(ctx, prefix)
}
