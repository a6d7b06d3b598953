package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// TestDiscard: a copy that was not placed goes without a word, or is told of.
func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	begun := func(name string) *copying {
		out, err := sink.NewDir(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return &copying{out: out, temp: filepath.Join(dir, name)}
	}
	var errs bytes.Buffer
	app := &cli.App{Err: &errs}
	begun("gone").discard(app)
	if _, err := os.Stat(filepath.Join(dir, "gone")); err == nil || errs.Len() > 0 {
		t.Errorf("still there, or told of: %v, %q", err, errs.String())
	}
	placed := begun("placed")
	placed.placed = true
	placed.discard(app)
	if _, err := os.Stat(filepath.Join(dir, "placed")); err != nil || errs.Len() > 0 {
		t.Errorf("a copy that was placed: %v, %q", err, errs.String())
	}
	stays := begun("stays")
	stays.temp += "/." // RemoveAll takes no path that ends in a dot
	stays.discard(app)
	if got := errs.String(); !strings.Contains(got, "could not be removed") || !strings.Contains(got, "stays") {
		t.Errorf("told: %q", got)
	}
}
