package sink_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
)

// The README's way: age, unzip, zstd, sha256sum, and nothing of ours.
func TestByHand(t *testing.T) {
	bundletest.Tools(t, "age", "unzip", "zstd", "sha256sum")
	m := bundletest.New(t)
	huge := bundletest.Random(40 << 20)
	dir, _ := m.Write(m.Options(), append(bundletest.Sample(), bundletest.File("/huge", huge),
		// Names that a pattern for the parts of /huge could take for some of them.
		bundletest.File("/huge.zst.partial", []byte("not a part")), bundletest.File("/huge.zst.part0001 not", []byte("nor this")))...)
	work := t.TempDir()
	id := filepath.Join(work, "identity.txt")
	if err := os.WriteFile(id, []byte(m.ID.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	segs, _ := filepath.Glob(filepath.Join(dir, "segments", "*.zip.age"))
	if len(segs) < 2 {
		t.Fatalf("%d segments", len(segs))
	}
	var records []byte
	for _, s := range segs {
		zip := filepath.Join(work, "seg.zip")
		bundletest.MustRun(t, work, "age", "-d", "-i", id, "-o", zip, s)
		bundletest.MustRun(t, work, "unzip", "-tq", zip)
		bundletest.MustRun(t, work, "unzip", "-qo", "-d", "out", zip)
		items, err := os.ReadFile(filepath.Join(work, "out", "items.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, items...)
		os.Remove(zip)
	}
	join := regexp.MustCompile(`(?ms)^ +(find .*?\n +done)$`).FindStringSubmatch(readme(t, dir))
	if join == nil {
		t.Fatal("README.txt does not tell how to put parts together")
	}
	bundletest.MustRun(t, work, "bash", "-c", join[1])
	bundletest.MustRun(t, work, "zstd", "-dqr", "--rm", "out/data")
	parts := bundletest.MustRun(t, work, "sha256sum", "out/data/live/huge")
	var sums bytes.Buffer
	checked := 0
	for line := range bytes.Lines(records) {
		var r evidence.Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Part != nil:
			if r.Part.Last && !strings.HasPrefix(parts, r.Part.WholeSHA256) {
				t.Errorf("whole of /huge: %s, want %s", parts, r.Part.WholeSHA256)
			}
		case r.Size > 0:
			name := strings.TrimSuffix(evidence.EntryName(r.Source, r.RawPath()), ".zst")
			if r.RawPath() == "/etc/Passwd" {
				name += "~1" // differs from another name in case only
			}
			sums.WriteString(r.SHA256 + "  out/" + name + "\n")
			checked++
		}
	}
	if checked != 6 {
		t.Errorf("%d items to check", checked)
	}
	if err := os.WriteFile(filepath.Join(work, "SUMS"), sums.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	bundletest.MustRun(t, work, "sha256sum", "-c", "SUMS")
}

func readme(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
