//go:build cgo

package yara

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

const good = `rule good { strings: $a = "needle" condition: $a }`

func compile(t testing.TB, paths ...string) (*Compiled, map[string]FileReport) {
	t.Helper()
	c, reports, err := Compile(context.Background(), paths)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]FileReport{}
	for _, r := range reports {
		by[filepath.Base(r.Name)] = r
	}
	return c, by
}

func compileText(t testing.TB, text string) *Compiled {
	t.Helper()
	c, reports, err := CompileFS(context.Background(), fstest.MapFS{"r.yar": {Data: []byte(text)}}, "mem")
	if err != nil || len(reports) != 1 || len(reports[0].Errors) > 0 {
		t.Fatalf("%v %+v", err, reports)
	}
	return c
}

func memory(b []byte, r evidence.Record) *analyze.Subject {
	r.Size = int64(len(b))
	if r.Outcome == "" {
		r.Outcome = evidence.Collected
	}
	return &analyze.Subject{Record: r, Size: r.Size, Body: bytes.NewReader(b), Bytes: func(limit int64) ([]byte, error) {
		if r.Size > limit {
			return nil, nil
		}
		return b, nil
	}}
}

func scanText(t testing.TB, c *Compiled, s *analyze.Subject) []analyze.Finding {
	t.Helper()
	a, err := New(c.Marshal(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	var out []analyze.Finding
	if err := a.Examine(context.Background(), s, func(f analyze.Finding) { out = append(out, f) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func rulesOf(fs []analyze.Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Rule)
	}
	return out
}

// TestBadFiles: what doesn't compile is named with file and line, and the rest
// goes on.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a", "good.yar"), []byte(good))
	write(t, filepath.Join(dir, "b", "good.yara"), []byte(good)) // the same rule name elsewhere
	write(t, filepath.Join(dir, "syntax.yar"), []byte("rule x {\n condition:\n  nonsense here\n}"))
	write(t, filepath.Join(dir, "module.yar"), []byte("import \"no_such_module\"\nrule m { condition: true }"))
	write(t, filepath.Join(dir, "nul.yar"), []byte(good+"\n\x00rule hidden { condition: true }"))
	write(t, filepath.Join(dir, "twice.yar"), []byte(good+"\n"+good))
	write(t, filepath.Join(dir, "readme.md"), []byte("not rules"))
	write(t, filepath.Join(dir, "slow.rule"), []byte(`rule slow { strings: $a = /a.*b.*c.*/ condition: $a }`))
	write(t, filepath.Join(dir, "wide.yar"), []byte("\xff\xfe"+wide(good)))
	write(t, filepath.Join(dir, "made.yar"), []byte("YARA\x07\x14\x00\x00"))
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.yar")); err != nil {
		t.Fatal(err)
	}
	c, by := compile(t, dir)
	if c.Rules != 3 {
		t.Errorf("%d rules, want those of three good files", c.Rules)
	}
	for name, want := range map[string]struct {
		line int
		text string
	}{
		"syntax.yar": {3, "undefined identifier \"nonsense\""}, "module.yar": {1, `needs the module "no_such_module"`},
		"nul.yar": {2, "NUL"}, "twice.yar": {2, "duplicated identifier"}, "link.yar": {0, "regular"},
		"wide.yar": {0, "UTF-16"}, "made.yar": {0, "compiled"},
	} {
		e := by[name].Errors
		if len(e) == 0 || e[0].Line != want.line || !strings.Contains(e[0].Message, want.text) || !strings.HasSuffix(e[0].File, name) {
			t.Errorf("%s: %+v, want line %d %q", name, e, want.line, want.text)
		}
		if by[name].Rules != 0 {
			t.Errorf("%s: %d rules of a bad file", name, by[name].Rules)
		}
	}
	if by["readme.md"].Skipped == "" {
		t.Error("readme.md: left out without a word")
	}
	if len(by["good.yar"].Errors) > 0 || by["good.yar"].Namespace != "a/good.yar" || len(by["good.yar"].SHA256) != 64 {
		t.Errorf("good.yar: %+v", by["good.yar"])
	}
	found := scanText(t, c, memory([]byte("a needle"), evidence.Record{}))
	var ns []string
	for _, f := range found {
		ns = append(ns, f.Namespace+" "+filepath.Base(f.RuleFile))
	}
	if d := cmp.Diff([]string{"a/good.yar good.yar", "b/good.yara good.yara"}, ns); d != "" {
		t.Error(d)
	}
}

func TestMissingPath(t *testing.T) {
	if _, _, err := Compile(context.Background(), []string{filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestIncludes: they work inside the folder, at any depth, and nowhere else.
func TestIncludes(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "rules")
	write(t, filepath.Join(top, "secret.yar"), []byte(good))
	write(t, filepath.Join(dir, "x", "top.yar"), []byte("include \"sub/mid.inc\"\nrule top { condition: good }"))
	write(t, filepath.Join(dir, "x", "sub", "mid.inc"), []byte("include \"leaf.inc\""))
	write(t, filepath.Join(dir, "x", "sub", "leaf.inc"), []byte(good))
	write(t, filepath.Join(dir, "up.yar"), []byte("include \"../secret.yar\"\nrule up { condition: true }"))
	write(t, filepath.Join(dir, "abs.yar"), []byte("include \"/etc/passwd\"\nrule abs { condition: true }"))
	write(t, filepath.Join(dir, "loop.yar"), []byte("include \"loop.yar\"\nrule loop { condition: true }"))
	if err := os.Symlink(top, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "link.yar"), []byte("include \"out/secret.yar\"\nrule link { condition: true }"))
	_, by := compile(t, dir)
	if r := by["top.yar"]; r.Rules != 2 || len(r.Includes) != 2 || r.Includes[1].Name != "x/sub/leaf.inc" {
		t.Errorf("top: %+v", r)
	}
	for _, name := range []string{"up.yar", "abs.yar", "loop.yar", "link.yar"} {
		if r := by[name]; r.Rules != 0 || len(r.Errors) == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestExternals(t *testing.T) {
	for _, tc := range []struct {
		method, path string
		head         string
		want         Externals
	}{
		{"os", "/tmp/a b/Evil.EXE", "MZ\x90", Externals{"Evil.EXE", "/tmp/a b/Evil.EXE", ".exe", "EXE", "root"}},
		{"os", `/tmp/back\slash.sh`, "#!/bin/sh\n", Externals{`back\slash.sh`, `/tmp/back\slash.sh`, ".sh", "Shell", "root"}},
		{"ntfs", "/Users/x/a.PDF", "%PDF-1", Externals{"a.PDF", `C:\Users\x\a.PDF`, ".pdf", "PDF", "root"}},
		{"", `C:\Windows\x.dll`, "MZ", Externals{"x.dll", `C:\Windows\x.dll`, ".dll", "EXE", "root"}},
		{"os", "/etc/passwd", "root:", Externals{"passwd", "/etc/passwd", "", "", "root"}},
		{"os", "", "", Externals{"", "", "", "", "root"}},
	} {
		r := evidence.Record{Method: tc.method}
		r.SetPath(tc.path)
		r.Owner = "root"
		if d := cmp.Diff(tc.want, ExternalsOf(r, []byte(tc.head))); d != "" {
			t.Errorf("%s: %s", tc.path, d)
		}
	}
	c := compileText(t, `rule ext { condition: filename == "x.exe" and extension == ".exe" and filepath contains "/tmp/" and filetype == "EXE" and owner == "0" }`)
	s := memory([]byte("MZ"), evidence.Record{Path: "/tmp/x.exe", Stat: evidence.Stat{UID: "0"}})
	if got := scanText(t, c, s); len(got) != 1 {
		t.Errorf("externals: %v", got)
	}
	s.Record.Path = "/tmp/y.exe"
	if got := scanText(t, c, s); len(got) != 0 {
		t.Errorf("the last item's variables stayed: %v", got)
	}
}

func TestFinding(t *testing.T) {
	c := compileText(t, `rule every : one two { meta: author = "An Author" hash = "a" hash = "b" n = 7 yes = true score = 80 description = "what it is"
 strings: $short = "needle" $long = /x{600}/ $w = "wide" wide condition: any of them }`)
	content := []byte("needle needle " + strings.Repeat("x", 600) + " " + wide("wide"))
	s := memory(content, evidence.Record{Seq: 7, Source: "host", Path: "/a", SHA256: "aa"})
	s.Bundle = "b1"
	got := scanText(t, c, s)
	if len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	want := analyze.Finding{Format: analyze.FindingFormat, Bundle: "b1", Seq: 7, Source: "host", Path: "/a", SHA256: "aa", Size: s.Size,
		Analyzer: "yara", Rule: "every", Kind: "yara", Severity: analyze.High, Title: "what it is", Namespace: "r.yar", RuleFile: "mem/r.yar",
		Tags: []string{"one", "two"},
		Meta: map[string]string{"author": "An Author", "hash": "a; b", "n": "7", "yes": "true", "score": "80", "description": "what it is"},
		Matches: []analyze.Match{
			{Name: "$short", Offset: 0, Length: 6, Data: b64("needle"), Text: "needle"},
			{Name: "$short", Offset: 7, Length: 6, Data: b64("needle"), Text: "needle"},
			{Name: "$long", Offset: 14, Length: 600, Data: b64(strings.Repeat("x", 128)), Text: strings.Repeat("x", 128)},
			{Name: "$w", Offset: 615, Length: 8, Data: b64(wide("wide")), Text: "wide"},
		}}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Error(d)
	}
}

func TestShares(t *testing.T) {
	for _, tc := range []struct{ counts, want []int }{
		{nil, []int{}}, {[]int{5}, []int{5}}, {[]int{500}, []int{10}}, {[]int{3, 4}, []int{3, 4}}, {[]int{500, 1, 2}, []int{7, 1, 2}}, {[]int{500, 500, 500}, []int{4, 3, 3}},
		{[]int{0, 9, 9, 0}, []int{0, 5, 5, 0}}, {[]int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}},
	} {
		if got := shares(tc.counts, 10); !slices.Equal(got, tc.want) {
			t.Errorf("%v: %v, want %v", tc.counts, got, tc.want)
		}
	}
}

// TestMatchShares: a string that is everywhere does not hide those that are rare.
func TestMatchShares(t *testing.T) {
	c := compileText(t, `rule r { strings: $often = "a" $rare = "needle" condition: all of them }`)
	got := scanText(t, c, memory([]byte(strings.Repeat("a", 5000)+"needle"), evidence.Record{Path: "/x"}))
	if len(got) != 1 || len(got[0].Matches) != analyze.MatchLimit || got[0].More != 4901 {
		t.Fatalf("%d findings: %+v", len(got), got)
	}
	if last := got[0].Matches[analyze.MatchLimit-1]; last.Name != "$rare" || last.Offset != 5000 {
		t.Errorf("%+v", last)
	}
}

func TestMatchLimit(t *testing.T) {
	c := compileText(t, `rule many { strings: $a = "ab" $b = "cd" condition: all of them }`)
	got := scanText(t, c, memory([]byte(strings.Repeat("ab", 150)+"cd"), evidence.Record{}))
	if len(got) != 1 || len(got[0].Matches) != analyze.MatchLimit || got[0].More != 51 {
		t.Errorf("%d kept, %d more", len(got[0].Matches), got[0].More)
	}
}

// TestFlood: a string with more matches than libyara counts ends in a finding.
func TestFlood(t *testing.T) {
	c := compileText(t, `rule flood { strings: $a = "a" condition: $a }`)
	got := scanText(t, c, memory(bytes.Repeat([]byte("a"), 1_200_000), evidence.Record{}))
	if len(got) != 1 || got[0].More < 900_000 {
		t.Errorf("%v", rulesOf(got))
	}
}

func TestEmptyAndAbsent(t *testing.T) {
	c := compileText(t, `rule hollow { condition: filesize == 0 } rule named { condition: filename == "e" }`)
	got := rulesOf(scanText(t, c, memory([]byte{}, evidence.Record{Path: "/e", Outcome: evidence.Empty})))
	if d := cmp.Diff([]string{"hollow", "named"}, got); d != "" {
		t.Error(d)
	}
	none := &analyze.Subject{Record: evidence.Record{Path: "/e", Outcome: evidence.Missing}, Bytes: func(int64) ([]byte, error) { return nil, nil }}
	if got := scanText(t, c, none); len(got) != 0 {
		t.Errorf("an item without content matched: %v", rulesOf(got))
	}
	a, _ := New(c.Marshal(), Options{})
	defer a.Close()
	for o, want := range map[evidence.Outcome]bool{evidence.Collected: true, evidence.Empty: true, evidence.Missing: false, evidence.Denied: false} {
		if got := a.Wants(evidence.Record{Outcome: o}); got != want {
			t.Errorf("Wants(%s) = %v", o, got)
		}
	}
}

// TestTimeout: a rule that is slow by intent ends at the item's limit, and the
// next item is scanned as ever.
func TestTimeout(t *testing.T) {
	c := compileText(t, `rule slow { condition: for all i in (0..100000) : ( for all j in (0..100000) : ( uint8(i) != 1 or uint8(j) != 2 ) ) }
rule quick { strings: $a = "needle" condition: $a }`)
	a, err := New(c.Marshal(), Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	start := time.Now()
	err = a.Examine(context.Background(), memory(bytes.Repeat([]byte("x"), 200_000), evidence.Record{}), func(analyze.Finding) {})
	if !errors.Is(err, ErrTimeout) || time.Since(start) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := a.Examine(ctx, memory([]byte("needle"), evidence.Record{}), func(analyze.Finding) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSlowRule: a rule that takes too long costs itself, or the file whose rules
// need it, and is named; it costs the next item nothing.
func TestSlowRule(t *testing.T) {
	files := fstest.MapFS{"slow.yar": {Data: []byte(slowRule + " rule needs { condition: slow }")}}
	one := slowRule
	for i := range 40 {
		name := fmt.Sprintf("f%02d", i)
		files[name+".yar"] = &fstest.MapFile{Data: []byte(`private rule p { strings: $a = "needle" condition: $a } rule ` + name + ` { condition: p }`)}
		one += "\nrule " + name + ` { strings: $a = "needle" condition: $a }`
	}
	for name, c := range map[string]struct {
		tree fstest.MapFS
		opts Options
		want string
	}{
		"in files":         {files, Options{}, "longer than allowed with r/slow.yar; all"},
		"in files, blocks": {files, Options{WholeLimit: 16 << 10}, "longer than allowed with r/slow.yar; all"},
		"in one file":      {fstest.MapFS{"all.yar": {Data: []byte(one)}}, Options{}, "longer than allowed with r/all.yar: slow; all"},
	} {
		t.Run(name, func(t *testing.T) { slowAmong40(t, c.tree, c.opts, c.want) })
	}
}

func slowAmong40(t *testing.T, tree fstest.MapFS, opts Options, want string) {
	c, _, err := CompileFS(context.Background(), tree, "r")
	if err != nil {
		t.Fatal(err)
	}
	opts.Timeout = time.Hour
	a, err := New(c.Marshal(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.first = 5
	ctx, cancel := context.WithTimeout(context.Background(), 14*time.Second)
	defer cancel()
	found := map[string]int{}
	count := func(f analyze.Finding) { found[f.Rule]++ }
	err = a.Examine(ctx, memory(append(bytes.Repeat([]byte("x"), 50_000), "needle"...), evidence.Record{}), count)
	if !errors.Is(err, ErrTimeout) || !strings.Contains(err.Error(), want) || ctx.Err() != nil {
		t.Error(err)
	}
	if len(found) != 40 || found["f00"] != 1 || found["f39"] != 1 {
		t.Errorf("found %v", found)
	}
	clear(found)
	err = a.Examine(context.Background(), memory([]byte("short: a needle"), evidence.Record{}), count)
	if err != nil || len(found) < 41 || found["slow"] != 1 {
		t.Errorf("the next item: %v, %v", err, found)
	}
}

// slowRule matches items of less than 16 bytes at once, and takes as long as it is let for others.
const slowRule = `rule slow { condition: filesize < 16 or for all i in (0..100000) : ( for all j in (0..100000) : ( uint8(i) != 1 or uint8(j) != 2 ) ) }`

// TestDeadline: where the context's deadline is the earlier one, it is what the
// scan fails of.
func TestDeadline(t *testing.T) {
	c := compileText(t, `rule slow { condition: for all i in (0..100000) : ( for all j in (0..100000) : ( uint8(i) != 1 or uint8(j) != 2 ) ) }`)
	a, err := New(c.Marshal(), Options{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	err = a.Examine(ctx, memory(bytes.Repeat([]byte("x"), 200_000), evidence.Record{}), func(analyze.Finding) {})
	if !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestEntryPoint: an item without an entry point does not have that of the
// item before it, be it whole or in blocks.
func TestEntryPoint(t *testing.T) {
	tree := fstest.MapFS{"r.yar": {Data: []byte(`include "inc"`)}, "inc": {Data: []byte("rule entry { condition: entrypoint >= 0 }")}}
	c, _, err := CompileFS(context.Background(), tree, "mem")
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int64{0, 8 << 10} {
		a, err := New(c.Marshal(), Options{WholeLimit: limit})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		program := append(miniPE(), make([]byte, 20<<10)...)
		for i, b := range [][]byte{program, []byte("text"), nil, program, bytes.Repeat([]byte("text"), 5<<10)} {
			n := 0
			err := a.Examine(context.Background(), memory(b, evidence.Record{}), func(analyze.Finding) { n++ })
			if want := 1 - min(1, i%3); err != nil || n != want {
				t.Errorf("limit %d, item %d: %d findings, want %d; %v", limit, i, n, want, err)
			}
		}
	}
}

type faulty struct{ at int64 }

func (f faulty) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.at {
		return 0, errors.New("bad sector")
	}
	return len(p), nil
}

// TestReadError: an item that can't be read to its end is an error, and never
// a clean item.
func TestReadError(t *testing.T) {
	c := compileText(t, good)
	a, err := New(c.Marshal(), Options{WholeLimit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, at := range []int64{0, 600, 3 << 20} {
		s := &analyze.Subject{Record: evidence.Record{Outcome: evidence.Collected}, Size: 5 << 20, Body: faulty{at},
			Bytes: func(int64) ([]byte, error) { return nil, nil }}
		if err := a.Examine(context.Background(), s, func(analyze.Finding) {}); err == nil || !strings.Contains(err.Error(), "bad sector") {
			t.Errorf("at %d: %v", at, err)
		}
	}
}

func TestBlob(t *testing.T) {
	b := compileText(t, good).Marshal()
	for _, n := range []int{0, 7, 11, 20, len(b) / 2} {
		if _, err := New(b[:n], Options{}); !errors.Is(err, ErrRules) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	empty, reports, err := Compile(context.Background(), []string{t.TempDir()})
	if err != nil || len(reports) != 1 || len(reports[0].Errors) != 1 {
		t.Fatal(err, reports) // the folder itself: no rule in it
	}
	a, err := New(empty.Marshal(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Wants(evidence.Record{Outcome: evidence.Collected}) {
		t.Error("a set without rules wants items")
	}
}

func TestPrivateAndGlobal(t *testing.T) {
	c := compileText(t, `global rule gate { strings: $g = "gate" condition: $g } private rule hidden { condition: true } rule seen { condition: hidden }`)
	if got := rulesOf(scanText(t, c, memory([]byte("gate"), evidence.Record{}))); !cmp.Equal(got, []string{"gate", "seen"}) {
		t.Errorf("%v", got)
	}
	if got := scanText(t, c, memory([]byte("shut"), evidence.Record{})); len(got) != 0 {
		t.Errorf("%v", rulesOf(got))
	}
}
