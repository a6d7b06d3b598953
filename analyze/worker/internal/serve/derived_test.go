package serve

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
	"github.com/hozen-dfir/hozen/evidence"
)

// maker derives six pieces from its item.
type maker struct {
	derive analyze.Deriver
	made   int
}

func (m *maker) Name() string               { return "maker" }
func (m *maker) Wants(evidence.Record) bool { return true }
func (m *maker) Examine(ctx context.Context, s *analyze.Subject, _ func(analyze.Finding)) error {
	for range 6 {
		if err := m.derive(ctx, s, analyze.Derived{Name: "piece", Bytes: []byte("x")}); err != nil {
			return err
		}
		m.made++
	}
	return nil
}

// sleeper is never done with derived content.
type sleeper struct{ calls int }

func (p *sleeper) Name() string                 { return "sleeper" }
func (p *sleeper) Wants(r evidence.Record) bool { return r.Type == evidence.TypeStream }
func (p *sleeper) Examine(ctx context.Context, _ *analyze.Subject, _ func(analyze.Finding)) error {
	p.calls++
	<-ctx.Done()
	return ctx.Err()
}

// TestSlowPieces: an analyzer that is slow for what is derived from an item does
// not keep the one that derives it from getting to the end.
func TestSlowPieces(t *testing.T) {
	m, p := &maker{}, &sleeper{}
	e, err := newExaminer(analyze.Config{}, func(_ analyze.Config, d analyze.Deriver) ([]analyze.Analyzer, error) {
		m.derive = d
		return []analyze.Analyzer{p, m}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out, err := e.examine(t.Context(), nil, &wire.ItemMsg{ID: 1, Deadline: 8000, Record: evidence.Record{Outcome: evidence.Empty}})
	if err != nil || m.made != 6 || p.calls != maxLate || time.Since(began) > 6*time.Second {
		t.Errorf("%v: %d pieces, %d calls in %s", err, m.made, p.calls, time.Since(began))
	}
	if n := len(out.Faults); n == 0 || !strings.Contains(out.Faults[n-1].Reason, "those after it were not examined") {
		t.Errorf("%+v", out.Faults)
	}
	for _, f := range out.Faults {
		if f.Analyzer != "sleeper" {
			t.Errorf("%+v", f)
		}
	}
}
