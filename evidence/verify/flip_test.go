package verify_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// stride is how many bits a sweep over all bits goes on at a time: every bit
// in a full run, a different residue of bits in each byte otherwise.
func stride() int {
	if os.Getenv("HOZEN_FULL") != "" {
		return 1
	}
	return 211
}

// flipAll flips bits of file, one at a time, and demands that check finds each.
func flipAll(t *testing.T, file string, check func() string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	for bit := 0; bit < int(st.Size())*8; bit += stride() {
		at := int64(bit / 8)
		if _, err := f.ReadAt(b[:], at); err != nil {
			t.Fatal(err)
		}
		good := b[0]
		b[0] ^= 1 << (bit % 8)
		if _, err := f.WriteAt(b[:], at); err != nil {
			t.Fatal(err)
		}
		if got := check(); got != found {
			t.Errorf("%s: bit %d of byte %d flipped: %s", file, bit%8, at, got)
		}
		b[0] = good
		if _, err := f.WriteAt(b[:], at); err != nil {
			t.Fatal(err)
		}
	}
}

// What a check of a bundle comes to.
const (
	sound = "verifies as complete"
	found = "fails to verify" // exit code 4
)

// outcome checks a bundle. Anything but the two words above is a change that
// was noticed and called something else.
func outcome(open func() (bundle.Objects, error), ids ...age.Identity) string {
	o, err := open()
	if err != nil {
		return described(err)
	}
	b, err := bundle.Open(context.Background(), o, ids...)
	if err != nil {
		o.Close()
		return described(err)
	}
	defer b.Close()
	r, err := verify.Bundle(context.Background(), b, verify.Options{Workers: 1})
	switch {
	case err != nil:
		return described(err)
	case !r.OK():
		return found
	case r.State != "complete":
		return "verifies as " + r.State
	}
	return sound
}

func described(err error) string {
	if errors.Is(err, bundle.ErrVerify) {
		return found
	}
	return err.Error()
}

// Any single flipped bit anywhere in a bundle is found, with and without a key.
func TestEveryBit(t *testing.T) {
	m := bundletest.New(t)
	small := []evidence.Item{bundletest.File("/a", []byte("some content")), bundletest.File("/b", nil)}
	t.Run("folder", func(t *testing.T) {
		dir, _ := m.Write(m.Options(), small...)
		open := func() (bundle.Objects, error) { return bundle.DirObjects(dir) }
		if outcome(open) != sound || outcome(open, m.ID) != sound {
			t.Fatal("the bundle does not verify before it is touched")
		}
		err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				flipAll(t, p, func() string { return outcome(open) })
				flipAll(t, p, func() string { return outcome(open, m.ID) })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("zip", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "b.zip")
		out, err := sink.NewZip(path)
		if err != nil {
			t.Fatal(err)
		}
		m.WriteTo(out, m.Options(), small...)
		open := func() (bundle.Objects, error) { return bundle.ZipObjects(path) }
		if outcome(open) != sound || outcome(open, m.ID) != sound {
			t.Fatal("the bundle does not verify before it is touched")
		}
		flipAll(t, path, func() string { return outcome(open) })
		flipAll(t, path, func() string { return outcome(open, m.ID) })
	})
}

// Of a ZIP cut short, at any byte, what lies before the cut can be read and
// is never called complete.
func TestZipCutShort(t *testing.T) {
	m := bundletest.New(t)
	path := filepath.Join(t.TempDir(), "b.zip")
	out, err := sink.NewZip(path)
	if err != nil {
		t.Fatal(err)
	}
	m.WriteTo(out, m.Options(), bundletest.Sample()...)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	cut := filepath.Join(t.TempDir(), "cut.zip")
	for n := 0; n < len(whole); n += 97 {
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := bundle.ZipObjects(cut)
		if err != nil {
			seen["unreadable"]++
			continue
		}
		b, err := bundle.Open(context.Background(), o, m.ID)
		if err != nil {
			seen["no header"]++
			o.Close()
			continue
		}
		r, err := verify.Bundle(context.Background(), b, verify.Options{Workers: 1})
		b.Close()
		if err != nil {
			t.Fatalf("cut to %d: %v", n, err)
		}
		if r.State == "complete" && r.OK() {
			t.Fatalf("cut to %d of %d bytes, and complete", n, len(whole))
		}
		if len(b.Segments) > 0 && r.Items > 0 {
			seen["with items"]++
		}
	}
	if seen["with items"] == 0 || seen["no header"] == 0 {
		t.Errorf("%v", seen)
	}
}
