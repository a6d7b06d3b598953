package disk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormsSayWhatToDo: every form is told by its mark, with what to do next; a
// disk that begins like one by chance, and boots, is a disk.
func TestFormsSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	for _, f := range forms() {
		b := make([]byte, 4096)
		copy(b[f.off:], f.magic)
		path := filepath.Join(dir, "image")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var form *FormError
		if _, err := OpenImage(path); !errors.As(err, &form) || form.Is != f.is || form.Next == "" || !strings.Contains(err.Error(), f.is) {
			t.Errorf("%q: %v", f.magic, err)
		}
		b[510], b[511] = 0x55, 0xAA
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := OpenImage(path)
		if (err == nil) != (len(f.magic) < 4) {
			t.Errorf("%q with a boot signature: %v", f.magic, err)
		}
		if err == nil {
			im.Close()
		}
	}
	path := filepath.Join(dir, "short") // shorter than where some marks are
	if err := os.WriteFile(path, []byte("QFI\xfb"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenImage(path); err == nil {
		t.Error("a short file was opened")
	}
}

// TestGuesses: of an image in which nothing is known something can be said.
func TestGuesses(t *testing.T) {
	dir := t.TempDir()
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	noise[0] = 0 // no mark of anything
	text := bytes.Repeat([]byte("some words of a text; "), 1000)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"zeros": {make([]byte, 100_000), "its first 65536 bytes are zeros"}, "noise": {noise, "look random"}, "text": {text, ""},
		"few": {noise[:100], ""}, "program": {append([]byte("MZ"), text...), "program"}, "d.001": {text, ""}, "d.003": {noise, `d.001"`}, "e.002": {text, ""},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := OpenImage(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Volumes(im, im.Size()); err == nil {
			t.Errorf("%s: something was found", name)
		}
		if name == "d.003" {
			if err := os.WriteFile(filepath.Join(dir, "d.001"), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := im.Guess(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		im.Close()
	}
}

// TestBitLockerToGo looks like FAT, and is none.
func TestBitLockerToGo(t *testing.T) {
	b := make([]byte, 64<<10)
	copy(b, "\xEB\x58\x90MSWIN4.1\x00\x02\x08")
	b[16] = 2
	copy(b[82:], "FAT32   ")
	b[510], b[511] = 0x55, 0xAA
	if got := Detect(bytes.NewReader(b), int64(len(b))); got != "fat" {
		t.Fatal(got)
	}
	copy(b[424:], "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01")
	l, err := Volumes(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(l.Volumes) != 1 || l.Volumes[0].Filesystem != "bitlocker" {
		t.Errorf("%+v, %v", l, err)
	}
}
