package run

import (
	"context"
	"errors"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/evidence"
)

// flusher is a sink that is told when an artifact has ended.
type flusher struct {
	evidence.Sink
	ends int
	err  error
}

func (f *flusher) Flush(context.Context) error { f.ends++; return f.err }

// TestFlushAfterEachArtifact: what one artifact took is to be sealed before the
// next begins, and a sink that can't is broken.
func TestFlushAfterEachArtifact(t *testing.T) {
	src := tree(t, map[string]int{"a": 1, "b": 2})
	plan := func(f *flusher) Plan {
		return Plan{Sources: []collect.Source{src}, Sink: f, Definitions: []*artifacts.Definition{define("A", "/a"), define("B", "/b")}}
	}
	good := &flusher{Sink: &sinktest.Sink{}}
	if _, err := Run(t.Context(), plan(good)); err != nil || good.ends != 2 {
		t.Errorf("%d flushes for two artifacts, %v", good.ends, err)
	}
	bad := &flusher{Sink: &sinktest.Sink{}, err: errors.New("disk full")}
	if _, err := Run(t.Context(), plan(bad)); !errors.Is(err, bad.err) || bad.ends != 1 {
		t.Errorf("a broken sink: %v after %d flushes", err, bad.ends)
	}
}
