package all_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/all"
	"github.com/hozen-dfir/hozen/analyze/report"
	"github.com/hozen-dfir/hozen/analyze/target"
	"github.com/hozen-dfir/hozen/analyze/worker"
	"github.com/hozen-dfir/hozen/analyze/yara"
	"github.com/hozen-dfir/hozen/evidence/bundle"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

func TestMain(m *testing.M) {
	if worker.Asked(os.Args) {
		os.Exit(worker.Main(all.Build, os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const rule = `rule marked : demo { meta: severity = "high" strings: $a = "mark-of-the-test" condition: $a }`

// sources writes a set of rules and indicators, with one of each that fails.
func sources(t *testing.T) all.Options {
	t.Helper()
	dir := t.TempDir()
	opt := all.Options{IOCs: []string{put(t, dir, "list.txt", "evil.example\n203.0.113.9\nnot!an!indicator\n")}}
	if yara.Available() {
		put(t, dir, "rules/good.yar", rule)
		put(t, dir, "rules/bad.yar", "rule broken { condition: ")
		opt.Rules = []string{filepath.Join(dir, "rules")}
	}
	return opt
}

func evidenceTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "a/domain.txt", "GET http://www.evil.example/x\n")
	put(t, dir, "a/clean.txt", "notevil.example.org is fine")
	put(t, dir, "b/marked.bin", strings.Repeat("\x00", 2<<20)+"mark-of-the-test")
	put(t, dir, "b/empty", "")
	return dir
}

// sweep runs a whole sweep into a folder and returns the folder and summary.
func sweep(t *testing.T, workers int, opt all.Options, tree string) (string, report.Facts, analyze.Summary) {
	t.Helper()
	ctx := context.Background()
	cfg, facts, err := all.Compile(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := worker.Start(ctx, worker.Options{Config: cfg, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tg, err := target.NewFiles(tree)
	if err != nil {
		t.Fatal(err)
	}
	out, err := report.Create(filepath.Join(t.TempDir(), "findings"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := analyze.Sweep(ctx, []analyze.Target{tg}, pool, analyze.Sinks{Finding: out.Finding, Unscanned: out.Unscanned})
	if err != nil {
		t.Fatal(err)
	}
	facts.Analyzers, facts.Parents = pool.Analyzers(), []analyze.Parent{tg.Parent()}
	if err := out.Close(&facts, sum); err != nil {
		t.Fatal(err)
	}
	return out.Path(), facts, sum
}

func TestSweep(t *testing.T) {
	opt, tree := sources(t), evidenceTree(t)
	dir, facts, sum := sweep(t, 1, opt, tree)
	want := map[string]bool{"ioc evil.example a/domain.txt": true}
	if yara.Available() {
		want["yara marked b/marked.bin"] = true
	}
	lines := bytes.Split(bytes.TrimSpace(read(t, dir, report.FindingsFile)), []byte("\n"))
	for _, line := range lines {
		var f analyze.Finding
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(tree, f.Path)
		key := f.Analyzer + " " + f.Rule + " " + rel
		if !want[key] {
			t.Errorf("unexpected: %s", line)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
	if sum.Unscanned != 0 || sum.Findings != int64(len(lines)) || !sum.Complete {
		t.Errorf("summary: %+v", sum)
	}
	if failed := facts.Failed(); failed < 1 {
		t.Errorf("%d rule files failed: %+v", failed, facts.Rules)
	}
	again, _, _ := sweep(t, 4, opt, tree)
	for _, name := range []string{report.FindingsFile, report.UnscannedFile, report.TableFile, report.FactsFile} {
		if !bytes.Equal(read(t, dir, name), read(t, again, name)) {
			t.Errorf("%s differs with four workers", name)
		}
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSeal seals a result and finds in the bundle what was in the folder, with
// parents and rules in its header.
func TestSeal(t *testing.T) {
	dir, facts, _ := sweep(t, 2, sources(t), evidenceTree(t))
	facts.Parents = append(facts.Parents, analyze.Parent{Kind: "bundle", Name: "B", Case: "T-1", Root: "root", TreeSize: 3})
	signer, err := keys.NewSigner("Test", keys.Analyst)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "sealed")
	out, err := sink.NewDir(to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = report.Seal(t.Context(), dir, facts, out, sink.Options{Signer: signer, VKey: signer.VKey(),
		Recipients: []age.Recipient{id.Recipient()}, Header: seal.Header{Case: "T-1", Examiner: "Test",
			Tool: seal.Tool{Name: "test", Version: "0"}}})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := bundle.DirObjects(to)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(t.Context(), objects, id)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	rep, err := verify.Bundle(t.Context(), b, verify.Options{})
	if err != nil || !rep.OK() || rep.State != seal.Complete {
		t.Fatalf("verify: %v, %+v", err, rep)
	}
	h := b.Header
	if h.Kind != seal.KindFindings || len(h.Parents) != 1 || h.Parents[0] != (seal.Parent{Bundle: "B", Case: "T-1", Size: 3, Root: "root"}) {
		t.Errorf("header: %+v", h)
	}
	if len(h.Rules) == 0 || len(h.Rules[0].SHA256) != 64 {
		t.Errorf("rules: %+v", h.Rules)
	}
	for it, err := range b.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		r, err := b.Reader(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		got.ReadFrom(r)
		r.Close()
		if !bytes.Equal(got.Bytes(), read(t, dir, it.Record.Path)) {
			t.Errorf("%s differs", it.Record.Path)
		}
	}
}

// TestSlowRule: a rule that takes all the time of an item costs it neither its
// indicators nor what it holds as a capture.
func TestSlowRule(t *testing.T) {
	if !yara.Available() {
		t.Skip("no YARA in this build")
	}
	dir, tree := t.TempDir(), t.TempDir()
	slow := "rule slow { condition: for all i in (0..100000) : ( for all j in (0..100000) : ( uint8(i) != 250 or uint8(j) != 250 ) ) }"
	opt := all.Options{Events: true, IOCs: []string{put(t, dir, "list.txt", "evil.example\n")}, Rules: []string{put(t, dir, "slow.yar", slow)}}
	head := "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x01\x00\x00\x00" // of a pcap file
	put(t, tree, "capture", head+strings.Repeat("x", 50_000)+" evil.example ")
	cfg, _, err := all.Compile(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := worker.Start(t.Context(), worker.Options{Config: cfg, Workers: 1, Timeout: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tg, err := target.NewFiles(tree)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	_, err = analyze.Sweep(t.Context(), []analyze.Target{tg}, pool, analyze.Sinks{
		Finding:   func(f analyze.Finding) error { got = append(got, f.Analyzer+" "+f.Rule); return nil },
		Unscanned: func(u analyze.Unscanned) error { got = append(got, u.Analyzer+": "+u.Reason[:20]); return nil }})
	want := []string{"ioc evil.example", "yara: the scan took longer", "pcap: capture not examined"}
	for i, w := range want {
		if err != nil || len(got) != len(want) || !strings.HasPrefix(w, got[i]) {
			t.Fatalf("%v, %q; want %q", err, got, want)
		}
	}
}

func TestNothingToLookFor(t *testing.T) {
	dir := t.TempDir()
	for _, opt := range []all.Options{{}, {IOCs: []string{put(t, dir, "empty.txt", "# nothing\n")}}} {
		if _, _, err := all.Compile(t.Context(), opt); !errors.Is(err, all.ErrNothing) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
	if _, _, err := all.Compile(t.Context(), all.Options{IOCs: []string{dir + "/none"}}); err == nil {
		t.Error("no error for a path that is not there")
	}
}
