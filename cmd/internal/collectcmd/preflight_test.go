package collectcmd

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// refused is the output of a store that stopped answering.
type refused struct {
	sink.Output
	folder string
	cause  error
}

func (r refused) Spilled() (string, error) { return r.folder, r.cause }

// TestQuestionEndsWithTheCommand: whoever presses Ctrl-C before the answer does
// not have to give it.
func TestQuestionEndsWithTheCommand(t *testing.T) {
	in, hold := io.Pipe()
	defer hold.Close()
	app := &cli.App{In: in, Err: io.Discard}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- ask(ctx, app) }()
	select {
	case err := <-answered:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it still waits")
	}
	for text, want := range map[string]bool{"y\n": true, " YES": true, "n\n": false, "": false} {
		app.In = strings.NewReader(text)
		if err := ask(context.Background(), app); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

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
