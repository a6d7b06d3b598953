package bundle_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
)

// A damaged segment costs the bytes in it: what lies before and behind is given
// back in runs, each with the reason, and one error is told for one damage.
func TestItemsAroundDamage(t *testing.T) {
	m := bundletest.New(t)
	o := m.Options()
	o.Recipients, o.NoEncryption, o.SegmentSize = nil, true, 8<<20
	body := bundletest.Random(40 << 20)
	dir, _ := m.Write(o, bundletest.File("/before", []byte("a")), bundletest.File("/long", body), bundletest.File("/after", []byte("b")))
	segments, err := filepath.Glob(filepath.Join(dir, "segments/*"))
	if err != nil || len(segments) < 4 {
		t.Fatal(segments, err)
	}
	var whole *bundle.Item
	for it, err := range m.Open(dir).Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Record.Path == "/long" {
			whole = it
		}
	}
	for _, damaged := range [][]int{nil, {1}, {2}, {len(segments)}, {1, 3}, {2, 3}, {2, len(segments)}} {
		name := fmt.Sprint(damaged)
		runs := sound(whole, damaged)
		bad := filepath.Join(t.TempDir(), "b")
		if err := os.CopyFS(bad, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		for _, n := range damaged {
			file := filepath.Join(bad, "segments", filepath.Base(segments[n-1]))
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			raw[len(raw)/2] ^= 1
			if err := os.WriteFile(file, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b := m.Open(bad)
		var got []*bundle.Item
		failed := 0
		for it, err := range b.Items(context.Background()) {
			switch {
			case err != nil:
				failed++
			case it.Record.Path == "/long":
				got = append(got, it)
			}
		}
		if len(got) != len(runs) || failed != len(damaged) {
			t.Errorf("%s: %d runs and %d errors, want %d and %d", name, len(got), failed, len(runs), len(damaged))
			continue
		}
		for i, it := range got {
			want := runs[i]
			if torn := want != (run{0, len(body)}); it.Torn != torn || torn != (it.Record.Outcome == evidence.Partial) || it.Record.Error != want.why(len(body)) || torn == (it.Record.SHA256 != "") {
				t.Errorf("%s, run %d of %v: torn %v, %s, %q, %s", name, i, want, it.Torn, it.Record.Outcome, it.Record.Error, it.Record.SHA256)
			}
			if err := sameContent(b, it, body[want.from:want.to]); err != nil {
				t.Errorf("%s, run %d of %v: %v", name, i, want, err)
			}
		}
	}
}

// run is a range of an item's bytes.
type run struct{ from, to int }

// why is what is said of it.
func (r run) why(size int) string {
	before := fmt.Sprintf("these are its bytes from %d on: what comes before could not be read", r.from)
	after := fmt.Sprintf("what came after byte %d is not there, or could not be read", r.to)
	switch {
	case r.from > 0 && r.to < size:
		return before + "; " + after
	case r.from > 0:
		return before
	case r.to < size:
		return after
	}
	return ""
}

// sound are the runs of an item that do not lie in the damaged segments.
func sound(it *bundle.Item, damaged []int) (out []run) {
	next := false
	for _, p := range it.Parts {
		if slices.Contains(damaged, p.Segment) {
			next = false
			continue
		}
		if !next {
			out = append(out, run{int(p.Offset), int(p.Offset)})
		}
		next = true
		out[len(out)-1].to += int(p.Size)
	}
	return out
}

func sameContent(b *bundle.Bundle, it *bundle.Item, want []byte) error {
	r, err := b.Reader(context.Background(), it)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) || it.Record.Size != int64(len(want)) {
		return fmt.Errorf("%d bytes of %d, want %d (%w)", len(got), it.Record.Size, len(want), err)
	}
	return nil
}
