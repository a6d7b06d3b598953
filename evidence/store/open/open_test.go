package open

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/store"
)

func TestOpen(t *testing.T) {
	ctx := context.Background()
	where := filepath.Join(t.TempDir(), "vault")
	if _, err := Store(ctx, where); !errors.Is(err, store.ErrNoBucket) {
		t.Errorf("a missing folder: %v", err)
	}
	if s, err := Create(ctx, where); err != nil || s.String() != where {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := Store(ctx, where); err != nil {
		t.Error(err)
	}
	t.Setenv("HOZEN_S3_ENDPOINT", "http://127.0.0.1:1")
	if s, err := Store(ctx, "s3://bucket/some/prefix/"); err != nil || s.String() != "s3://bucket/some/prefix" {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{"", "s3://", "s3://B", "s3://bucket/a/../b", "s3://bucket//a", "s3://key:secret@bucket/x"} {
		for _, open := range []func(context.Context, string) (store.Store, error){Store, Create} {
			if s, err := open(ctx, bad); err == nil {
				t.Errorf("%q opens %v", bad, s)
			}
		}
	}
	t.Setenv("HOZEN_S3_ENDPOINT", "http://user:secret@127.0.0.1:1")
	if s, err := Store(ctx, "s3://bucket"); err == nil {
		t.Errorf("an endpoint with a password opens %v", s)
	}
}
