package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// What was added comes back, in its order and to the last byte, however many
// workers wrote it.
func TestRoundTrip(t *testing.T) {
	m := bundletest.New(t)
	items := bundletest.Sample()
	items = append(items, bundletest.File("/huge", bundletest.Random(40<<20)), bundletest.File("/zeros", make([]byte, 70<<20)), bundletest.File("/last", []byte("x")))
	for _, workers := range []int{1, 2, 16} {
		o := m.Options()
		o.Workers, o.SHA1, o.MD5 = workers, true, true
		dir, totals := m.Write(o, items...)
		if totals.Items != uint64(len(items)) || totals.Outcomes[evidence.Missing] != 1 || totals.Outcomes[evidence.Empty] != 1 {
			t.Fatalf("totals %+v", totals)
		}
		r := m.Verify(dir, verify.Options{}, m.ID)
		if !r.OK() || r.State != seal.Complete || r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		known := func(vkey string) bool { return vkey == m.VKey }
		if r := m.Verify(dir, verify.Options{Quick: true, Known: known, Root: r.Words}); !r.OK() || !r.KnownSigner {
			t.Fatalf("report %+v", r)
		}
		b := m.Open(dir, m.ID)
		n := 0
		for it, err := range b.Items(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			want := items[n]
			n++
			if it.Record.RawPath() != want.Record.RawPath() {
				t.Fatalf("item %d is %q, want %q", n, it.Record.RawPath(), want.Record.RawPath())
			}
			bundletest.CheckContent(t, b, it, want)
		}
		if n != len(items) {
			t.Fatalf("%d items, want %d", n, len(items))
		}
	}
}

// What a reader is asked that a bundle can't give ends in an error that says
// which kind it is.
func TestRefusals(t *testing.T) {
	ctx := context.Background()
	m, stranger := bundletest.New(t), bundletest.New(t)
	dir, _ := m.Write(m.Options(), bundletest.Sample()...)
	first := func(b *bundle.Bundle) seal.Segment { return b.Segments[0] }
	load := func(b *bundle.Bundle, s seal.Segment) error { _, _, err := b.Load(ctx, s, nil); return err }

	b := m.Open(dir, m.ID)
	if err := load(b, first(b)); err != nil {
		t.Fatalf("a sound segment: %v", err)
	}
	altered, large, gone := first(b), first(b), first(b)
	altered.SHA256 = strings.Repeat("0", 64)
	large.Size = 1 << 40
	gone.Object = "segments/000009.zip"
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"no identity":        {load(m.Open(dir), first(b)), bundle.ErrNoIdentity},
		"another's identity": {load(m.Open(dir, stranger.ID), first(b)), bundle.ErrNoIdentity},
		"another hash":       {load(b, altered), bundle.ErrVerify},
		"too large":          {load(b, large), bundle.ErrVerify},
		"missing":            {load(b, gone), bundle.ErrVerify},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if _, err := b.ReadObject(ctx, first(b).Object, 100); err == nil {
		t.Error("an object larger than the bound is read")
	}
	if _, err := b.ReadObject(ctx, "seal/000099.json", 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an object that is not there: %v", err)
	}
	empty, err := bundle.DirObjects(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if _, err := bundle.Open(ctx, empty); !errors.Is(err, bundle.ErrNotBundle) {
		t.Errorf("an empty folder: %v", err)
	}
}

// A frame holds what the index says, no less and no more, and never more than
// a frame may.
func TestDecoder(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	dec, err := bundle.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	content := bytes.Repeat([]byte("content "), 1000)
	frame := enc.EncodeAll(content, nil)
	got, err := dec.Frame(frame, len(content), nil)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes, want %d (%v)", len(got), len(content), err)
	}
	bomb := enc.EncodeAll(make([]byte, segment.FrameSize+1), nil)
	for name, c := range map[string]struct {
		frame []byte
		size  int
	}{
		"less":    {frame, len(content) + 1},
		"more":    {frame, len(content) - 1},
		"cut":     {frame[:len(frame)-1], len(content)},
		"garbage": {[]byte("no zstd frame"), len(content)},
		"bomb":    {bomb, segment.FrameSize + 1},
	} {
		if _, err := dec.Frame(c.frame, c.size, got); !errors.Is(err, bundle.ErrVerify) {
			t.Errorf("%s: %v, want ErrVerify", name, err)
		}
	}
}

// A bundle whose objects lie in two places is one bundle, and the first place
// counts where both have an object.
func TestJoined(t *testing.T) {
	ctx := context.Background()
	m := bundletest.New(t)
	dir, _ := m.Write(m.Options(), bundletest.Sample()...)
	rest := t.TempDir()
	for _, name := range []string{"segments", "seal/000002.json", "seal/000002.checkpoint"} {
		to := filepath.Join(rest, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name), to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(rest, "README.txt"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	objects := func(dirs ...string) bundle.Objects {
		var all []bundle.Objects
		for _, d := range dirs {
			o, err := bundle.DirObjects(d)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, o)
		}
		return bundle.Joined(all...)
	}
	for name, c := range map[string]struct {
		dirs []string
		ok   bool
	}{"both": {[]string{dir, rest}, true}, "the other way round": {[]string{rest, dir}, false}, "one": {[]string{dir}, false}} {
		o := objects(c.dirs...)
		b, err := bundle.Open(ctx, o, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		r, err := verify.Bundle(ctx, b, verify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.OK() != c.ok {
			t.Errorf("%s: %+v", name, r.Problems)
		}
		b.Close()
	}
}
