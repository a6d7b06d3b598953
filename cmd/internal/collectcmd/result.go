package collectcmd

import (
	"fmt"
	"strings"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/evidence"
)

// result is what a collection prints at its end.
type result struct {
	Format      string                   `json:"format"`
	Bundle      string                   `json:"bundle"`
	Case        string                   `json:"case"`
	Place       string                   `json:"place"`
	State       string                   `json:"state"`
	Stopped     string                   `json:"stopped,omitempty"`
	Items       uint64                   `json:"items"`
	Bytes       int64                    `json:"bytes,string"`
	Stored      int64                    `json:"stored,string"`
	Segments    int                      `json:"segments"`
	Outcomes    map[evidence.Outcome]int `json:"outcomes"`
	Gaps        int64                    `json:"gaps"`
	FirstGaps   []gap                    `json:"first_gaps,omitempty"`
	Unsupported int64                    `json:"unsupported,omitempty"`
	Notes       []string                 `json:"notes,omitempty"`
	Artifacts   []tally                  `json:"artifacts,omitempty"`
	Root        string                   `json:"root"`
	Words       string                   `json:"words"`
	VKey        string                   `json:"vkey"`
	Fingerprint string                   `json:"fingerprint"`
	Ephemeral   bool                     `json:"ephemeral"`
}

// gap is something that was asked for and not had.
type gap struct {
	Source   string           `json:"source"`
	Path     string           `json:"path"`
	Artifact string           `json:"artifact"`
	Outcome  evidence.Outcome `json:"outcome"`
	Why      string           `json:"why,omitempty"`
}

// tally is what came of one artifact on one source.
type tally struct {
	Source   string         `json:"source"`
	Artifact string         `json:"artifact"`
	Outcomes collect.Counts `json:"outcomes,omitempty"`
	Gaps     int64          `json:"gaps"`
	Seconds  float64        `json:"seconds"`
	Error    string         `json:"error,omitempty"`
}

func gapsOf(s run.Summary) []gap {
	var out []gap
	for _, g := range s.FirstGaps {
		out = append(out, gap{g.Source, g.Path, g.Artifact, g.Outcome, g.Why})
	}
	return out
}

func talliesOf(s run.Summary) []tally {
	var out []tally
	for _, t := range s.Artifacts {
		out = append(out, tally{t.Source, t.Artifact, t.Outcomes, t.Gaps, t.Took.Seconds(), t.Error})
	}
	return out
}

// gapsShown is how many gaps are named on a terminal; all are in the bundle.
const gapsShown = 15

func (r result) show(app *cli.App) error {
	if app.JSON {
		return app.Emit(r)
	}
	w := &strings.Builder{}
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", label, cli.Short(fmt.Sprintf(format, args...)))
	}
	line("bundle", "%s in %s", r.Bundle, r.Place)
	state := r.State
	if r.Stopped != "" && r.Stopped != r.State {
		state += ", " + r.Stopped
	}
	line("state", "%s", state)
	line("taken", "%s items, %s of content, %s stored in %d segments", cli.Count(int64(r.Items)), cli.Bytes(r.Bytes), cli.Bytes(r.Stored), r.Segments)
	var parts []string
	for _, o := range evidence.Outcomes() {
		if n := r.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", o, n))
		}
	}
	line("outcomes", "%s", strings.Join(parts, ", "))
	for _, a := range r.Artifacts {
		if a.Error != "" {
			line("artifact", "%s on %s failed: %s", a.Artifact, a.Source, a.Error)
		}
	}
	for i, g := range r.FirstGaps {
		if i == gapsShown {
			break
		}
		line("gap", "%s %s:%s: %s", g.Outcome, g.Source, g.Path, g.Why)
	}
	if n := r.Gaps - int64(min(len(r.FirstGaps), gapsShown)); n > 0 {
		line("gap", "%d more; the ledger in the bundle (source hozen, /ledger.jsonl) has them all", n)
	}
	if n := r.Unsupported; n > 0 {
		line("not taken", "%d sources of definitions, which can't be had here or were not allowed; the ledger (source hozen, /ledger.jsonl) says why", n)
	}
	for _, n := range r.Notes {
		line("note", "%s", n)
	}
	line("key", "%s", r.VKey)
	line("", "fingerprint %s%s", r.Fingerprint, map[bool]string{true: " (made for this collection, and destroyed)"}[r.Ephemeral])
	line("ROOT", "%s", r.Words)
	line("", "%s — write the words down; hozen verify --root takes them", r.Root)
	_, err := fmt.Fprint(app.Out, w.String())
	return err
}
