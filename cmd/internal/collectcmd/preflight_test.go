package collectcmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/sink"
)

// refused is the output of a store that stopped answering.
type refused struct {
	sink.Output
	folder string
	cause  error
}

func (r refused) Spilled() (string, error) { return r.folder, r.cause }

func TestFilesCreated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "b")
	out, err := sink.NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, name := range []string{"segments/000002.zip", "seal/000002.json", "seal/000002.checkpoint"} {
		if err := out.Put(context.Background(), name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "seal/000002.json")); err != nil {
		t.Fatal(err)
	}
	two := sink.Totals{Segments: 2}
	for name, c := range map[string]struct {
		f    flags
		out  sink.Output
		want int64
	}{
		"folder":  {flags{out: "b"}, out, 2 + 3*2 + 2*2}, // texts; three a segment; two each for header and end
		"zip":     {flags{out: "b.zip"}, out, 1},
		"store":   {flags{out: "s3://b/p", spill: dir}, refused{}, 0},
		"spilled": {flags{out: "s3://b/p", spill: dir}, refused{out, dir, errors.New("gone")}, 3 + 2},
	} {
		if got := c.f.created(c.out, two); got != c.want {
			t.Errorf("%s: %d files, want %d", name, got, c.want)
		}
	}
}
