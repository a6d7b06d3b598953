package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker"
	"github.com/hozen-dfir/hozen/evidence"
)

// teller tells as many events as an item has bytes, each with a text of a
// thousand letters, and dies at the end of an item that begins with "die".
type teller struct{}

func (teller) Name() string               { return "teller" }
func (teller) Wants(evidence.Record) bool { return true }

func (teller) Examine(_ context.Context, s *analyze.Subject, _ func(analyze.Finding)) error {
	if s.Event == nil {
		return errors.New("nobody listens")
	}
	for i := range s.Size {
		s.Event(analyze.Event{Path: "/another/item", Kind: "test", Text: strings.Repeat("x", 1000), Facts: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))})
	}
	head := make([]byte, 3)
	if s.Body.ReadAt(head, 0); string(head) == "die" {
		os.Exit(7)
	}
	s.Event(analyze.Event{Kind: "broken", Facts: json.RawMessage("no JSON")})
	return nil
}

// tell sweeps items with tellers and returns how many events each item has.
func tell(t *testing.T, spool string, workers int, l *list) (events map[string]int, unscanned []string, sum analyze.Summary) {
	t.Helper()
	p := start(t, worker.Options{Config: config("builder", "teller"), Workers: workers, Spool: spool})
	events = map[string]int{}
	last := ""
	sum, err := analyze.Sweep(t.Context(), []analyze.Target{l}, p, analyze.Sinks{
		Event: func(e analyze.Event) error {
			if want := fmt.Sprintf(`{"n":%d}`, events[e.Path]); string(e.Facts) != want || e.Path < last || e.Analyzer != "teller" || e.Format != analyze.EventFormat {
				return fmt.Errorf("want facts %s after item %s: %+v", want, last, e)
			}
			last = e.Path
			events[e.Path]++
			return nil
		},
		Unscanned: func(u analyze.Unscanned) error { unscanned = append(unscanned, u.Path+" "+u.Reason); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, unscanned, sum
}

// TestEvents: events come in the order of items, whole, under the name of the
// item that was examined; those of one over which its worker died are gone, and
// said to be; nothing stays on disk.
func TestEvents(t *testing.T) {
	l := &list{}
	for i := range 40 {
		l.add(fmt.Sprintf("/%02d", i), make([]byte, 300*(i%3)+1))
	}
	l.add("/50", []byte("die of it"))
	l.add("/60", make([]byte, 5))
	for _, workers := range []int{1, 3} {
		dir := t.TempDir()
		events, unscanned, sum := tell(t, dir, workers, l)
		total := 0
		for _, n := range events {
			total += n
		}
		if len(events) != 41 || events["/02"] != 601 || events["/50"] != 0 || events["/60"] != 5 || sum.Events != int64(total) {
			t.Errorf("%d workers: %d events of %d items: %v", workers, total, len(events), events)
		}
		if len(unscanned) != 42 { // each item's last event is no JSON
			t.Errorf("%d workers: %q", workers, unscanned)
		}
		for _, u := range unscanned {
			want := "1 events beyond the limits of one item were dropped"
			if strings.HasPrefix(u, "/50 ") {
				want = "exit status 7"
			}
			if !strings.Contains(u, want) {
				t.Errorf("%d workers: %s", workers, u)
			}
		}
		if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
			t.Errorf("left behind: %v, %v", names, err)
		}
	}
}

// TestNoEvents: where nobody asked, analyzers see that nobody listens. A folder
// that can't be written ends the sweep, and says where.
func TestNoEvents(t *testing.T) {
	l := &list{}
	l.add("/1", []byte("abc"))
	if events, unscanned, _ := tell(t, "", 1, l); len(events) != 0 || len(unscanned) != 1 || !strings.Contains(unscanned[0], "nobody listens") {
		t.Errorf("%v %q", events, unscanned)
	}
	p := start(t, worker.Options{Config: config("builder", "teller"), Workers: 1, Spool: t.TempDir() + "/none"})
	if _, err := analyze.Sweep(t.Context(), []analyze.Target{l}, p, analyze.Sinks{}); err == nil || !strings.Contains(err.Error(), "/none/") {
		t.Error(err)
	}
}
