package sink_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// trickle is a source so slow that a frame takes hours to fill.
type trickle struct{ until time.Time }

func (t trickle) Read(p []byte) (int, error) {
	if time.Now().After(t.until) {
		return 0, context.Canceled
	}
	time.Sleep(50 * time.Millisecond)
	return copy(p, "0123456789"), nil
}
func (trickle) Close() error            { return nil }
func (trickle) Finish() evidence.Finish { return evidence.Finish{} }

// Of one endless, slow item too, no more than ten seconds of work are ever at
// risk: its first part is under a checkpoint by then.
func TestSlowItemIsSealedInTime(t *testing.T) {
	if os.Getenv("HOZEN_FULL") == "" {
		t.Skip("takes 14 seconds, with HOZEN_FULL=1 only")
	}
	m := bundletest.New(t)
	dir, w := m.Begin(m.Options())
	began := time.Now()
	it := evidence.Item{Open: func(context.Context) (evidence.Content, error) { return trickle{began.Add(14 * time.Second)}, nil }}
	it.Record.Source = "live"
	it.Record.SetPath("/slow")
	if err := w.Add(context.Background(), it); err != nil {
		t.Fatal(err)
	}
	for sealed := false; !sealed; time.Sleep(50 * time.Millisecond) {
		_, err := os.Stat(filepath.Join(dir, "seal", "000001.checkpoint"))
		if sealed = err == nil; !sealed && time.Since(began) > 10*time.Second {
			t.Fatal("nothing was sealed in ten seconds")
		}
	}
	t.Logf("the first part was sealed after %s", time.Since(began))
	if _, err := w.Close(context.Background(), seal.End{}); err != nil {
		t.Fatal(err)
	}
	if r := m.Verify(dir, verify.Options{}, m.ID); !r.OK() {
		t.Errorf("%+v", r.Problems)
	}
}
