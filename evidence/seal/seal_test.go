package seal

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The growing edge gives the same root as tlog's own tree at every size.
func TestTreeAgainstTlog(t *testing.T) {
	var tree Tree
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(idx []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(idx))
		for i, n := range idx {
			out[i] = hashes[n]
		}
		return out, nil
	})
	for n := range int64(300) {
		leaf := fmt.Appendf(nil, "leaf %d", n)
		stored, err := tlog.StoredHashes(n, leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, stored...)
		tree.Append(leaf)
		want, err := tlog.TreeHash(n+1, read)
		if err != nil {
			t.Fatal(err)
		}
		if tree.Root() != want || tree.Size() != n+1 {
			t.Fatalf("size %d: root %s, want %s", n+1, tree.Root(), want)
		}
	}
}

func signed(t *testing.T) ([]byte, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "collector")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	var tree Tree
	tree.Append([]byte("header"))
	b, err := tree.At(Origin("b-1")).Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return b, v
}

// Every single-bit flip of a checkpoint file is caught.
func TestCheckpointBitFlips(t *testing.T) {
	b, v := signed(t)
	c, err := OpenCheckpoint(b, v)
	if err != nil || c.Size != 1 || c.Origin != "hozen/bundle/b-1" {
		t.Fatalf("%+v, %v", c, err)
	}
	for i := range len(b) * 8 {
		bad := append([]byte(nil), b...)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := OpenCheckpoint(bad, v); err == nil {
			t.Fatalf("bit %d of byte %d flipped, and the checkpoint still opens", i%8, i/8)
		}
	}
	for n := range b {
		if _, err := OpenCheckpoint(b[:n], v); err == nil {
			t.Fatalf("cut to %d bytes, and it still opens", n)
		}
	}
	if _, err := OpenCheckpoint(append(b, '\n'), v); err == nil {
		t.Error("a line end more, and it still opens")
	}
	other, _ := signed(t)
	if _, err := OpenCheckpoint(other, v); err == nil {
		t.Error("another key's checkpoint opens")
	}
}

func TestWords(t *testing.T) {
	var h tlog.Hash
	b, _ := hex.DecodeString("7f000001" + "3f54dcc1" + "3f760723")
	copy(h[:], b)
	// The first two are the examples of arXiv 0901.4016.
	if got := Words(h); got != "lusab-babad-gutih-tugad-gutuk-bisog" {
		t.Fatal(got)
	}
	for _, given := range []string{Words(h), " LUSAB babad gutih tugad gutuk bisog\n", hex.EncodeToString(h[:]), RootText(h)} {
		if same, err := SameRoot(given, h); !same || err != nil {
			t.Errorf("SameRoot(%q) = %v, %v", given, same, err)
		}
	}
	for _, given := range []string{"", "lusab", "lusab-babad-gutih-tugad-gutuk", strings.Repeat("x", 64)} {
		if _, err := SameRoot(given, h); err == nil {
			t.Errorf("SameRoot(%q) is no error", given)
		}
	}
	if same, err := SameRoot("lusab-babad-gutih-tugad-gutuk-bisod", h); same || err != nil {
		t.Error("another root passed")
	}
}

func FuzzLeaves(f *testing.F) {
	f.Add([]byte(`{"format":"hozen-header/1","bundle":"b-1","case":"IR-1","encryption":"none"}`))
	f.Add([]byte(`{"format":"hozen-segment/1","bundle":"b-1","number":1,"size":"3"}`))
	f.Add([]byte(`{"format":"hozen-end/1","bundle":"b-1","outcomes":{"collected":1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := ParseHeader(b); err == nil && h.Bundle == "" {
			t.Fatal("a header without a bundle id")
		}
		_, _ = ParseSegment(b, "b-1", 1)
		_, _ = ParseEnd(b, "b-1")
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add("hozen/bundle/b\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseText(text); err == nil && c.Text() != text {
			t.Fatalf("%q is read as %+v", text, c)
		}
	})
}

// A root stands in one form only.
func TestParseRoot(t *testing.T) {
	good := strings.Repeat("A", 43) + "="
	if _, err := ParseRoot(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", good[:43], good + "\n", "\r" + good, good[:20] + "\r\n" + good[20:], good + "=", strings.Repeat("A", 42) + "B="} {
		if _, err := ParseRoot(bad); err == nil {
			t.Errorf("%q passed for a root", bad)
		}
	}
}
