package verify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

var errDisk = errors.New("input/output error")

// failing is a place that lists everything and does not give some of it: at
// once, or in the middle.
type failing struct {
	bundle.Objects
	part   string // of the names of objects
	middle bool
}

func (f failing) Open(ctx context.Context, name string) (bundle.Object, error) {
	o, err := f.Objects.Open(ctx, name)
	if err != nil || !strings.Contains(name, f.part) {
		return o, err
	}
	if !f.middle {
		o.Close()
		return nil, errDisk
	}
	return failingObject{o}, nil
}

type failingObject struct{ bundle.Object }

func (f failingObject) ReadAt(p []byte, off int64) (int, error) {
	if half := f.Size() / 2; off+int64(len(p)) > half {
		n, _ := f.Object.ReadAt(p[:max(0, min(int64(len(p)), half-off))], off)
		return n, errDisk
	}
	return f.Object.ReadAt(p, off)
}

// What a place does not give is no sign that the bundle was altered; and it does
// not hide that another part was.
func TestPlaceThatFails(t *testing.T) {
	m := bundletest.New(t)
	for _, plain := range []bool{false, true} {
		o := m.Options()
		if plain {
			o.Recipients, o.NoEncryption = nil, true
		}
		dir, _ := m.Write(o, bundletest.File("/a", []byte("a")), bundletest.File("/huge", bundletest.Random(70<<20)), bundletest.File("/b", []byte("b")))
		check := func(f failing, quick bool) (*verify.Report, error) {
			t.Helper()
			objects, err := bundle.DirObjects(dir)
			if err != nil {
				t.Fatal(err)
			}
			f.Objects = objects
			b, err := bundle.Open(context.Background(), f, m.ID)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			return verify.Bundle(context.Background(), b, verify.Options{Quick: quick})
		}
		for _, quick := range []bool{false, true} {
			for _, f := range []failing{{part: "segments/000002"}, {part: "segments/000002", middle: true}, {part: "README.txt"}} {
				r, err := check(f, quick)
				if !errors.Is(err, errDisk) || !strings.Contains(err.Error(), f.part) || len(r.Problems) > 0 {
					t.Errorf("plain %v, quick %v, %s (middle: %v): %v, problems %v", plain, quick, f.part, f.middle, err, r.Problems)
				}
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "verify.sh"), []byte("#"), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := check(failing{part: "segments/000002"}, false)
		if err != nil || len(r.Problems) != 2 || !slices.ContainsFunc(r.Problems, func(p bundle.Problem) bool { return p.Where == "verify.sh" }) {
			t.Errorf("plain %v, with an altered object: %v, problems %v", plain, err, r.Problems)
		}
	}
}
