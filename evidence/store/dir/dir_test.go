package dir

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/storetest"
)

func fresh(t *testing.T) store.Store {
	d, err := Create(filepath.Join(t.TempDir(), "vault"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDir(t *testing.T) { storetest.Run(t, fresh) }

func TestOpenErrors(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, store.ErrNoBucket) {
		t.Errorf("a missing folder: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := Create(file); err == nil {
		t.Error("a file is no store")
	}
}

// What lies in the folder but is no object is neither listed nor opened.
func TestForeignThings(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs symbolic links")
	}
	dir := t.TempDir()
	out := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(out, []byte("secret"), 0o600)
	os.Mkdir(filepath.Join(dir, "d"), 0o700)
	os.Symlink(out, filepath.Join(dir, "out"))
	os.Symlink("d", filepath.Join(dir, "in"))
	os.WriteFile(filepath.Join(dir, "d", durable.TempPrefix+"00"), []byte("half"), 0o600)
	os.WriteFile(filepath.Join(dir, "bad:name"), nil, 0o600)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx := context.Background()
	for i, err := range d.List(ctx, "") {
		t.Errorf("listed %+v, %v", i, err)
	}
	var strays []string
	for i, err := range d.ListAll(ctx, "") {
		if err != nil || i.Size != -1 {
			t.Errorf("%+v, %v", i, err)
		}
		strays = append(strays, i.Key)
	}
	if d := cmp.Diff([]string{"bad:name", "in", "out"}, strays); d != "" {
		t.Error(d)
	}
	for _, key := range []string{"out", "in", "d"} {
		if _, err := d.Open(ctx, key, ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("opened %s: %v", key, err)
		}
		b := []byte("secret")
		if _, err := d.Put(ctx, key, bytes.NewReader(b), 6, storetest.Sum(b)); !errors.Is(err, store.ErrExists) {
			t.Errorf("put onto %s: %v", key, err)
		}
	}
	b := []byte("x")
	if _, err := d.Put(ctx, "out/x", bytes.NewReader(b), 1, storetest.Sum(b)); err == nil {
		t.Error("put below a link that leads out")
	}
}

func TestDenied(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not bind this user")
	}
	d := fresh(t).(*Dir)
	os.Chmod(d.name, 0o500)
	b := []byte("x")
	if _, err := d.Put(context.Background(), "a", bytes.NewReader(b), 1, storetest.Sum(b)); !errors.Is(err, store.ErrDenied) {
		t.Errorf("%v", err)
	}
}
