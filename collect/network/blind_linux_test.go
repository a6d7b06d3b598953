package network

import (
	"context"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestNetworkWithoutProc: what netlink tells is taken where /proc is not there,
// and no socket counts as hidden for that it is not in it.
func TestNetworkWithoutProc(t *testing.T) {
	sink := &sinktest.Sink{}
	if err := (&artifact{fs: procfs.FS{Dir: t.TempDir()}}).Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	if got := sink.Find("live", "/network/interfaces.jsonl"); len(got) != 1 || !strings.Contains(string(got[0].Bytes), `"lo"`) {
		t.Errorf("interfaces: %+v", got)
	}
	got := sink.Find("live", "/network/sockets.jsonl")
	if len(got) != 1 || got[0].Record.Outcome != evidence.Partial || !strings.Contains(string(got[0].Bytes), `"netlink"`) {
		t.Errorf("sockets: %+v", got)
	}
	if got := observations(t, sink, "hidden-socket"); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}
