package sinktest

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Lines decodes the JSON lines of the one item at path of source "live".
func Lines[T any](t *testing.T, s *Sink, path string) (out []T) {
	t.Helper()
	got := s.Find("live", path)
	if len(got) != 1 {
		t.Fatalf("%d items at %s, want 1", len(got), path)
	}
	for line := range bytes.Lines(got[0].Bytes) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v in %s", path, err, line)
		}
		out = append(out, v)
	}
	return out
}
