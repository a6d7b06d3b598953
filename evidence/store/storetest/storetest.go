// Package storetest is the suite that every implementation of store.Store
// passes.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// Run tests a store. fresh returns a new, empty one for each test.
func Run(t *testing.T, fresh func(t *testing.T) store.Store) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"write once":      writeOnce,
		"concurrent puts": concurrent,
		"checksum":        checksum,
		"hostile keys":    hostileKeys,
		"list":            list,
		"many":            many,
		"big":             big,
		"empty":           empty,
		"cancel":          cancelled,
		"reading":         reading,
		"absent":          absent,
		"short body":      shortBody,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// Sum is the hex SHA-256 of b.
func Sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func put(s store.Store, key string, b []byte) (store.Info, error) {
	return s.Put(context.Background(), key, bytes.NewReader(b), int64(len(b)), Sum(b))
}

func mustPut(t *testing.T, s store.Store, key string, b []byte) store.Info {
	t.Helper()
	i, err := put(s, key, b)
	if err != nil {
		t.Fatalf("putting %s: %v", key, err)
	}
	return i
}

func get(t *testing.T, s store.Store, key string) []byte {
	t.Helper()
	o, err := s.Open(context.Background(), key, "")
	if err != nil {
		t.Fatalf("opening %s: %v", key, err)
	}
	defer o.Close()
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Info().Size))
	if err != nil {
		t.Fatalf("reading %s: %v", key, err)
	}
	return b
}

func keysOf(t *testing.T, s store.Store, prefix string) []string {
	t.Helper()
	var keys []string
	for i, err := range s.List(context.Background(), prefix) {
		if err != nil {
			t.Fatalf("listing %q: %v", prefix, err)
		}
		keys = append(keys, i.Key)
	}
	return keys
}

func writeOnce(t *testing.T, s store.Store) {
	i := mustPut(t, s, "a/b", []byte("one"))
	if i.Key != "a/b" || i.Size != 3 || i.SHA256 != Sum([]byte("one")) {
		t.Errorf("info %+v", i)
	}
	if again := mustPut(t, s, "a/b", []byte("one")); again.VersionID != i.VersionID {
		t.Errorf("the same bytes again made version %q beside %q", again.VersionID, i.VersionID)
	}
	for _, other := range []string{"two", "longer than one", ""} {
		if _, err := put(s, "a/b", []byte(other)); !errors.Is(err, store.ErrExists) {
			t.Errorf("other bytes %q: %v", other, err)
		}
	}
	if got := get(t, s, "a/b"); string(got) != "one" {
		t.Errorf("it now holds %q", got)
	}
}

