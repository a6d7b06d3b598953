package sink_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/segment"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// failing is content that misbehaves.
type failing struct {
	data   []byte
	err    error
	finish evidence.Finish
	panics bool
}

func (f *failing) Read(p []byte) (int, error) {
	if len(f.data) == 0 {
		if f.panics {
			panic("boom")
		}
		if f.err == nil {
			return 0, io.EOF
		}
		return 0, f.err
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}
func (f *failing) Close() error            { return nil }
func (f *failing) Finish() evidence.Finish { return f.finish }

func opener(f failing) func(context.Context) (evidence.Content, error) {
	return func(context.Context) (evidence.Content, error) { c := f; return &c, nil }
}

// What goes wrong with an item ends in its record, and nothing else is harmed.
func TestOutcomes(t *testing.T) {
	m := bundletest.New(t)
	got := map[string]evidence.Record{}
	add := func(name string, it evidence.Item) evidence.Item {
		it.Record.Source = "live"
		it.Record.SetPath(name)
		it.Done = func(r evidence.Record) { got[name] = r }
		return it
	}
	then := evidence.Stat{StatLen: 5, MTime: evidence.At(time.Unix(9, 0))}
	content := func(f failing) evidence.Item { return evidence.Item{Open: opener(f)} }
	sized := content(failing{data: []byte("abc")})
	sized.Record.Stat = evidence.Stat{Type: evidence.TypeFile, StatLen: 10, Alloc: 4096}
	cut := content(failing{data: []byte("abc"), err: errors.New("input/output error")})
	cut.Record.StatLen = 10
	m.Write(m.Options(),
		add("/changed", content(failing{data: []byte("abc"), finish: evidence.Finish{After: &then}})),
		add("/lost", content(failing{data: []byte("abc"), finish: evidence.Finish{Lost: []evidence.Range{{Offset: 1, Length: 1}}}})),
		add("/cut", cut),
		add("/failed", content(failing{err: errors.New("input/output error")})),
		add("/denied", evidence.Item{Open: func(context.Context) (evidence.Content, error) { return nil, os.ErrPermission }}),
		add("/budget", evidence.Item{Open: func(context.Context) (evidence.Content, error) {
			return nil, fmt.Errorf("larger than --max-file: %w", evidence.ErrBudget)
		}}),
		add("/panic", content(failing{data: []byte("abc"), panics: true})),
		add("/openpanic", evidence.Item{Open: func(context.Context) (evidence.Content, error) { panic("boom") }}),
		add("/short", sized),
		add("/fine", content(failing{data: []byte("abc")})),
	)
	for name, want := range map[string]evidence.Outcome{
		"/changed": evidence.Changed, "/lost": evidence.Partial, "/cut": evidence.Partial, "/failed": evidence.Failed,
		"/denied": evidence.Denied, "/budget": evidence.Skipped, "/panic": evidence.Partial, "/openpanic": evidence.Failed,
		"/short": evidence.Partial, "/fine": evidence.Collected,
	} {
		if got[name].Outcome != want {
			t.Errorf("%s: %s (%s), want %s", name, got[name].Outcome, got[name].Error, want)
		}
	}
	for name, r := range got {
		if has := r.SHA256 != ""; has != r.Outcome.HasBytes() {
			t.Errorf("%s: %s with digest %q", name, r.Outcome, r.SHA256)
		}
	}
	if l := got["/cut"].Lost; len(l) != 1 || l[0].Offset != 3 || l[0].Length != 7 {
		t.Errorf("lost ranges of /cut: %+v", l)
	}
	if got["/changed"].StatAfter == nil || got["/budget"].Reason == "" {
		t.Error("stat after, or the budget's reason, is missing")
	}
}

// A stream grows beside other items, and is one item again when it is read.
func TestStream(t *testing.T) {
	m := bundletest.New(t)
	ctx := context.Background()
	dir, w := m.Begin(m.Options())
	r := evidence.Record{Source: "live", Method: "packets"}
	r.SetPath("/packets/eth0.pcapng")
	s, err := w.Stream(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	rng := mrand.New(mrand.NewPCG(1, 2))
	for i := range 40 {
		b := bundletest.Random(rng.IntN(200_000))
		all = append(all, b...)
		if _, err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Add(ctx, bundletest.File(fmt.Sprintf("/f%d", i), bundletest.Random(100))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(ctx, map[string]string{"drops": "0"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(ctx, seal.End{}); err != nil {
		t.Fatal(err)
	}
	if rep := m.Verify(dir, verify.Options{}, m.ID); !rep.OK() {
		t.Fatalf("%+v", rep.Problems)
	}
	b := m.Open(dir, m.ID)
	found := 0
	for it, err := range b.Items(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if it.Record.Path == "/packets/eth0.pcapng" {
			found++
			bundletest.CheckContent(t, b, it, evidence.Item{Open: evidence.Bytes(all)})
			if it.Record.Details["drops"] != "0" || it.Torn {
				t.Errorf("record %+v", it.Record)
			}
		}
	}
	if found != 1 {
		t.Errorf("the stream is %d items", found)
	}
}

// A broken output breaks the writer with an error, and nobody hangs.
type brokenOutput struct {
	sink.Output
	after int
}

func (b *brokenOutput) Put(ctx context.Context, name string, body []byte) error {
	if b.after--; b.after < 0 {
		return errors.New("no space left on device")
	}
	return b.Output.Put(ctx, name, body)
}

func TestBrokenOutput(t *testing.T) {
	m := bundletest.New(t)
	for after := range 12 {
		dir, err := sink.NewDir(filepath.Join(t.TempDir(), "b"))
		if err != nil {
			t.Fatal(err)
		}
		o := m.Options()
		o.SegmentSize = segment.MinSize
		w, err := sink.New(context.Background(), &brokenOutput{dir, after}, o)
		if err != nil {
			continue // broken before the first item
		}
		for i := 0; i < 40 && err == nil; i++ {
			err = w.Add(context.Background(), bundletest.File(fmt.Sprintf("/%d", i), bundletest.Random(2<<20)))
		}
		if _, cerr := w.Close(context.Background(), seal.End{}); cerr == nil || !strings.Contains(cerr.Error(), "no space left") {
			t.Errorf("after %d puts: Close says %v", after, cerr)
		}
	}
}
