package bundle

import (
	"errors"
	"io/fs"
	"testing"
)

// TestReading: an error says once what was being read, whether the place says
// it or not.
func TestReading(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("reading b/seal/000000.json from s3://x: no answer"): "reading b/seal/000000.json from s3://x: no answer",
		errors.New("reading of another kind"):                           "reading seal/000000.json: reading of another kind",
		fs.ErrPermission:                                                "reading seal/000000.json: permission denied",
	} {
		got := reading("seal/000000.json", err)
		if got.Error() != want || !errors.Is(got, err) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
