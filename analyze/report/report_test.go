package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

func finding() analyze.Finding {
	f := analyze.Finding{Format: analyze.FindingFormat, Bundle: "b", Seq: 7, Source: "live", Size: 9, Severity: analyze.High,
		Analyzer: "yara", Rule: "r", Tags: []string{"x", "y"}, Meta: map[string]string{"b": "2", "a": "1"},
		Matches: []analyze.Match{{Name: "$a", Offset: 5, Length: 2, Text: "hi"}}, More: 2,
		Where: &analyze.Where{Kind: "flow", Flow: "tcp a > b", Packet: 3, Time: evidence.At(time.Unix(1, 5)), Name: "n"}}
	f.Path = "/etc/passwd"
	return f
}

func event() analyze.Event {
	return analyze.Event{Format: analyze.EventFormat, Path: "/x.pcap", Analyzer: "pcap", Kind: "dns",
		Time: evidence.At(time.Unix(1, 5)), Text: "a > b  query A \x1b]0;x\a" + strings.Repeat("y", 100), Facts: json.RawMessage(`{"id":1}`)}
}

// TestEventTable: events stand below the name of their item, escaped, and are cut
// only where a terminal is known to be narrow.
func TestEventTable(t *testing.T) {
	const line = "1970-01-01T00:00:01.000000005Z  dns          a > b  query A \\x1b]0;x\\x07"
	account := analyze.Event{Path: "/y\n", Kind: "capture", Text: "all"}
	for width, want := range map[int]string{
		0:  "EVENTS OF /x.pcap\n" + line + strings.Repeat("y", 100) + "\n" + line + strings.Repeat("y", 100) + "\n",
		80: "EVENTS OF /x.pcap\n" + line + strings.Repeat("y", 7) + "…\n" + line + strings.Repeat("y", 7) + "…\n",
	} {
		var b bytes.Buffer
		tab := NewTable(&b, width, false)
		for _, e := range []analyze.Event{event(), event(), account} {
			if err := tab.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		want += "EVENTS OF /y\\n\n" + strings.Repeat(" ", 32) + "capture      all\n"
		if d := cmp.Diff(want, b.String()); d != "" {
			t.Errorf("width %d: %s", width, d)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 漢字":                "plain ünïcode 漢字",
		"\x1b[31mred":                     `\x1b[31mred`,
		"a\nb\tc\r":                       `a\nb\tc\x0d`,
		"back\\slash":                     `back\\slash`,
		"\xff\xfe":                        `\xff\xfe`,
		"\u202eevil":                      `\u{202e}evil`,
		"\u200bzero":                      `\u{200b}zero`,
		"\u009b31m":                       `\u{9b}31m`,
		"\ufffd":                          "\ufffd",
		"e\u0301":                         "e\u0301",
		"z" + strings.Repeat("\u0301", 5): "z" + strings.Repeat("\u0301", 3) + `\u{301}\u{301}`,
		"":                                "",
	} {
		if got := Escape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a\x1b]0;x\a", "\u202e", "漢\xff", strings.Repeat("\u0301", 9)} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		e := Escape(s)
		if !utf8.ValidString(e) || strings.ContainsAny(e, "\x1b\n\r\t\a\u202e\u009b") {
			t.Fatalf("%q: %q", s, e)
		}
		n = max(0, min(n, 500))
		for _, end := range []bool{true, false} {
			if got := fit(e, n, end); Width(got) != n {
				t.Fatalf("%q in %d: %q is %d wide", e, n, got, Width(got))
			}
		}
	})
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		end  bool
		want string
	}{
		{"abc", 5, false, "abc  "}, {"abcdef", 4, false, "abc…"}, {"abcdef", 4, true, "…def"},
		{"漢字漢字", 5, false, "漢字…"}, {"漢字漢字", 4, false, "漢… "}, {"漢字漢字", 4, true, "…字 "}, {"x", 0, false, ""},
	} {
		if got := fit(c.in, c.n, c.end); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	c, err := NewCSV(&b)
	if err != nil {
		t.Fatal(err)
	}
	evil := finding()
	evil.Path, evil.Rule, evil.Title, evil.Kind = "=cmd|'/c calc'!A1", "+1", "@x", "\t=1"
	evil.Matches[0].Text = "a\"b,c\r\nd"
	evil.Where = nil
	for _, f := range []analyze.Finding{finding(), evil} {
		if err := c.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\r\n"); n != 3 {
		t.Errorf("%d line ends, want 3: %q", n, b.String())
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"b", "7", "live", "/etc/passwd", "", "", "9", "high", "yara", "r", "", "", "", "x y", "a=1; b=2", "",
		"3", "5", "hi", "flow", "tcp a > b", "3", "1970-01-01T00:00:01.000000005Z", "n"}
	if d := cmp.Diff(want, rows[1]); d != "" {
		t.Error(d)
	}
	for i, cell := range rows[2] {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("column %s is a formula: %q", rows[0][i], cell)
		}
	}
	if len(rows[2]) != len(rows[0]) {
		t.Errorf("%d cells, %d columns", len(rows[2]), len(rows[0]))
	}
}

func TestTable(t *testing.T) {
	for _, width := range []int{0, 10, 80, 200} {
		var b bytes.Buffer
		tab := NewTable(&b, width, true)
		evil := finding()
		evil.Path, evil.Rule = "/tmp/\x1b[2J\n漢字"+strings.Repeat("漢", 200), "r\u202e"
		for _, f := range []analyze.Finding{finding(), evil} {
			if err := tab.Add(f); err != nil {
				t.Fatal(err)
			}
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines:\n%s", len(lines), b.String())
		}
		for _, l := range lines {
			plain := strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(l)
			if strings.Contains(plain, "\x1b") || Width(plain) > max(tab.width, minWidth) {
				t.Errorf("width %d: %q", width, l)
			}
		}
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	f, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Finding(finding()); err != nil {
		t.Fatal(err)
	}
	u := analyze.Unscanned{Format: analyze.UnscannedFormat, Path: "/x", Kind: analyze.FaultRead, Reason: "why"}
	if err := f.Unscanned(u); err != nil {
		t.Fatal(err)
	}
	if err := f.Event(event()); err != nil {
		t.Fatal(err)
	}
	facts := Facts{Tool: "test", Rules: []RuleFile{{Name: "a", Errors: []string{"bad"}}, {Name: "b"}}}
	if err := f.Close(&facts, analyze.Summary{Findings: 1, Complete: true}); err != nil {
		t.Fatal(err)
	}
	if !facts.Complete || facts.Failed() != 1 {
		t.Errorf("facts: %+v", facts)
	}
	var got analyze.Finding
	b, err := os.ReadFile(filepath.Join(dir, FindingsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(finding(), got); d != "" {
		t.Error(d)
	}
	for _, name := range Files() {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != 0o600 || st.Size() == 0 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
	if _, err := Create(dir); err == nil {
		t.Error("a folder with results in it was taken again")
	}
}

// failing is a disk that is full after n bytes.
type failing struct{ n int }

func (w *failing) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	l := NewLines(&failing{n: 100 << 10})
	var err error
	for range 2000 {
		if err = l.Add(finding()); err != nil {
			break
		}
	}
	if err == nil && l.Flush() == nil {
		t.Error("a full disk went unnoticed")
	}
}
