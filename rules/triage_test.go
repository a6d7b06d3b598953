package rules

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/expand"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// triaged makes files below a folder and says which of them the triage profile
// of a system does not take; least is how many definitions that has.
func triaged(t *testing.T, system collect.OS, files map[string]string, least int) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var set artifacts.Set
	set.LoadFS(Artifacts, "artifacts", false)
	defs, _ := set.Asked(collect.ProfileTriage, nil, system)
	if len(defs) < least {
		t.Errorf("triage asks for %d definitions", len(defs))
	}
	ctx, src, sink := context.Background(), sourcetest.NewDir(root, system), &sinktest.Sink{}
	for _, a := range expand.New(ctx, src, defs, expand.Options{}).Artifacts() {
		if err := a.Collect(ctx, src, sink); err != nil {
			t.Fatal(err)
		}
	}
	for name := range files {
		if got := sink.Find("test", "/"+name); len(got) != 1 || got[0].Record.Outcome != evidence.Collected {
			t.Errorf("/%s was not taken: %+v", name, got)
		}
	}
}

// each gives all files the same content.
func each(names []string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[name] = "x"
	}
	return out
}
