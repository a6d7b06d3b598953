package run

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/source/live"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/rules"
)

// TestThisHostIntoABundle collects accounts and a tree of this very machine into a real bundle, opens that with unzip and zstd, and
// compares the bytes with the disk's.
func TestThisHostIntoABundle(t *testing.T) {
	for _, tool := range []string{"unzip", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	src, err := live.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dir := t.TempDir()
	var set artifacts.Set
	set.LoadFS(rules.Artifacts, "artifacts", false)
	defs, _ := set.Asked(collect.ProfileNone, []string{"LinuxAccountFiles", "LinuxSudoConfiguration"}, collect.Linux)
	out := filepath.Join(dir, "b")
	w := newBundle(t, out)
	tree := filepath.Join(dir, "tree")
	makeTree(t, tree)
	sum, err := Run(context.Background(), Plan{Sources: []collect.Source{src}, Definitions: defs, Sink: w, Paths: []string{tree, "/etc/nothing-of-this-name"},
		Own: []string{out}, Profile: collect.ProfileTriage, Budget: Budget{MaxFile: 1 << 20, MaxTotal: 256 << 20}})
	if err != nil || sum.Unsettled != 0 {
		t.Fatalf("%v %+v", err, sum)
	}
	totals, err := w.Close(context.Background(), seal.End{Gaps: int(sum.Gaps), KeyFate: "kept", Footprint: Measure(0, 0).Map()})
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(sum.Items) + 1; totals.Items != want { // and the ledger
		t.Errorf("the bundle has %d items, the run %d", totals.Items, want)
	}
	if sum.Outcomes[evidence.Collected] < 5 || sum.Gaps < 1 {
		t.Errorf("%+v", sum.Outcomes)
	}
	open := filepath.Join(dir, "open")
	unpack(t, out, open)
	compare(t, filepath.Join(open, "data", "live", tree), tree)
	checkBundleLedger(t, open, sum)
}

func newBundle(t *testing.T, dir string) *sink.Writer {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "tester")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := sink.NewDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := sink.New(context.Background(), out, sink.Options{
		Header: seal.Header{Case: "IR-1", Tool: seal.Tool{Name: "test"}}, Signer: signer, VKey: vkey, NoEncryption: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func makeTree(t *testing.T, root string) {
	t.Helper()
	for name, size := range map[string]int{"a": 10, "sub/b": 3 << 18, "sub/deep/c": 1, "new\nline": 5, "empty": 0} {
		p := filepath.Join(root, name)
		b := make([]byte, size)
		_, _ = rand.Read(b)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// unpack opens all segments as a person would.
func unpack(t *testing.T, bundle, to string) {
	t.Helper()
	zips, err := filepath.Glob(filepath.Join(bundle, "segments", "*.zip"))
	if err != nil || len(zips) == 0 {
		t.Fatal(err, zips)
	}
	for i, z := range zips {
		// Each segment has an items.jsonl of its own.
		if out, err := exec.Command("unzip", "-q", "-o", "-d", to, z, "-x", "items.jsonl", "index.jsonl").CombinedOutput(); err != nil {
			t.Fatalf("segment %d: %v\n%s", i, err, out)
		}
	}
	join(t, filepath.Join(to, "data"))
	if out, err := exec.Command("zstd", "-q", "-d", "-r", "--rm", filepath.Join(to, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// join puts parts of items together, as cat does.
func join(t *testing.T, data string) {
	t.Helper()
	err := filepath.WalkDir(data, func(p string, _ fs.DirEntry, err error) error { // in the order of names, so of parts
		whole, _, ok := strings.Cut(p, ".zst.part")
		if !ok || err != nil {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(whole+".zst", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Close(), os.Remove(p))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	sum := func(p string) string {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Error(err)
		}
		s := sha256.Sum256(b)
		return hex.EncodeToString(s[:])
	}
	for in, out := range map[string]string{"a": "a", "sub/b": "sub/b", "sub/deep/c": "sub/deep/c", "new\nline": "new%0Aline"} {
		if sum(filepath.Join(got, out)) != sum(filepath.Join(want, in)) {
			t.Errorf("%q differs", in)
		}
	}
}

// checkBundleLedger reads the ledger as it came out of the bundle.
func checkBundleLedger(t *testing.T, open string, sum Summary) {
	t.Helper()
	parts, _ := filepath.Glob(filepath.Join(open, "data", "hozen", "ledger.jsonl*"))
	var text []byte
	for _, p := range parts {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, b...)
	}
	counts := collect.Counts{}
	var last collect.Line
	for _, l := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		last = collect.Line{}
		if err := json.Unmarshal(l, &last); err != nil {
			t.Fatalf("%v: %s", err, l)
		}
		if last.Kind == collect.LinePath && !last.Again {
			counts[last.Outcome]++
		}
	}
	if last.Kind != collect.LineTotal || last.Gaps != sum.Gaps {
		t.Errorf("last line %+v", last)
	}
	for o, n := range sum.Outcomes {
		if counts[o] != n {
			t.Errorf("%s: %d lines, %d items", o, counts[o], n)
		}
	}
	if !strings.Contains(string(text), `"path":"/etc/nothing-of-this-name","outcome":"missing"`) {
		t.Error("the path named by hand and missing is not in the ledger")
	}
}
