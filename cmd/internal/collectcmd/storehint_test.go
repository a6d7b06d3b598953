package collectcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/s3"
)

// The hint is about the store that the error comes from.
func TestStoreHint(t *testing.T) {
	denied := &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}
	for word, err := range map[string]error{
		"AWS_ACCESS_KEY_ID": fmt.Errorf("%w: no such key", store.ErrDenied),
		"folder":            fmt.Errorf("%w: %w", store.ErrDenied, denied),
		"make room":         &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC},
		"mount":             &fs.PathError{Op: "mkdir", Path: "x", Err: syscall.EROFS},
		"AWS_CA_BUNDLE":     fmt.Errorf("putting: %w", s3.ErrCertificate),
		"AWS_ENDPOINT_URL":  fmt.Errorf("putting: %w", s3.ErrNotS3),
		"after several":     store.ErrUnavailable,
	} {
		if hint := cli.HintOf(StoreHint(err)); !strings.Contains(hint, word) {
			t.Errorf("%v: hint %q has no %q", err, hint, word)
		}
	}
	if err := errors.New("something else"); StoreHint(err) != err || cli.HintOf(StoreHint(denied)) != "" {
		t.Error("what is no store's gets a store's hint")
	}
}
