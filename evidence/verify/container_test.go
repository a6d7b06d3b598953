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
