//go:build cgo

package yara

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestZip(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range [][2]string{{"a/one.yar", good}, {`b\two.yar`, good}, {"../three.yar", good}, {"/four.yar", good},
		{"a/one.yar", good}, {"evil\x1b[2J.yar", good}, {"notes.txt", "x"}, {"bad.yar", "rule {"}} {
		w, err := z.Create(e[0])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, e[1])
	}
	if w, err := z.CreateHeader(&zip.FileHeader{Name: "secret.yar", Flags: 1}); err != nil {
		t.Fatal(err)
	} else {
		io.WriteString(w, good)
	}
	z.Close()
	p := filepath.Join(t.TempDir(), "rules.zip")
	write(t, p, b.Bytes())
	c, reports, err := Compile(context.Background(), []string{p})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range reports {
		got = append(got, fmt.Sprintf("%s %d %d %v", strings.TrimPrefix(r.Name, filepath.ToSlash(p)), r.Rules, len(r.Errors), r.Skipped != ""))
	}
	want := []string{"/a/one.yar 1 0 false", `/b\two.yar 1 0 false`, "/../three.yar 0 1 false", "//four.yar 0 1 false",
		"/a/one.yar 0 1 false", "/evil%1B[2J.yar 1 0 false", "/notes.txt 0 0 true", "/bad.yar 0 1 false", "/secret.yar 0 1 false"}
	if m := reports[len(reports)-1].Errors; len(m) != 1 || !strings.Contains(m[0].Message, "encrypted") {
		t.Errorf("encrypted entry: %+v", m)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if c.Rules != 3 {
		t.Errorf("%d rules", c.Rules)
	}
}

// A ZIP that is none costs itself, as a rule file that does not compile does.
func TestBrokenZip(t *testing.T) {
	dir := t.TempDir()
	broken, sound := filepath.Join(dir, "broken.zip"), filepath.Join(dir, "sound.yar")
	write(t, broken, []byte("PK\x03\x04 and no more"))
	write(t, sound, []byte(good))
	c, reports, err := Compile(context.Background(), []string{broken, sound})
	if err != nil || c.Rules != 1 || len(reports) != 2 || len(reports[0].Errors) != 1 || reports[0].Name != filepath.ToSlash(broken) {
		t.Fatalf("%+v, %v", reports, err)
	}
}
