package emit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func newEmitter(t *testing.T) (*Emitter, *sinktest.Sink) {
	t.Helper()
	src := sourcetest.NewDir(t.TempDir(), collect.Linux)
	src.In.Name = "live"
	sink := &sinktest.Sink{}
	return New(src, sink, "hozen.test"), sink
}

func TestCopy(t *testing.T) {
	ctx := context.Background()
	big := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	for name, c := range map[string]struct {
		in      io.Reader
		limit   int64
		want    []byte
		outcome evidence.Outcome
	}{
		"/short":   {strings.NewReader("abc"), 10, []byte("abc"), evidence.Collected},
		"/fits":    {strings.NewReader("abc"), 3, []byte("abc"), evidence.Collected},
		"/cut":     {strings.NewReader("abcd"), 3, []byte("abc"), evidence.Partial},
		"/empty":   {strings.NewReader(""), 3, nil, evidence.Empty},
		"/big":     {bytes.NewReader(big), 1 << 30, big, evidence.Collected},
		"/exactly": {bytes.NewReader(big), int64(len(big)), big, evidence.Collected},
		"/bigcut":  {bytes.NewReader(big), 300 << 10, big[:300<<10], evidence.Partial},
		"/denied":  {iotest.ErrReader(syscall.EACCES), 10, nil, evidence.Denied},
		"/breaks":  {io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(syscall.EIO)), 10, []byte("ab"), evidence.Partial},
		"/late":    {io.MultiReader(bytes.NewReader(big), iotest.ErrReader(syscall.EIO)), 1 << 30, big, evidence.Partial},
	} {
		e, sink := newEmitter(t)
		if err := e.Copy(ctx, name, "procfs", c.in, c.limit); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := sink.Find("live", name)
		if len(got) != 1 || got[0].Record.Outcome != c.outcome || !bytes.Equal(got[0].Bytes, c.want) {
			t.Errorf("%s: %d items, %d bytes, outcome %v", name, len(got), len(got[0].Bytes), got[0].Record.Outcome)
		}
	}
}

func TestBrokenSinkIsTold(t *testing.T) {
	e, sink := newEmitter(t)
	sink.Break = func(evidence.Record) error { return syscall.ENOSPC }
	ctx := context.Background()
	for what, err := range map[string]error{
		"bytes": e.Bytes(ctx, "/a", "x", nil), "json": e.JSON(ctx, "/a", "x", 1), "outcome": e.Outcome(ctx, "/a", "x", fs.ErrPermission, nil),
		"copy": e.Copy(ctx, "/a", "x", strings.NewReader("abc"), 2), "observe": e.Observe(ctx, "k", "t", "", nil),
	} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := e.Lines(ctx, "/l", "x"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("lines: %v", err)
	}
}

func TestLines(t *testing.T) {
	e, sink := newEmitter(t)
	l, err := e.Lines(context.Background(), "/l.jsonl", "procfs")
	if err != nil {
		t.Fatal(err)
	}
	const n = 20000 // more than one buffer
	for i := range n {
		if err := l.Put(map[string]any{"n": i, "html": "<&>"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // an interrupt does not lose them
	if err := l.Close(ctx, map[string]string{"x": "y"}, nil); err != nil {
		t.Fatal(err)
	}
	got := sink.Find("live", "/l.jsonl")[0]
	if bytes.Count(got.Bytes, []byte("\n")) != n || got.Record.Details["lines"] != "20000" || got.Record.Details["x"] != "y" || !bytes.Contains(got.Bytes, []byte("<&>")) {
		t.Errorf("details %v, %d bytes", got.Record.Details, len(got.Bytes))
	}
}

func TestObservationsAreBoundedAndSafe(t *testing.T) {
	e, sink := newEmitter(t)
	for range maxObservations + 50 {
		if err := e.Observe(context.Background(), "kind", "text \xff", "/about", map[string]string{"v": "a\xff"}); err != nil {
			t.Fatal(err)
		}
	}
	items := sink.Items()
	if len(items) != maxObservations {
		t.Fatalf("%d observations, want %d", len(items), maxObservations)
	}
	var o collect.Observation
	if err := json.Unmarshal(items[0].Bytes, &o); err != nil {
		t.Fatal(err)
	}
	if o.Facts["v_b64"] != base64.StdEncoding.EncodeToString([]byte("a\xff")) || o.About.Path != "/about" || o.About.Source != "live" {
		t.Errorf("%+v", o)
	}
}
