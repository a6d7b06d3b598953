package durable

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// disk mounts a small file system until the test ends; its folder.
func disk(t *testing.T, kind string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount")
	}
	top := t.TempDir()
	dir, img := filepath.Join(top, "mnt"), filepath.Join(top, "img")
	lower, upper, work := filepath.Join(top, "lower"), filepath.Join(top, "upper"), filepath.Join(top, "work")
	for _, d := range []string{dir, lower, upper, work} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(img, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(img, 24<<20); err != nil {
		t.Fatal(err)
	}
	for _, words := range map[string][][]string{
		"ext4":  {{"mkfs.ext4", "-q", "-F", img}, {"mount", "-o", "loop", img, dir}},
		"ext2":  {{"mkfs.ext2", "-q", "-F", "-b", "1024", img}, {"mount", "-o", "loop", img, dir}},
		"vfat":  {{"mkfs.vfat", img}, {"mount", "-o", "loop", img, dir}},
		"ntfs":  {{"mkntfs", "-F", "-Q", img}, {"ntfs-3g", img, dir}},
		"tmpfs": {{"mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", dir}},
		"overlay": {{"mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", upper}, {"mkdir", upper + "/u", upper + "/w"},
			{"mount", "-t", "overlay", "-o", "lowerdir=" + lower + ",upperdir=" + upper + "/u,workdir=" + upper + "/w", "overlay", dir}},
	}[kind] {
		if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Skipf("no %s here: %v: %v: %s", kind, words, err, out)
		}
		if words[0] == "mount" || words[0] == "ntfs-3g" {
			at := words[len(words)-1]
			t.Cleanup(func() {
				if err := exec.Command("umount", "-l", at).Run(); err != nil {
					t.Errorf("umount %s: %v", at, err)
				}
			})
		}
	}
	return dir
}

var kinds = []string{"ext4", "ext2", "vfat", "ntfs", "tmpfs", "overlay"}

// unaligned is n random bytes at an address that no direct write takes.
func unaligned(n int) []byte {
	b := make([]byte, n+1)
	rand.Read(b)
	return b[1:]
}

// Whatever the file system, the size and the memory: what is written is whole,
// durable and readable by its owner alone.
func TestWriteBytesOnDisks(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	for _, kind := range append([]string{"here"}, kinds...) {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			if kind != "here" {
				dir = disk(t, kind)
			}
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			for _, n := range []int{0, 1, directUnit, directFrom - 1, directFrom, directFrom + 1, directFrom + directUnit - 1, directFrom + 3*directUnit, 3<<20 + 511} {
				whole := unaligned(n + directUnit)
				for at, body := range map[string][]byte{"unaligned": whole[:n], "aligned": aligned(whole, n)} {
					name := fmt.Sprintf("a/%d/%s", n, at)
					if err := WriteBytes(root, name, 0o600, body); err != nil {
						t.Fatal(err)
					}
					got, err := root.ReadFile(name)
					if err != nil || !bytes.Equal(got, body) {
						t.Fatalf("%s: %d bytes, %v", name, len(got), err)
					}
					st, err := root.Stat(name)
					if err != nil || kind != "vfat" && kind != "ntfs" && st.Mode().Perm() != 0o600 {
						t.Fatalf("%s: %v, %v", name, st.Mode(), err)
					}
					if err := WriteBytes(root, name, 0o600, unaligned(directFrom)); !errors.Is(err, os.ErrExist) {
						t.Fatalf("%s a second time: %v", name, err)
					}
				}
				if err := root.RemoveAll("a"); err != nil {
					t.Fatal(err)
				}
			}
			onlyLostAndFound(t, dir)
		})
	}
}

// aligned is n bytes where a direct write takes them, cut from whole.
func aligned(whole []byte, n int) []byte {
	b, err := unix.Mmap(-1, 0, max(n, 1), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		panic(err) // the memory of a test
	}
	copy(b, whole)
	return b[:n] // stays mapped until the test ends
}

// A disk that fills up while a body is written: an error that says so, nothing
// left of the body, all that was written before as it was. With room again, it
// can be written.
func TestFullDisks(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			dir := disk(t, kind)
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			var bodies [][]byte
			for {
				body := aligned(unaligned(3<<20), 3<<20)
				err := WriteBytes(root, fmt.Sprintf("x/%d", len(bodies)), 0o600, body)
				if err == nil {
					bodies = append(bodies, body)
					continue
				}
				if !errors.Is(err, unix.ENOSPC) {
					t.Fatalf("a full disk says %v", err)
				}
				break
			}
			if len(bodies) < 3 || len(bodies) > 9 {
				t.Fatalf("%d bodies fit", len(bodies))
			}
			names, err := os.ReadDir(filepath.Join(dir, "x"))
			if err != nil || len(names) != len(bodies) {
				t.Fatalf("%v, %v; want %d", names, err, len(bodies))
			}
			for i, want := range bodies {
				if got, err := root.ReadFile(fmt.Sprintf("x/%d", i)); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("body %d: %d bytes, %v", i, len(got), err)
				}
			}
			if err := root.Remove("x/0"); err != nil {
				t.Fatal(err)
			}
			if err := WriteBytes(root, "y", 0o600, bodies[0]); err != nil {
				t.Fatalf("with room again: %v", err)
			}
			onlyLostAndFound(t, dir, "x", "y")
		})
	}
}

// On every file system, also where a file must have a name while it is written:
// a writer that dies leaves nothing in the folder it writes to.
func TestNothingBesideOnDisks(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			dir := disk(t, kind)
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			err = WriteNewFrom(root, ".", "a/b", 0o600, func(w io.Writer) error {
				onlyLostAndFound(t, filepath.Join(dir, "a"))
				return text("x")(w)
			})
			if err != nil {
				t.Fatal(err)
			}
			onlyLostAndFound(t, filepath.Join(dir, "a"), "b")
			onlyLostAndFound(t, dir, "a")
		})
	}
}

// A body that direct writes take in part goes on in the usual way.
func TestDirectInPart(t *testing.T) {
	dir := disk(t, "ext4")
	body := aligned(unaligned(2<<20), 2<<20)
	f, err := os.OpenFile(filepath.Join(dir, "x"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := writeDirect(f, body[:directFrom+100]); n != directFrom {
		t.Skipf("no direct writes here: %d", n)
	}
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_DIRECT != 0 {
		t.Fatalf("the flag stayed: %x, %v", flags, err)
	}
	if _, err := f.Write(body[directFrom:]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(io.LimitReader(f, 3<<20)); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// onlyLostAndFound fails where a folder holds more than the names given and
// what mkfs makes.
func onlyLostAndFound(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if e.Name() != "lost+found" {
			got = append(got, e.Name())
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("holds %q, want %q", got, want)
	}
}
