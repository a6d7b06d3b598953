package compiled

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze/ioc/list"
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

func names(hits []Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Indicator)
	}
	return strings.Join(out, " ")
}

const boundaries = `evil.example
1.2.3.4
192.0.2.0/24
2001:db8::1
2001:db8:5::/48
10.0.0.1:8080
c2.example:99
http://evil.test/a/b.php
http://host.test
/only/path.arm7
bad@mail.test
d41d8cd98f00b204e9800998ecf8427e
bücher.example
`

func TestMatchers(t *testing.T) {
	s := set(t, boundaries+"sub.evil.example;80;a comment\n1.2.0.0/16\n")
	for _, tc := range []struct {
		what, got, want string
	}{
		{"domain", names(s.MatchDomain("A.sub.Evil.Example.")), "sub.evil.example evil.example"}, {"domain", names(s.MatchDomain("notevil.example")), ""},
		{"domain", names(s.MatchDomain("bücher.example")), "bücher.example"}, {"domain", names(s.MatchDomain("xn--bcher-kva.example")), "bücher.example"}, {"domain", names(s.MatchDomain("a.BÜCHER.example")), "bücher.example"}, {"domain", names(s.MatchDomain("a b\xff.evil.example")), "evil.example"}, {"domain", names(s.MatchDomain("-.a\x00..evil.example.")), "evil.example"}, {"domain", names(s.MatchDomain(strings.Repeat("\xff.", 5000) + "evil.example")), "evil.example"}, {"domain", names(s.MatchDomain("a b.www.bücher.example")), "bücher.example"}, {"domain", names(s.MatchDomain("\u202e.evil.example")), "evil.example"}, {"domain", names(s.MatchDomain("a..")), ""}, {"domain", names(s.MatchDomain(strings.Repeat("a.", 300) + "evil.example")), "evil.example"}, {"domain", names(s.MatchDomain(".")), ""}, {"domain", names(s.MatchDomain("..evil.example")), "evil.example"}, {"domain", names(s.MatchDomain("xn--\xff.notevil.example")), ""},
		{"port", names(s.MatchHostPort("\xfe.c2.example", 99)), "c2.example:99"}, {"port", names(s.MatchHostPort("::ffff:10.0.0.1", 8080)), "10.0.0.1:8080"}, {"url", names(s.MatchURL("http://evil.test.:80/a/%62.php")), "http://evil.test/a/b.php"}, {"email", names(s.MatchEmail("bad@mail.test.")), "bad@mail.test"},
		{"domain", names(s.MatchDomain("")), ""}, {"domain", names(s.MatchDomain("a b")), ""},
		{"ip", names(s.MatchIP(netip.MustParseAddr("1.2.3.4"))), "1.2.3.4 1.2.0.0/16"}, {"ip", names(s.MatchIP(netip.MustParseAddr("::ffff:192.0.2.1"))), "192.0.2.0/24"},
		{"ip", names(s.MatchIP(netip.MustParseAddr("2001:db8:5::1%eth0"))), "2001:db8:5::/48"}, {"ip", names(s.MatchIP(netip.Addr{})), ""},
		{"port", names(s.MatchHostPort("10.0.0.1", 8080)), "10.0.0.1:8080"}, {"port", names(s.MatchHostPort("10.0.0.1", 80)), ""}, {"port", names(s.MatchHostPort("x.c2.example", 99)), "c2.example:99"},
		{"url", names(s.MatchURL("http://evil.test/a/b.php?x")), "http://evil.test/a/b.php"}, {"url", names(s.MatchURL("http://x.zone/only/path.arm7")), "/only/path.arm7"}, {"url", names(s.MatchURL("::")), ""},
		{"email", names(s.MatchEmail("Bad@MAIL.test")), "bad@mail.test"}, {"email", names(s.MatchEmail("x@mail.test")), ""},
		{"hash", names(s.MatchHash("D41D8CD98F00B204E9800998ECF8427E")), "d41d8cd98f00b204e9800998ecf8427e"}, {"hash", names(s.MatchHash("d41d")), ""},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", tc.what, tc.got, tc.want)
		}
	}
	want := Hit{Indicator: "sub.evil.example", Kind: "domain", File: "list.txt", Line: 14, Comment: "a comment", Score: 80}
	if d := cmp.Diff(want, s.MatchDomain("sub.evil.example")[0]); d != "" {
		t.Error(d)
	}
}

