package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// made runs scripts/fixtures once; it does nothing where its images are there.
var made = sync.OnceValues(func() (string, error) {
	script, err := filepath.Abs("../../../scripts/fixtures")
	if err != nil {
		return "", err
	}
	var stderr bytes.Buffer
	cmd := exec.Command("bash", script)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
})

func fixture(t *testing.T, name string) string {
	t.Helper()
	dir, err := made()
	if err != nil {
		t.Skip("scripts/fixtures can't make images here:", err)
	}
	return filepath.Join(dir, name)
}

// sums reads the list of hashes that ntfs-3g gave: path, then hex.
func sums(t *testing.T, path string) map[string]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00") {
		sum, name, ok := strings.Cut(line, "  .")
		if !ok {
			t.Fatalf("line %q", line)
		}
		out[name] = sum
	}
	return out
}

func openOne(t *testing.T, path string) collect.Source {
	t.Helper()
	srcs, notes, err := Open(path)
	if err != nil || len(srcs) != 1 {
		t.Fatalf("%d sources, %v, %v", len(srcs), notes, err)
	}
	t.Cleanup(func() { srcs[0].Close() })
	return srcs[0]
}

// read hashes an item and gives what the source says of it.
func read(src collect.Source, path string, h hash.Hash) (int64, evidence.Stat, evidence.Content, error) {
	c, st, err := src.Open(context.Background(), path)
	if err != nil {
		return 0, st, nil, err
	}
	n, err := io.Copy(h, c)
	return n, st, c, err
}

func sumOf(src collect.Source, path string) (string, evidence.Finish, error) {
	h := sha256.New()
	_, _, c, err := read(src, path, h)
	if err != nil {
		return "", evidence.Finish{}, err
	}
	return hex.EncodeToString(h.Sum(nil)), c.Finish(), c.Close()
}

// walk calls f for everything below dir, and for every stream as "path:name".
func walk(src collect.Source, dir string, f func(path string, st evidence.Stat, err error)) {
	for e, err := range src.ReadDir(context.Background(), dir) {
		if err != nil {
			f(dir, evidence.Stat{}, err)
			continue
		}
		at := strings.TrimSuffix(dir, "/") + "/" + e.Name
		st, err := src.Lstat(at)
		f(at, st, err)
		for _, s := range st.Streams {
			sst, err := src.Lstat(at + ":" + s)
			f(at+":"+s, sst, err)
		}
		if err == nil && st.Type == evidence.TypeDir && src.Crossing(at, st) == "" {
			walk(src, at, f)
		}
	}
}
