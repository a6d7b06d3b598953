package sink_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// Whatever a file says of itself, it costs no more than itself: the bundle is
// written to its end, and verifies.
func TestHostileFacts(t *testing.T) {
	m := bundletest.New(t)
	file := func(edit func(*evidence.Record)) evidence.Item {
		it := bundletest.File("/tmp/x", []byte("content"))
		edit(&it.Record)
		return it
	}
	many := func(n, size int) (out []string) {
		for range n {
			out = append(out, strings.Repeat("\x01", size))
		}
		return out
	}
	for name, it := range map[string]evidence.Item{
		"far future": file(func(r *evidence.Record) { r.MTime = evidence.At(time.Unix(999_999_999_999, 0)) }),
		"far past":   file(func(r *evidence.Record) { r.BTime = evidence.At(time.Unix(-99_999_999_999_999, 0)) }),
		"long path":  file(func(r *evidence.Record) { r.SetPath("/" + strings.Repeat("\x01/", 600_000)) }),
		"long name": file(func(r *evidence.Record) {
			r.SetPath("/" + strings.Repeat("\xff", 1_200_000))
			r.Streams = many(9000, 200)
		}),
		"streams":    file(func(r *evidence.Record) { r.Streams = many(9000, 200) }),
		"attributes": file(func(r *evidence.Record) { r.Attributes = many(9000, 200) }),
		"acl":        file(func(r *evidence.Record) { r.ACL = many(9000, 200) }),
		"artifacts":  file(func(r *evidence.Record) { r.Artifacts = many(9000, 200) }),
		"target":     file(func(r *evidence.Record) { r.SetTarget(strings.Repeat("\x01", 300_000)) }),
		"owner":      file(func(r *evidence.Record) { r.Owner = strings.Repeat("\x01", 300_000) }),
		"reason":     file(func(r *evidence.Record) { r.Reason = strings.Repeat("\x01", 300_000) }),
		"error":      file(func(r *evidence.Record) { r.Error = strings.Repeat("\x01", 300_000) }),
		"method":     file(func(r *evidence.Record) { r.Method = strings.Repeat("\xff", 600_000) }),
		"lost": file(func(r *evidence.Record) {
			for range 100 {
				r.Lost = append(r.Lost, evidence.Range{Length: 1, Error: strings.Repeat("\x01", 10_000)})
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			dir, totals := m.Write(m.Options(), bundletest.File("/before", []byte("b")), it, bundletest.File("/after", []byte("a")))
			if totals.Items != 3 {
				t.Errorf("%d items", totals.Items)
			}
			for it, err := range m.Open(dir, m.ID).Items(context.Background()) {
				if err != nil {
					t.Error(err)
				} else if p := it.Record.Path; len(p) > 1000 && !strings.Contains(it.Record.Details["path_cut"], "bytes, SHA-256 ") {
					t.Errorf("a path was cut, and nothing says so: %v", it.Record.Details)
				}
			}
			if r := m.Verify(dir, verify.Options{}, m.ID); !r.OK() || r.Items != 3 {
				t.Errorf("%d items, %.500s", r.Items, r.Problems)
			}
		})
	}
}