func TestMatchPath(t *testing.T) {
	s := set(t, "/tmp/.x/run\n/only/path.arm7\nC:\\Windows\\Temp\\X.exe\n%TEMP%\\y.exe\nevil.exe\n"+
		`path:(?i)\\temp\\[a-z]\.(zip|exe)$`+"\n"+`path:^/dev/shm/\.`+"\n"+`path:\\procdump(64)?\.exe;50;(?i)sysinternals`+"\n"+`path:^[\\/]a.c$`+"\n")
	for path, want := range map[string]string{
		"/tmp/.x/run": "/tmp/.x/run", "/mnt/tmp/.x/run": "", "/tmp/.x/Run": "",
		"/Windows/Temp/x.EXE": `C:\Windows\Temp\X.exe (?i)\\temp\\[a-z]\.(zip|exe)$`, `C:\windows\temp\x.exe`: `C:\Windows\Temp\X.exe (?i)\\temp\\[a-z]\.(zip|exe)$`,
		"/Users/a/AppData/Local/Temp/y.exe": `%TEMP%\y.exe (?i)\\temp\\[a-z]\.(zip|exe)$`, "/a/xy.exe": "",
		"/opt/EVIL.exe": "evil.exe", "/opt/notevil.exe": "", "/dev/shm/.k": `^/dev/shm/\.`, "/x/dev/shm/.k": "",
		"/tools/procdump64.exe": `\\procdump(64)?\.exe`, "/SysInternals/procdump.exe": "", "/abc": `^[\\/]a.c$`, "": "", "\xff/\xfe": "",
	} {
		if got := names(s.MatchPath(path)); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestTwins(t *testing.T) {
	b := NewBuilder()
	for f := range 12 {
		if err := b.File(fmt.Sprintf("f%d", f)); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(list.Indicator{Kind: list.Domain, Key: "evil.example", Raw: "evil.example", Line: f + 1, Score: list.NoScore}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	hits := s.MatchDomain("evil.example")
	if len(hits) != maxTwins || hits[7].File != "f7" || s.Duplicates() != 4 || s.Len() != 8 {
		t.Errorf("%d listings, %d left out, %d kept", len(hits), s.Duplicates(), s.Len())
	}
}

// TestMatchPattern: stars of a pattern stay within a folder, and what is
// Windows' is found without its drive and in any case.
func TestMatchPattern(t *testing.T) {
	s := set(t, "/home/*/.ssh/key2\n/srv/**/x.php\nC:\\Users\\*\\Evil.exe\n%TEMP%\\a*.scr\n*.ps1\n")
	for path, want := range map[string]string{
		"/home/bob/.ssh/key2": "/home/*/.ssh/key2", "/home/a/b/.ssh/key2": "", "/home/bob/.ssh/key22": "", "/mnt/home/bob/.ssh/key2": "", "/HOME/bob/.ssh/key2": "",
		"/srv/a/b/x.php": "/srv/**/x.php", "/srv/a/b/x.phps": "", "/Users/bob/EVIL.exe": `C:\Users\*\Evil.exe`, `D:\users\bob\evil.exe`: `C:\Users\*\Evil.exe`, "/C:/Users/b/evil.exe": `C:\Users\*\Evil.exe`,
		"/Users/a/b/evil.exe": "", "/x/abc.SCR": `%TEMP%\a*.scr`, "/x/a/b.scr": "", "/opt/run.ps1": "*.ps1", "run.ps1": "*.ps1", "/opt/run.ps1x": "",
	} {
		if got := names(s.MatchPath(path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
