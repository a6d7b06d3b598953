package collectcmd

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestNamed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	f := &flags{paths: []string{"a/b", "./c", "/etc/passwd", "/odd//path/", ".."}}
	got, err := f.named()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{here + "/a/b", here + "/c", "/etc/passwd", "/odd//path/", filepath.Dir(here)}
	for i := range want {
		if filepath.ToSlash(got[i]) != filepath.ToSlash(want[i]) {
			t.Errorf("%q became %q, want %q", f.paths[i], got[i], want[i])
		}
	}
	f = &flags{paths: []string{"Windows/win.ini"}, images: []string{"x.dd"}}
	if got, err := f.named(); err != nil || got[0] != "Windows/win.ini" {
		t.Errorf("a path of an image became %q, %v", got, err)
	}
	if _, err := (&flags{paths: []string{""}}).named(); err == nil {
		t.Error("an empty path was taken")
	}
}

// TestStepsUpFromLinks has ".." behind a link, which leads up from where the
// link does, as it would for any other program.
func TestStepsUpFromLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows takes such steps out before it looks")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, d := range []string{"a/b", "c"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../a/b", "c/l"); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{
		"c/l/../x": dir + "/a/x", dir + "/c/l/../x": dir + "/a/x", "c/l/x": dir + "/c/l/x", "c/../x": dir + "/x", "c/none/../x": dir + "/c/x", "/../..": "/",
	} {
		if got, err := absolute(p); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", p, got, err, want)
		}
	}
}

func TestOnDrive(t *testing.T) {
	for path, want := range map[string]string{
		`C:\Windows\win.ini`: "/Windows/win.ini", `c:\a`: "/a", `\x\y`: "/x/y", "/x/y": "/x/y", `C:\`: "/",
	} {
		if got, err := onDrive(path, "C:"); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", path, got, err, want)
		}
	}
	if _, err := onDrive(`D:\x`, ""); err == nil {
		t.Error("a path of another drive was taken")
	}
}
