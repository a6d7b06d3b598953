package verify_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// zipped is the bytes of a small bundle in a ZIP.
func zipped(t *testing.T, set ...func(*sink.Options)) []byte {
	t.Helper()
	m := bundletest.New(t)
	path := filepath.Join(t.TempDir(), "b.zip")
	out, err := sink.NewZip(path)
	if err != nil {
		t.Fatal(err)
	}
	o := m.Options()
	o.NoEncryption, o.Recipients = true, nil
	for _, f := range set {
		f(&o)
	}
	m.WriteTo(out, o, bundletest.File("/a", []byte("some content")))
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// anyToken takes every token for a sound one: it is not what is looked at.
func anyToken([]byte, []byte) (verify.TimeStamp, error) { return verify.TimeStamp{}, nil }

// verdict is how a check of a ZIP with these bytes ends.
func verdict(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.zip")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := bundle.ZipObjects(path)
	if err != nil {
		return described(err)
	}
	b, err := bundle.Open(context.Background(), o)
	if err != nil {
		o.Close()
		return described(err)
	}
	defer b.Close()
	r, err := verify.Bundle(context.Background(), b, verify.Options{Workers: 1, Token: anyToken})
	if err != nil {
		return described(err)
	}
	if (r.State == "unfinished") != (b.End == nil) {
		t.Errorf("the check says %s, and those who read it see %+v", r.State, b.End)
	}
	if !r.OK() {
		return found
	}
	return r.State
}

// A ZIP that ends anywhere within its directory is what a full disk leaves:
// unfinished to everyone, not damaged. All that is there must be right.
func TestZipWithoutItsEnd(t *testing.T) {
	whole := zipped(t)
	dir := int(binary.LittleEndian.Uint32(whole[len(whole)-6:])) // APPNOTE 4.3.16
	if verdict(t, whole) != "complete" {
		t.Fatal("not complete before it is cut")
	}
	for n := dir; n < len(whole); n += 7 {
		if got := verdict(t, whole[:n]); got != "unfinished" {
			t.Errorf("cut to %d of %d: %s", n, len(whole), got)
		}
	}
	for _, at := range []int{dir, dir + 20, dir + 60, len(whole) - 40} {
		for _, cut := range []int{len(whole) - 1, len(whole) - 22, at + 1} {
			bad := bytes.Clone(whole[:cut])
			if at >= len(bad) {
				continue
			}
			bad[at] ^= 1
			if got := verdict(t, bad); got != found {
				t.Errorf("cut to %d and changed at %d: %s", cut, at, got)
			}
		}
	}
	// Where the end leaf is missing as well, headers before the cut still count.
	cut := bytes.LastIndex(whole[:dir], []byte("PK\x03\x04"))
	if got := verdict(t, whole[:cut+10]); got != "unfinished" {
		t.Errorf("cut in the last entry: %s", got)
	}
	bad := bytes.Clone(whole[:cut+10])
	bad[10] ^= 1 // the time in the first entry's header
	if got := verdict(t, bad); got != found {
		t.Errorf("cut, and a header changed: %s", got)
	}
}

// A flipped bit in the name of the header makes no stranger of a bundle.
func TestHeaderNameInDirectory(t *testing.T) {
	whole := zipped(t)
	const name = "seal/000000.json"
	for _, at := range []int{bytes.Index(whole, []byte(name)), bytes.LastIndex(whole, []byte(name))} {
		for bit := range len(name) * 8 {
			whole[at+bit/8] ^= 1 << (bit % 8)
			if got := verdict(t, whole); got != found {
				t.Errorf("bit %d of byte %d: %s", bit%8, at+bit/8, got)
			}
			whole[at+bit/8] ^= 1 << (bit % 8)
		}
	}
}

// Statements of the public part are held against each other without a key.
func TestPublicLies(t *testing.T) {
	m := bundletest.New(t)
	gap := lie(t, m, ended(2, 6, 2), []told{record(1, "abc")}, []told{record(3, "def")})
	if r := m.Verify(gap, verify.Options{Quick: true}); !strings.Contains(problems(r), "number 3; due here is 2") {
		t.Errorf("records left out between segments: %q", problems(r))
	}
	empty := record(1, "")
	empty.r.SHA256 = hexOf("something")
	if r := m.Verify(lie(t, m, ended(1, 0, 1), []told{empty}), verify.Options{}); !strings.Contains(problems(r), "SHA-256") {
		t.Errorf("the digest of nothing is something: %q", problems(r))
	}
}

// What was put before or behind a ZIP that was completed makes it no less
// complete, and is called what it is.
func TestBytesAroundZip(t *testing.T) {
	whole := zipped(t)
	junk := bytes.Repeat([]byte("PK\x01\x02junk"), 20_000) // more than a ZIP's comment can have
	for name, c := range map[string]struct {
		body []byte
		says string
	}{
		"a byte after":      {append(bytes.Clone(whole), 0), "has 1 bytes after its end"},
		"much after":        {append(bytes.Clone(whole), junk...), "has 160000 bytes after its end"},
		"another after":     {append(bytes.Clone(whole), whole...), "bytes after its end"},
		"a byte before":     {append([]byte{0}, whole...), "has 1 bytes before its beginning"},
		"much before":       {append(bytes.Clone(junk), whole...), "has 160000 bytes before its beginning"},
		"a byte each":       {append(append([]byte{0}, whole...), 0), "has 1 bytes before its beginning"},
		"a comment":         {append(bytes.Clone(whole[:len(whole)-2]), 1, 0, 'x'), "byte"},
		"a header's byte":   {append(append(bytes.Clone(whole[:10]), whole[10]^1), whole[11:]...), "the ZIP around README.txt"},
		"a directory's end": {append(append(bytes.Clone(whole[:len(whole)-5]), whole[len(whole)-5]^1), whole[len(whole)-4:]...), "byte"},
	} {
		path := filepath.Join(t.TempDir(), "b.zip")
		if err := os.WriteFile(path, c.body, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := bundle.ZipObjects(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, err := bundle.Open(context.Background(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		around, unread := verify.Around(context.Background(), b)
		r, verr := verify.Bundle(context.Background(), b, verify.Options{})
		b.Close()
		if len(unread) > 0 || verr != nil || len(around) != 1 || !strings.Contains(around[0].What, c.says) || !strings.Contains(problems(r), c.says) {
			t.Errorf("%s: %v (%v); %q (%v), want %q", name, around, unread, problems(r), verr, c.says)
		}
		if put := strings.Contains(c.says, "its "); put && (r.State != "complete" || len(r.Tail) > 0 || len(r.Problems) != 1) {
			t.Errorf("%s: %s, %q, %q", name, r.State, r.Tail, problems(r))
		}
	}
}
