package analyzetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
)

// Conform runs the suite that every analyzer passes. hit is an item in which
// the analyzer finds something, and in the same way when it can only be read
// piece by piece.
func Conform(t *testing.T, a analyze.Analyzer, hit *analyze.Subject) {
	t.Helper()
	t.Run("finds", func(t *testing.T) { finds(t, a, hit) })
	t.Run("repeats itself", func(t *testing.T) { repeats(t, a, hit) })
	t.Run("odd subjects", func(t *testing.T) { odd(t, a) })
	t.Run("read errors are errors", func(t *testing.T) { broken(t, a, hit) })
	t.Run("ends when told to", func(t *testing.T) { ends(t, a, hit) })
}

// Findings examines s and returns what was reported.
func Findings(t *testing.T, a analyze.Analyzer, s *analyze.Subject) []analyze.Finding {
	t.Helper()
	var out []analyze.Finding
	if !a.Wants(s.Record) {
		return nil
	}
	if err := a.Examine(context.Background(), s, func(f analyze.Finding) { out = append(out, f) }); err != nil {
		t.Fatalf("examine %q: %v", s.Record.Path, err)
	}
	return out
}

func finds(t *testing.T, a analyze.Analyzer, hit *analyze.Subject) {
	if a.Name() == "" {
		t.Error("no name")
	}
	fs := Findings(t, a, hit)
	if len(fs) == 0 {
		t.Fatal("nothing found")
	}
	for _, f := range fs {
		if f.Rule == "" {
			t.Errorf("a finding names no rule: %+v", f)
		}
		if len(f.Matches) > analyze.MatchLimit {
			t.Errorf("%d matches, more than %d", len(f.Matches), analyze.MatchLimit)
		}
	}
}

func repeats(t *testing.T, a analyze.Analyzer, hit *analyze.Subject) {
	streamed := *hit
	streamed.Bytes = func(int64) ([]byte, error) { return nil, nil }
	first := encode(t, Findings(t, a, hit))
	if again := encode(t, Findings(t, a, hit)); !bytes.Equal(first, again) {
		t.Errorf("second time differs:\n%s\n%s", first, again)
	}
	if s := encode(t, Findings(t, a, &streamed)); !bytes.Equal(first, s) {
		t.Errorf("read piece by piece differs:\n%s\n%s", first, s)
	}
}

func encode(t *testing.T, fs []analyze.Finding) []byte {
	t.Helper()
	fs = slices.Clone(fs)
	analyze.SortFindings(fs)
	b, err := json.Marshal(fs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// odd offers what has no content or no name; findings are up to the analyzer,
// panics and errors are not.
func odd(t *testing.T, a analyze.Analyzer) {
	for _, s := range []*analyze.Subject{
		Absent("/denied"), Subject("", nil), Subject("/empty", nil), Subject("\xff\xfe\n", []byte{0}),
		Subject("/one", []byte("x")), Streamed("/zeros", make([]byte, 3<<20)),
	} {
		Findings(t, a, s)
	}
}

var errBroken = errors.New("broken on purpose")

type brokenBody struct{}

func (brokenBody) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// broken offers an item whose bytes can't be read: silence would be a lie.
func broken(t *testing.T, a analyze.Analyzer, hit *analyze.Subject) {
	s := *hit
	s.Record.SHA256, s.Record.SHA1, s.Record.MD5 = "", "", ""
	s.Body = brokenBody{}
	s.Bytes = func(int64) ([]byte, error) { return nil, errBroken }
	if err := a.Examine(context.Background(), &s, func(analyze.Finding) {}); err == nil {
		t.Error("no error for an item that can't be read")
	}
}

// ends offers plenty of content to an analyzer whose time is over.
func ends(t *testing.T, a analyze.Analyzer, hit *analyze.Subject) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := *hit
	s.Size = 1 << 40
	s.Record.Size = s.Size
	s.Body = endless{}
	s.Bytes = func(int64) ([]byte, error) { return nil, nil }
	done := make(chan error, 1)
	go func() { done <- a.Examine(ctx, &s, func(analyze.Finding) {}) }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("no error though the item was not read to its end")
		}
	case <-time.After(10 * time.Second):
		t.Error("goes on 10 s after its context was done")
	}
}

type endless struct{}

func (endless) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }
