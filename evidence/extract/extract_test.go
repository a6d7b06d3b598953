package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
)

func item(path string, content []byte) evidence.Item {
	it := evidence.Item{Open: evidence.Bytes(content)}
	it.Record.Source, it.Record.Type = "live", evidence.TypeFile
	it.Record.MTime = evidence.At(time.Unix(1_000_000_000, 5))
	it.Record.SetPath(path)
	return it
}

func write(t *testing.T, items ...evidence.Item) *bundle.Bundle {
	t.Helper()
	m := bundletest.New(t)
	o := m.Options()
	o.Recipients, o.NoEncryption = nil, true
	dir, _ := m.Write(o, items...)
	return m.Open(dir)
}

func extractAll(t *testing.T, b *bundle.Bundle, dir string) []Result {
	t.Helper()
	target, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []Result
	for it, err := range b.Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := target.Item(context.Background(), b, it)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Whatever the names hold, nothing is written outside the target.
func TestHostileNames(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "in", "target")
	link := evidence.Item{}
	link.Record.Source, link.Record.Type, link.Record.Outcome = "live", evidence.TypeSymlink, evidence.Collected
	link.Record.SetPath("/link")
	link.Record.SetTarget(outside)
	content := []byte("x")
	b := write(t, link,
		item("/../../escaped", content), item("../escaped", content), item("/a/../../../escaped", content),
		item("/link/escaped", content), item("/.", content), item("/..", content), item("/", content), item("", content),
		item("/nul\x00byte", content), item("/"+strings.Repeat("n", 300), content), item("/bad\xff\nname", content),
		item("/twice", content), item("/twice", content), item("/file", content), item("/file/below", content),
		item("/"+strings.Repeat("deep/", 1500)+"f", content))
	results := extractAll(t, b, dir)
	var above []string
	err := filepath.WalkDir(outside, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(p, dir+"/") {
			above = append(above, p)
		}
		return nil // the deep one is beyond what WalkDir can follow
	})
	if err != nil || len(above) > 0 {
		t.Errorf("written outside: %q (%v)", above, err)
	}
	written, renamed := 0, 0
	for _, r := range results {
		if r.Name != "" {
			written++
		}
		if r.Renamed {
			renamed++
		}
		if r.Err != nil && r.Item.Record.Path != "/file/below" {
			t.Errorf("%q: %v", r.Item.Record.Path, r.Err)
		}
	}
	if written != len(results)-2 { // all but the link and /file/below
		t.Errorf("%d of %d items were written", written, len(results))
	}
	if renamed != 3 { // the second /twice, "" after /, and /.. where a folder is
		t.Errorf("%d items are said to lie elsewhere", renamed)
	}
	if _, err := os.Lstat(filepath.Join(dir, "live", "link")); err == nil {
		if st, _ := os.Lstat(filepath.Join(dir, "live", "link")); st.Mode()&fs.ModeSymlink != 0 {
			t.Error("a symbolic link was made")
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "live", "bad\xff\nname")); err != nil {
		t.Error(err)
	}
}

func TestExtractContent(t *testing.T) {
	big := make([]byte, 5<<20)
	copy(big[3<<20:], "in the middle")
	b := write(t, item("/sparse", big), item("/empty", nil), item("/a/b", []byte("abc")))
	dir := t.TempDir()
	for _, r := range extractAll(t, b, dir) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, "live/sparse"))
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("the sparse file differs (%v)", err)
	}
	if st, err := os.Stat(filepath.Join(dir, "live/a/b")); err != nil || st.Size() != 3 || !st.ModTime().Equal(time.Unix(1_000_000_000, 5)) || st.Mode() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "live/empty")); err != nil || st.Size() != 0 {
		t.Error("the empty file is missing")
	}
}

// A time that the system's call can't take is left out: wrapped around, it would
// be another time.
func TestTimesOutOfRange(t *testing.T) {
	for _, year := range []int{1600, 2446} {
		far := item("/far", []byte("x"))
		far.Record.MTime = evidence.At(time.Date(year, 5, 10, 22, 38, 55, 0, time.UTC))
		dir, began := t.TempDir(), time.Now().Add(-time.Minute)
		extractAll(t, write(t, far), dir)
		if st, err := os.Stat(filepath.Join(dir, "live/far")); err != nil || st.ModTime().Year() != year && st.ModTime().Before(began) {
			t.Errorf("a time in %d became %v (%v)", year, st.ModTime(), err)
		}
	}
}

// Whoever interrupts is heard within a megabyte, and half a file is not left
// behind to pass for a whole one.
func TestInterrupted(t *testing.T) {
	b := write(t, item("/long", bytes.Repeat([]byte("0123456789abcdef"), 1<<18)))
	dir := t.TempDir()
	target, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for it, err := range b.Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Record.Path != "/long" {
			continue
		}
		r, err := b.Reader(ctx, it)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if n, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
			t.Errorf("%d more bytes were read, and then: %v", n, err)
		}
		if _, err := target.Item(ctx, b, it); !errors.Is(err, context.Canceled) {
			t.Errorf("writing it: %v", err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "live/long")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
}

// Windows opens a device where a file has its name.
func TestDeviceNames(t *testing.T) {
	for name, want := range map[string]string{
		"con": "%63on", "AUX.c": "%41UX.c", "Com1": "%43om1", "lpt9.tar.gz": "%6Cpt9.tar.gz", "NUL .txt": "%4EUL .txt", "COM¹": "%43OM¹",
		"console": "console", "com": "com", "com10": "com10", "aux_": "aux_", "a:b": "a%3Ab", "nul.": "nul%2E",
	} {
		if got := componentOn("windows", name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
	if got := componentOn("linux", "con"); got != "con" {
		t.Errorf("elsewhere con becomes %s", got)
	}
}
