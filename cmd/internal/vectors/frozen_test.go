package vectors

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// follows is what follows from the bundle's texts, which may change: their own
// digests, and the root of the bundle that findings were made from.
var follows = regexp.MustCompile(`"files":\{[^}]*\}|"root":"[^"]*"`)

// lasting is what of a good vector must be made the same for good: names and
// digests of all objects but the texts and what signs them.
func lasting(t *testing.T, dir, name string) map[string]string {
	t.Helper()
	o, err := bundle.ZipObjects(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	names, err := o.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for n, size := range names {
		obj, err := o.Open(context.Background(), n)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, size)
		if n, err := obj.ReadAt(body, 0); n < len(body) {
			t.Fatal(err)
		}
		switch {
		case !strings.Contains(n, "/"), strings.HasSuffix(n, ".checkpoint"), strings.Contains(n, ".cosign/"), strings.Contains(n, ".tsr"):
			body = nil
		case n == "seal/000000.json":
			body = follows.ReplaceAll(body, nil)
		}
		out[n] = fmt.Sprintf("%x", sha256.Sum256(body))
	}
	return out
}
