//go:build unix

package target_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/evidence"
)

// tree makes a folder with one of everything that a sweep may meet.
func tree(t *testing.T) string {
	t.Helper()
	top := filepath.Join(t.TempDir(), "top")
	for path, data := range map[string]string{"a": "alpha", "b/c": "gamma", "b/empty": "", "\xff\n": "odd name", "z": strings.Repeat("z", 3<<20)} {
		file := filepath.Join(top, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Symlink("/etc/passwd", filepath.Join(top, "link")), os.Symlink("..", filepath.Join(top, "b", "loop")),
		syscall.Mkfifo(filepath.Join(top, "fifo"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func TestFiles(t *testing.T) {
	top := tree(t)
	tg := must(target.NewFiles(top))(t)
	items, order, problems := read(t, tg)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []string{"/a", "/b", "/b/c", "/b/empty", "/b/loop", "/fifo", "/link", "/z", "/\xff\n"}
	for i := range want {
		want[i] = top + want[i]
	}
	if d := cmp.Diff(want, order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	for path, data := range map[string]string{"/a": "alpha", "/b/c": "gamma", "/\xff\n": "odd name", "/link": "", "/fifo": ""} {
		if got := string(items[top+path]); got != data {
			t.Errorf("%q: %q, want %q", path, got, data)
		}
	}
	if len(items[top+"/z"]) != 3<<20 {
		t.Errorf("z: %d bytes", len(items[top+"/z"]))
	}
}

func TestOneFile(t *testing.T) {
	top := tree(t)
	items, order, _ := read(t, must(target.NewFiles(filepath.Join(top, "a")))(t))
	if len(order) != 1 || string(items[filepath.Join(top, "a")]) != "alpha" {
		t.Errorf("got %q", order)
	}
	link := filepath.Join(top, "named")
	if err := os.Symlink("a", link); err != nil {
		t.Fatal(err)
	}
	items, _, _ = read(t, must(target.NewFiles(link))(t))
	if string(items[link]) != "alpha" {
		t.Errorf("a link that is named itself: %q", items)
	}
	if _, err := target.NewFiles(filepath.Join(top, "none")); err == nil {
		t.Error("no error for a path that is not there")
	}
}

// TestFilesChange: what takes a file's place between finding and reading it is
// not read, and a file that got shorter is an error.
func TestFilesChange(t *testing.T) {
	top := tree(t)
	byName := map[string]analyze.Input{}
	for in, err := range must(target.NewFiles(top))(t).Inputs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		byName[filepath.Base(in.Record.RawPath())] = in
	}
	a := filepath.Join(top, "a")
	for name, change := range map[string]func() error{
		"shorter": func() error { return os.Truncate(a, 2) },
		"gone":    func() error { return os.Remove(a) },
		"a link":  func() error { return os.Symlink("/etc/passwd", a) },
	} {
		os.Remove(a)
		os.WriteFile(a, []byte("alpha"), 0o600)
		in := one(t, a)
		if name == "a link" {
			os.Remove(a)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if b, err := in.Fetch(t.Context(), 0); err == nil {
			t.Errorf("%s: read %q", name, b)
		}
	}
	// A fifo in a file's place must not block.
	in := byName["c"]
	c := filepath.Join(top, "b", "c")
	os.Remove(c)
	if err := syscall.Mkfifo(c, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Fetch(t.Context(), 0); err == nil {
		t.Error("read a fifo")
	}
}

func one(t *testing.T, path string) analyze.Input {
	t.Helper()
	for in, err := range must(target.NewFiles(path))(t).Inputs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	t.Fatal("nothing there")
	return analyze.Input{}
}

func TestFilesDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	top := tree(t)
	if err := os.Chmod(filepath.Join(top, "b"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(top, "b"), 0o700)
	found := false
	for in := range must(target.NewFiles(top))(t).Inputs(t.Context()) {
		found = found || in.Record.Outcome == evidence.Denied
	}
	if !found {
		t.Error("a folder without rights is not listed")
	}
}

// TestFilesHuge: a sparse file beyond MaxSize is a gap, not read.
func TestFilesHuge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge")
	f := must(os.Create(path))(t)
	defer f.Close()
	if err := f.Truncate(analyze.MaxSize + 1); err != nil {
		t.Skip("no file this large here:", err)
	}
	in := one(t, path)
	if in.Record.Outcome != evidence.Failed || len(in.Blocks) > 0 {
		t.Errorf("outcome %s, %d blocks", in.Record.Outcome, len(in.Blocks))
	}
}

// TestFilesNotSilent: what is named by hand and not opened, and a bundle that
// lies in a folder, must not pass for swept.
func TestFilesNotSilent(t *testing.T) {
	top := tree(t)
	fifo := filepath.Join(top, "fifo")
	segments := filepath.Join(top, "b1", "segments")
	if err := os.MkdirAll(segments, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(segments, "000001.0123456789abcdef.zip.age"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{fifo: fifo, top: segments, segments: segments} {
		tg := must(target.NewFiles(given))(t)
		var got []string
		for in, err := range tg.Inputs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if in.Record.Outcome == evidence.Failed {
				got = append(got, in.Record.RawPath())
			}
		}
		if d := cmp.Diff([]string{want}, got); d != "" {
			t.Errorf("%s: %s", given, d)
		}
	}
}

// TestFilesOwner: whose a file is stands in its record, as rules ask for it.
func TestFilesOwner(t *testing.T) {
	a := filepath.Join(tree(t), "a")
	uid := os.Geteuid()
	if uid == 0 {
		if err := os.Chown(a, 1, 12345); err != nil {
			t.Fatal(err)
		}
		uid = 1
	}
	want := ""
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		want = u.Username
	}
	r := one(t, a).Record
	if r.UID != strconv.Itoa(uid) || r.Owner != want || os.Geteuid() == 0 && r.GID != "12345" {
		t.Errorf("uid %q, gid %q, owner %q; want %d, %q", r.UID, r.GID, r.Owner, uid, want)
	}
}
