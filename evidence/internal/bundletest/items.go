package bundletest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// File is an item that was a file.
func File(path string, content []byte) evidence.Item {
	it := evidence.Item{Open: evidence.Bytes(content)}
	it.Record.Source, it.Record.Method, it.Record.Type = "live", "os", evidence.TypeFile
	it.Record.StatLen = int64(len(content))
	it.Record.SetPath(path)
	return it
}

// Random is n bytes that don't compress.
func Random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// Sample is a set of items of many kinds.
func Sample() []evidence.Item {
	missing := evidence.Item{}
	missing.Record.Source, missing.Record.Outcome = "live", evidence.Missing
	missing.Record.SetPath("/gone")
	return []evidence.Item{
		File("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/bash\n")),
		File("/etc/Passwd", []byte("the same but for case\n")),
		File("/tmp/new\nline \xff.zst", Random(3000)),
		File("/empty", nil),
		File("/big", bytes.Repeat([]byte("0123456789abcdef"), 200_000)),
		missing,
	}
}

// CheckContent compares an item of a bundle with what was added: every byte,
// and the digest in its record.
func CheckContent(t testing.TB, b *bundle.Bundle, it *bundle.Item, want evidence.Item) {
	t.Helper()
	if want.Open == nil {
		return
	}
	c, _ := want.Open(context.Background())
	body, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Reader(context.Background(), it)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("%s: %d bytes, want %d (%v)", it.Record.Path, len(got), len(body), err)
	}
	sum := sha256.Sum256(body)
	if it.Record.SHA256 != hex.EncodeToString(sum[:]) {
		t.Fatalf("%s: hash %s, want %x", it.Record.Path, it.Record.SHA256, sum)
	}
}
