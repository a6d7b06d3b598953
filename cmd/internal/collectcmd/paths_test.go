package collectcmd

import (
	"os"
	"path/filepath"
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
