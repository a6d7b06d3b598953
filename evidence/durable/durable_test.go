package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func open(t *testing.T) (*os.Root, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, dir
}

func TestWriteNew(t *testing.T) {
	r, dir := open(t)
	if err := WriteNew(r, "a/b/c.txt", 0o600, text("one")); err != nil {
		t.Fatal(err)
	}
	err := WriteNew(r, "a/b/c.txt", 0o600, text("two"))
	if !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a second write says %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "a/b/c.txt"))
	if err != nil || string(b) != "one" {
		t.Fatalf("%q, %v", b, err)
	}
	st, _ := os.Stat(filepath.Join(dir, "a/b/c.txt"))
	sd, _ := os.Stat(filepath.Join(dir, "a"))
	if st.Mode().Perm() != 0o600 || sd.Mode().Perm() != 0o700 {
		t.Fatalf("modes %v and %v", st.Mode(), sd.Mode())
	}
	only(t, filepath.Join(dir, "a/b"), "c.txt")
}

// A write that fails leaves nothing, whichever kind of temporary file it used.
func TestFailureLeavesNothing(t *testing.T) {
	r, dir := open(t)
	boom := errors.New("boom")
	err := WriteNew(r, "x", 0o600, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	only(t, dir)
}

// Half a file is never seen beside its name where it is to be written
// elsewhere, and is written beside it all the same where it can't be.
func TestWriteNewFrom(t *testing.T) {
	for _, from := range []string{".", "other", "none"} {
		r, dir := open(t)
		if err := errors.Join(r.MkdirAll("a/b", 0o700), r.Mkdir("other", 0o700)); err != nil {
			t.Fatal(err)
		}
		err := WriteNewFrom(r, from, "a/b/c", 0o600, func(w io.Writer) error {
			if from != "none" {
				only(t, filepath.Join(dir, "a/b"))
			}
			return text("x")(w)
		})
		if b, e := r.ReadFile("a/b/c"); err != nil || e != nil || string(b) != "x" {
			t.Errorf("from %s: %v, %v, %q", from, err, e, b)
		}
		if err := WriteNewFrom(r, from, "a/b/c", 0o600, text("y")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("from %s a second time: %v", from, err)
		}
		only(t, filepath.Join(dir, "a/b"), "c")
		only(t, filepath.Join(dir, "other"))
		only(t, dir, "a", "other")
	}
}

// A temporary file with a name is moved between folders, whichever way there is.
func TestPlacedFromElsewhere(t *testing.T) {
	for name, way := range map[string]func(*temp, string) error{"rename": (*temp).renameNew, "link": (*temp).linkNew, "reserve": (*temp).reserve} {
		r, dir := open(t)
		if err := r.Mkdir("to", 0o700); err != nil {
			t.Fatal(err)
		}
		to, err := r.Open("to")
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		tmp, err := namedTemp(r, to, ".", 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(text("x")(tmp.file), way(tmp, "to/x")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tmp.discard()
		only(t, dir, "to")
		only(t, filepath.Join(dir, "to"), "x")
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	r, dir := open(t)
	out := t.TempDir()
	if err := os.Symlink(out, filepath.Join(dir, "away")); err != nil {
		t.Skip(err)
	}
	if err := WriteNew(r, "away/x", 0o600, text("x")); err == nil {
		t.Fatal("written through a link that leads out")
	}
	if err := WriteNew(r, "../x", 0o600, text("x")); err == nil {
		t.Fatal("written above the root")
	}
	if err := os.Symlink(filepath.Join(out, "gone"), filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(r, "dangling", 0o600, text("x")); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a dangling link in the way: %v", err)
	}
	only(t, out)
}

// Every way of placing a file: exactly one of many writers wins, whole.
func TestOneWins(t *testing.T) {
	ways := map[string]func(*temp, string) error{
		"place": (*temp).place, "rename": (*temp).renameNew, "link": (*temp).linkNew, "reserve": (*temp).reserve,
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r, dir := open(t)
			folder, err := r.Open(".")
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			var wins atomic.Int32
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					tmp, err := namedTemp(r, folder, ".", 0o600)
					if err != nil {
						t.Error(err)
						return
					}
					defer tmp.discard()
					fmt.Fprintf(tmp.file, "writer %02d", i)
					switch err := way(tmp, "x"); {
					case err == nil:
						wins.Add(1)
					case !errors.Is(err, fs.ErrExist):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			b, err := os.ReadFile(filepath.Join(dir, "x"))
			if wins.Load() != 1 || err != nil || !strings.HasPrefix(string(b), "writer ") || len(b) != 9 {
				t.Fatalf("%d winners, %q, %v", wins.Load(), b, err)
			}
			only(t, dir, "x")
		})
	}
}

func TestWriteFileAndNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := WriteFile(dir, "x", 0o644, text("x")); err != nil {
		t.Fatal(err)
	}
	if !IsTemp("a/"+TempPrefix+"00") || IsTemp(TempPrefix+"/x") || IsTemp("x") {
		t.Fatal("IsTemp")
	}
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range es {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("folder holds %q, want %q", got, want)
	}
}