// concurrent: of many writers of different bytes exactly one wins.
func concurrent(t *testing.T, s store.Store) {
	var wins atomic.Int32
	var winner atomic.Value
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			b := bytes.Repeat([]byte{byte('a' + n)}, 100_000)
			switch _, err := put(s, "contested/key", b); {
			case err == nil:
				wins.Add(1)
				winner.Store(b)
			case !errors.Is(err, store.ErrExists):
				t.Errorf("writer %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Fatalf("%d writers won", wins.Load())
	}
	if got := get(t, s, "contested/key"); !bytes.Equal(got, winner.Load().([]byte)) {
		t.Error("content is not the winner's")
	}
	if got := keysOf(t, s, ""); !slices.Equal(got, []string{"contested/key"}) {
		t.Errorf("store holds %q", got)
	}
}

func checksum(t *testing.T, s store.Store) {
	b := []byte("evidence")
	for _, sum := range []string{Sum([]byte("other")), "", "zz", strings.ToUpper(Sum(b)), Sum(b)[:63]} {
		if _, err := s.Put(context.Background(), "k", bytes.NewReader(b), int64(len(b)), sum); !errors.Is(err, store.ErrChecksum) {
			t.Errorf("digest %q: %v", sum, err)
		}
	}
	if got := keysOf(t, s, ""); len(got) != 0 {
		t.Errorf("store holds %q", got)
	}
	mustPut(t, s, "k", b) // and the key is still free
}

func hostileKeys(t *testing.T, s store.Store) {
	ctx := context.Background()
	for _, key := range []string{
		"", "/", "/etc/x", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a/.", "a\x00b", `a\..\b`, "a\nb", "nul", "COM1.txt",
		"c:/x", "\xff", "ü", strings.Repeat("a", 300), strings.Repeat("ab/", 400) + "x", ".hozen-tmp-1",
	} {
		if _, err := put(s, key, []byte("x")); !errors.Is(err, store.ErrKey) {
			t.Errorf("Put(%.40q): %v", key, err)
		}
		if o, err := s.Open(ctx, key, ""); !errors.Is(err, store.ErrKey) {
			t.Errorf("Open(%.40q): %v, %v", key, o, err)
		}
		if _, err := s.Stat(ctx, key); !errors.Is(err, store.ErrKey) {
			t.Errorf("Stat(%.40q): %v", key, err)
		}
	}
	for _, err := range s.List(ctx, "../") {
		if !errors.Is(err, store.ErrKey) {
			t.Errorf("List: %v", err)
		}
	}
	if got := keysOf(t, s, ""); len(got) != 0 {
		t.Errorf("store holds %q", got)
	}
}

// list: byte order over folders and files alike, and prefixes that end within
// a name.
func list(t *testing.T, s store.Store) {
	keys := []string{"a-b", "a/b", "a/b.c", "a/c/d", "a0", "b", "a.txt", "a/c-d", "B"}
	for _, k := range keys {
		mustPut(t, s, k, []byte(k))
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "a", "a/", "a/c", "a/c/", "a/b", "a/b.", "nothing", "a/nothing/", "b"} {
		var want []string
		for _, k := range keys {
			if strings.HasPrefix(k, prefix) {
				want = append(want, k)
			}
		}
		if got := keysOf(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("prefix %q: %q, want %q", prefix, got, want)
		}
	}
	for i, err := range s.List(context.Background(), "") { // a caller may stop
		if err != nil || i.Key != "B" || i.Size != 1 {
			t.Fatalf("%+v, %v", i, err)
		}
		break
	}
}

// many: more objects than fit one page of S3's answer.
func many(t *testing.T, s store.Store) {
	const count = 1050
	var g errgroup.Group
	g.SetLimit(8)
	var want []string
	for n := range count {
		key := fmt.Sprintf("many/%06d", n)
		want = append(want, key)
		g.Go(func() error { _, err := put(s, key, []byte{1}); return err })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, s, "many/"); !slices.Equal(got, want) {
		t.Fatalf("%d keys listed, want %d in order", len(got), count)
	}
}

func big(t *testing.T, s store.Store) {
	b := make([]byte, 33<<20)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	mustPut(t, s, "big", b)
	if got := get(t, s, "big"); !bytes.Equal(got, b) {
		t.Fatal("content differs")
	}
	if _, err := put(s, "big", b[1:]); !errors.Is(err, store.ErrExists) {
		t.Errorf("other bytes: %v", err)
	}
}

func empty(t *testing.T, s store.Store) {
	mustPut(t, s, "empty", nil)
	if got := get(t, s, "empty"); len(got) != 0 {
		t.Errorf("%q", got)
	}
	mustPut(t, s, "empty", nil)
	if _, err := put(s, "empty", []byte("x")); !errors.Is(err, store.ErrExists) {
		t.Errorf("bytes onto an empty object: %v", err)
	}
}

// stopper cancels its context once half of the body has been read.
type stopper struct {
	*bytes.Reader
	half int64
	stop func()
}

func (s *stopper) ReadAt(p []byte, off int64) (int, error) {
	if off >= s.half {
		s.stop()
	}
	return s.Reader.ReadAt(p, off)
}

// cancelled: what was under way when the context ended is not there.
func cancelled(t *testing.T, s store.Store) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	b := bytes.Repeat([]byte("x"), 8<<20)
	_, err := s.Put(ctx, "cut", &stopper{bytes.NewReader(b), 4 << 20, stop}, int64(len(b)), Sum(b))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if got := keysOf(t, s, ""); len(got) != 0 {
		t.Errorf("store holds %q", got)
	}
	mustPut(t, s, "cut", b)
}

func reading(t *testing.T, s store.Store) {
	b := make([]byte, 5<<20)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	i := mustPut(t, s, "r", b)
	o, err := s.Open(context.Background(), "r", i.VersionID)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if st, err := s.Stat(context.Background(), "r"); err != nil || st.Size != int64(len(b)) || o.Info().Size != st.Size || st.Modified.IsZero() {
		t.Fatalf("%+v, %v", st, err)
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() { readRange(t, o, b, n*700_001, 10+n*n*40_000) })
	}
	wg.Wait()
	p := make([]byte, 100)
	if n, err := o.ReadAt(p, int64(len(b))-40); n != 40 || !errors.Is(err, io.EOF) || !bytes.Equal(p[:40], b[len(b)-40:]) {
		t.Errorf("at the end: %d, %v", n, err)
	}
	if n, err := o.ReadAt(p, int64(len(b))+1); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %d, %v", n, err)
	}
	if _, err := o.ReadAt(p, -1); err == nil {
		t.Error("before the beginning: no error")
	}
}

func readRange(t *testing.T, o store.Object, b []byte, off, n int) {
	p := make([]byte, min(n, len(b)-off))
	if got, err := o.ReadAt(p, int64(off)); got != len(p) || err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt(%d, %d): %d, %v", len(p), off, got, err)
	} else if !bytes.Equal(p, b[off:off+len(p)]) {
		t.Errorf("ReadAt(%d, %d): other bytes", len(p), off)
	}
}

func absent(t *testing.T, s store.Store) {
	ctx := context.Background()
	mustPut(t, s, "a/b", []byte("x"))
	for _, key := range []string{"x", "a", "a/c", "a/b.c", "a/b/c"} {
		if _, err := s.Open(ctx, key, ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Open(%q): %v", key, err)
		}
		if _, err := s.Stat(ctx, key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Stat(%q): %v", key, err)
		}
	}
	if s.String() == "" {
		t.Error("the store has no name")
	}
}

// shortBody: a body that ends early is no object.
func shortBody(t *testing.T, s store.Store) {
	b := []byte("half of")
	if _, err := s.Put(context.Background(), "k", bytes.NewReader(b), 100, Sum(b)); err == nil {
		t.Error("a short body was taken")
	}
	if got := keysOf(t, s, ""); len(got) != 0 {
		t.Errorf("store holds %q", got)
	}
}
