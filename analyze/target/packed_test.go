//go:build unix

package target_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestFilesBundles: a bundle below a plain folder is swept as the bytes that it
// is, and said to be one.
func TestFilesBundles(t *testing.T) {
	top := t.TempDir()
	write := func(name string, b []byte) {
		t.Helper()
		name = filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile("../../testdata/good/plain.zip")
	if err != nil {
		t.Fatal(err)
	}
	const segment = "000001.0123456789abcdef.zip.age"
	write("b.ZIP", whole)
	write("folder/segments/"+segment, []byte("x"))
	write("loose/"+segment, []byte("x"))
	write("other.zip", []byte("PK\x03\x04 of another kind, and long enough to hold all that is looked at in one"))
	write("short.zip", []byte("PK"))
	got := map[string]string{}
	for in, err := range must(target.NewFiles(top))(t).Inputs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if in.Record.Error == "" {
			continue
		}
		got[strings.TrimPrefix(in.Record.RawPath(), top+"/")] = string(in.Record.Outcome)
		if in.Record.Outcome == evidence.Partial {
			if _, err := in.Fetch(t.Context(), 0); err != nil {
				t.Errorf("%s: %v", in.Record.Path, err)
			}
		}
		if !strings.Contains(in.Record.Error, "as a target") {
			t.Errorf("%+v", in.Record)
		}
	}
	want := map[string]string{"b.ZIP": "partial", "folder/segments": "failed", "loose/" + segment: "partial"}
	if len(got) != len(want) || got["b.ZIP"] != "partial" || got["folder/segments"] != "failed" || got["loose/"+segment] != "partial" {
		t.Errorf("%v, want %v", got, want)
	}
	if in := one(t, filepath.Join(top, "folder/segments", segment)); in.Record.Outcome != evidence.Partial {
		t.Errorf("a segment that is named itself: %+v", in.Record)
	}
}

// TestFilesWithout: the folder that findings are written to is left out, named
// as one likes, and though it comes to be after the target.
func TestFilesWithout(t *testing.T) {
	top := t.TempDir()
	f := must(target.NewFiles(top))(t).Without(filepath.Join(top, "x", "..", "out"))
	for _, dir := range []string{"out/bundle", "x/out"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "out/findings.jsonl", "x/out/b"} {
		if err := os.WriteFile(filepath.Join(top, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for in, err := range f.Inputs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimPrefix(in.Record.RawPath(), top+"/")+" "+string(in.Record.Outcome))
	}
	if want := "a collected, out skipped, x empty, x/out empty, x/out/b collected"; strings.Join(got, ", ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}
