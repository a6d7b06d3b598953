package open

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// What was meant as an address never makes a folder here.
func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, where := range []string{"", "S3://bucket/x", "s3:/bucket", "s3://B", "http://127.0.0.1:9/bucket", "https://key:hush@host/bucket", "file:///x", "gs://bucket"} {
		for name, f := range map[string]func(string) error{
			"Check":  Check,
			"Store":  func(w string) error { _, err := Store(t.Context(), w); return err },
			"Create": func(w string) error { _, err := Create(t.Context(), w); return err },
		} {
			if err := f(where); err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s of %q: %v", name, where, err)
			}
		}
	}
	for _, where := range []string{"vault", "./http:", "C:/vault", "/srv/a:b", "s3://bucket/x", "a:b/c"} {
		if err := Check(where); err != nil {
			t.Errorf("%q: %v", where, err)
		}
	}
	if made, err := os.ReadDir("."); err != nil || len(made) > 0 {
		t.Errorf("made %v, %v", made, err)
	}
}
