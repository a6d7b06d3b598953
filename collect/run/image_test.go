package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/source/image"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/rules"
)

// TestWindowsImage collects the image that scripts/fixtures makes with the
// embedded definitions and compares digests with those of the mounted image.
func TestWindowsImage(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	dir := filepath.Join(cache, "hozen", "fixtures")
	want := digests(t, filepath.Join(dir, "ntfs.sha256"))
	src, _, err := image.Open(filepath.Join(dir, "ntfs.raw"))
	if err != nil || len(src) != 1 {
		t.Fatal(err, len(src))
	}
	defer src[0].Close()
	var set artifacts.Set
	set.LoadFS(rules.Artifacts, "artifacts", false)
	defs, _ := set.Asked(collect.ProfileFull, nil, collect.Windows)
	sink := &sinktest.Sink{}
	sum, err := Run(context.Background(), Plan{Sources: src, Definitions: defs, Sink: sink})
	if err != nil || sum.Gaps != 0 {
		t.Errorf("%v %+v", err, sum)
	}
	compared := 0
	for _, g := range sink.Items() {
		r := g.Record
		if r.Source == collect.Own || r.Type != evidence.TypeFile || !strings.HasPrefix(r.Path, "/Windows/") && !strings.HasPrefix(r.Path, "/Users/") {
			continue
		}
		compared++
		if want[r.Path] != r.SHA256 {
			t.Errorf("%s: %s, the mounted image has %q", r.Path, r.SHA256, want[r.Path])
		}
	}
	if compared < 20 {
		t.Errorf("only %d files were compared", compared)
	}
}

// digests reads a list as sha256sum -z prints it.
func digests(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Skip("run scripts/fixtures first: ", err)
	}
	out := map[string]string{}
	for _, l := range strings.Split(string(text), "\x00") {
		if sum, p, ok := strings.Cut(l, "  "); ok {
			out["/"+strings.TrimPrefix(p, "./")] = sum
		}
	}
	return out
}

// TestNamedByAnotherSpelling: an item has the path that the volume writes, however
// a person names it, and is one with what a definition takes.
func TestNamedByAnotherSpelling(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	src, _, err := image.Open(filepath.Join(cache, "hozen", "fixtures", "ntfs.raw"))
	if err != nil {
		t.Skip("run scripts/fixtures first: ", err)
	}
	defer src[0].Close()
	const file, stream = "/Program Files/App/large.bin", "/Users/alice/Desktop/download.exe:Zone.Identifier"
	paths := []string{"/progra~1/app/LARGE.bin", "/PROGRA~1/App/large.bin::$DATA", file, "/users/alice/desktop/Download.exe:zone.identifier:$DATA"}
	sink := &sinktest.Sink{}
	if _, err := Run(context.Background(), Plan{Sources: src, Definitions: []*artifacts.Definition{define("A", file)}, Sink: sink, Paths: paths}); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, g := range sink.Items() {
		if r := g.Record; r.Source != collect.Own {
			taken++
			if r.Outcome != evidence.Collected || r.Path != file && r.Path != stream {
				t.Errorf("%s %s", r.Path, r.Outcome)
			}
		}
	}
	if taken != 2 {
		t.Errorf("%d items", taken)
	}
}
