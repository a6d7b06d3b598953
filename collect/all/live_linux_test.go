package all

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/packets"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestLiveHost runs all built-in artifacts on this machine, as a collection
// does, packets throughout.
func TestLiveHost(t *testing.T) {
	src := sourcetest.NewDir("/", collect.Linux)
	src.In.Name, src.In.Live = "live", true
	sink := &sinktest.Sink{}
	plan := run.Plan{Sources: []collect.Source{src}, Sink: sink,
		Builtins: Artifacts(Options{Packets: []packets.Spec{{Interface: "lo"}}})}
	began := time.Now()
	sum, err := run.Run(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d items, %v, in %s", sum.Items, sum.Outcomes, time.Since(began))
	seen := map[string]evidence.Record{}
	for _, g := range sink.Items() {
		r := g.Record
		key := r.Source + " " + r.Path
		if _, dup := seen[key]; dup {
			t.Errorf("two items at %s", key)
		}
		seen[key] = r
		if strings.HasSuffix(r.Path, ".jsonl") && r.Source == "live" && r.Outcome != evidence.Collected && r.Outcome != evidence.Empty && os.Geteuid() == 0 {
			t.Errorf("%s: %s %s", r.Path, r.Outcome, r.Error)
		}
		if r.Outcome != evidence.Denied {
			continue
		}
		// Even root may be refused, by a process with more capabilities.
		if r.Path == "/network/owners" || os.Geteuid() != 0 && !strings.HasPrefix(r.Path, "/processes/") {
			sum.Gaps--
			continue
		}
		sum.Gaps--
		proc := "/proc/" + strings.TrimPrefix(r.Path, "/processes/")
		_, err := os.Readlink(proc + "/exe")
		if _, gone := os.Stat(proc); !errors.Is(err, fs.ErrPermission) && gone == nil {
			t.Errorf("%s: %s, but not to this test: %v", r.Path, r.Error, err)
		}
	}
	for _, path := range []string{
		"/processes/processes.jsonl", "/processes/files.jsonl", "/network/sockets.jsonl", "/network/interfaces.jsonl",
		"/network/routes.jsonl", "/system/host.json", "/system/mounts.jsonl", "/system/users.jsonl", "/packets/lo.pcapng",
	} {
		if r, ok := seen["live "+path]; !ok || r.Type != evidence.TypeStream || len(r.Artifacts) != 1 {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if os.Geteuid() == 0 && sum.Gaps != 0 {
		t.Errorf("%d gaps that are not denied processes", sum.Gaps)
	}
}
