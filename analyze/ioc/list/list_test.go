package list

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/publicsuffix"
)

func TestDetect(t *testing.T) {
	for _, tc := range []struct {
		in   string
		kind Kind
		key  string
	}{
		{"D41D8CD98F00B204E9800998ECF8427E", MD5, "d41d8cd98f00b204e9800998ecf8427e"},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{strings.Repeat("Ab", 32), SHA256, strings.Repeat("ab", 32)},
		{"192.0.2.7", IP, "192.0.2.7"}, {"192[.]0[.]2[.]7", IP, "192.0.2.7"}, {"192.0.2[.7", IP, "192.0.2.7"}, {"192.0.2.]7", IP, "192.0.2.7"}, {"192.0.2.1-192.0.2.9", 0, ""}, {"2001:db8::1 - 2001:db8::9", 0, ""},
		{"2001:DB8:0:0::1", IP, "2001:db8::1"}, {"[2001:db8::1]", IP, "2001:db8::1"}, {"::ffff:192.0.2.1", IP, "192.0.2.1"},
		{"2001[:]db8[:][:]1", IP, "2001:db8::1"},
		{"192.0.2.77/24", CIDR, "192.0.2.0/24"}, {"10.1.2.3/255.0.0.0", CIDR, "10.0.0.0/8"}, {"10.0.0.0/255.0.255.0", 0, ""}, {"10.0.0.0/0.0.0.255", 0, ""}, {"::ffff:192.0.2.77/120", CIDR, "192.0.2.0/24"}, {"2001:db8::1/32", CIDR, "2001:db8::/32"},
		{"192.0.2.7:8080", HostPort, "192.0.2.7:8080"}, {"192.0.2.7[:]8080", HostPort, "192.0.2.7:8080"},
		{"[2001:db8::1]:443", HostPort, "[2001:db8::1]:443"}, {"Evil.Example:443", HostPort, "evil.example:443"},
		{"Evil.EXAMPLE.", Domain, "evil.example"}, {"evil[.]example", Domain, "evil.example"}, {"evil(dot)example", Domain, "evil.example"},
		{"evil[dot]sub{.}example", Domain, "evil.sub.example"}, {"evil (.) example", Domain, "evil.example"}, {"evil [dot]  example [.] test", 0, ""}, {"evil [dot] sub [.] example", Domain, "evil.sub.example"}, {"evil dot example", Domain, "evil.example"},
		{"*.evil.example", Domain, "evil.example"}, {".evil.example", Domain, "evil.example"}, {`evil\.example`, Domain, "evil.example"},
		{"_dmarc.evil.example", Domain, "_dmarc.evil.example"}, {"bücher.example", Domain, "xn--bcher-kva.example"},
		{"hxxp://evil[.]example/A", URL, "evil.example/A"}, {"hxxps[:]//evil.example:443/a", URL, "evil.example/a"},
		{"HXXP://Evil.example:80", URL, "evil.example/"}, {"fxp://evil.example/x", URL, "evil.example/x"},
		{"http://user:pw@evil.example:8080/x?y=%7e%2f#z", URL, "evil.example:8080/x?y=~%2F"}, {"evil.example/x/y", URL, "evil.example/x/y"},
		{`evil\[.\]example`, Domain, "evil.example"}, {`hxxps\[:\]//evil\[.\]example/x`, URL, "evil.example/x"}, {`1\[.\]2.3.4`, IP, "1.2.3.4"}, {`x\[a]\b.exe`, PathEnd, "/x/[a]/b.exe"},
		{"hxxp://evil[.]example/?u=hXXps://x[.]example/", URL, "evil.example/?u=https://x.example/"},
		{`hxxp:\\evil[.]example\a`, URL, "evil.example/a"}, {`http[:]\\evil\.example\a`, URL, "evil.example/a"}, {"tcp://evil.example:4444", HostPort, "evil.example:4444"},
		{"udp://192.0.2.1/", IP, "192.0.2.1"}, {"tcp://evil.example/x", URL, "evil.example/x"}, {strings.Repeat("ab", 64), 0, ""}, {"sha512:" + strings.Repeat("ab", 64), 0, ""},
		{"http://[2001:db8::1]/x", URL, "[2001:db8::1]/x"}, {"h**p://evil.example/", URL, "evil.example/"}, {"192.0.2.1/x.sh", URL, "192.0.2.1/x.sh"},
		{"Bad@Evil.example", Email, "bad@evil.example"}, {"bad[@]evil[.]example", Email, "bad@evil.example"}, {"bad[at]evil(dot)example", Email, "bad@evil.example"},
		{"/tmp/.x/Run", Path, "/tmp/.x/Run"}, {`C:\Windows\Temp\X.exe`, WinPath, "/windows/temp/x.exe"}, {`%TEMP%\X.exe`, PathEnd, "/x.exe"},
		{`Temp\Evil.exe`, PathEnd, "/temp/evil.exe"}, {"Evil.EXE", FileName, "evil.exe"}, {"name:setup.zip", FileName, "setup.zip"},
		{`path:^/dev/shm/\.`, PathRegex, `^/dev/shm/\.`}, {`regex:(?i)evil`, PathRegex, `(?i)evil`}, {"domain:evil.zip", Domain, "evil.zip"},
		{"'evil.example'", Domain, "evil.example"}, {"`evil.example`", Domain, "evil.example"}, {"<http://evil.example/x>", URL, "evil.example/x"}, {"md5: d41d8cd98f00b204e9800998ecf8427e", MD5, "d41d8cd98f00b204e9800998ecf8427e"},

		{"", 0, ""}, {"localhost", 0, ""}, {"evil..example", 0, ""}, {"-evil.example", 0, ""}, {"evil.example-", 0, ""}, {"evil.123", 0, ""},
		{"192.0.2.256", 0, ""}, {"192.0.2.7:99999", 0, ""}, {"192.0.2.7:0", 0, ""}, {"192.0.2.01", 0, ""}, {"192.0.2.0/33", 0, ""},
		{"just words here", 0, ""}, {"http://", 0, ""}, {"http:///x", 0, ""}, {"http://evil.example/a b", 0, ""}, {"md5:abc", 0, ""},
		{"/tmp/\xff*", 0, ""}, {"@evil.example", 0, ""}, {"path:(unclosed", 0, ""}, {"path:.*", 0, ""}, {"path:", 0, ""}, {"path:a?", 0, ""}, {strings.Repeat("a", 64) + ".example", 0, ""},
		{strings.Repeat("a.", 200) + "example", 0, ""}, {"d41d8cd98f00b204e9800998ecf8427", 0, ""}, {"fe80::1%eth0", 0, ""},
		{"path:" + strings.Repeat("a", MaxRegex+1), 0, ""}, {"evil.example\x00", 0, ""},
	} {
		kind, key, err := Detect(tc.in)
		if kind != tc.kind || key != tc.key || (err == nil) != (tc.kind != 0) {
			t.Errorf("%.60q: %s %q %v, want %s %q", tc.in, kind, key, err, tc.kind, tc.key)
		}
	}
}

// TestExpressions: what is an expression for paths without a word that says so,
// what is a pattern with stars, and what is a path as it stands.
func TestExpressions(t *testing.T) {
	for _, tc := range []struct {
		line string
		want string // kind, key, score and exception
	}{
		{`/tmp/\.[a-z]+\.sh`, `path-regex /tmp/\.[a-z]+\.sh -1 `}, {`^/dev/shm/`, `path-regex ^/dev/shm/ -1 `}, {`/var/www/.*\.php # shells`, `path-regex /var/www/.*\.php -1 `},
		{`^/tmp/[a-z]{8,16}$;70;^/tmp/ok$`, `path-regex ^/tmp/[a-z]{8,16}$ 70 ^/tmp/ok$`}, {`/tmp/(a|b,c)/x`, `path-regex /tmp/(a|b,c)/x -1 `}, {`(?i)/tmp/miner`, `path-regex (?i)/tmp/miner -1 `},
		{`\\Temp\\[a-z]+\.exe`, `path-regex \\Temp\\[a-z]+\.exe -1 `}, {`\\Temp\\evil\.exe`, `path-regex \\Temp\\evil\.exe -1 `}, {`C:\\Users\\[^\\]+\\x\.exe`, `path-regex C:\\Users\\[^\\]+\\x\.exe -1 `},
		{`/home/*/.ssh/authorized_keys2`, `path-regex ^/home/[^/\\]*/\.ssh/authorized_keys2$ -1 `}, {`/srv/**/x.php`, `path-regex ^/srv/.*/x\.php$ -1 `},
		{`C:\Users\*\Evil.exe`, `path-regex (?i)^(?:[a-z]:)?[/\\]users[/\\][^/\\]*[/\\]evil\.exe$ -1 `}, {`%TEMP%\a*.exe`, `path-regex (?i)[/\\]a[^/\\]*\.exe$ -1 `}, {`name:a*.sh`, `path-regex (?i)(?:^|[/\\])a[^/\\]*\.sh$ -1 `},

		{`/usr/include/c++/9`, `path /usr/include/c++/9 -1 `}, {`/tmp/a(1).exe`, `path /tmp/a(1).exe -1 `}, {`/gate.php?id=*`, `path /gate.php?id=* -1 `}, {`/tmp;rm+-rf+*;wget`, `path /tmp;rm+-rf+*;wget -1 `}, {`/x/.+(`, `path /x/.+( -1 `},
		{`C:\Users\bob\.ssh\d`, `path /users/bob/.ssh/d -1 `}, {`\\server\share\.d\x.exe`, `path /server/share/.d/x.exe -1 `}, {`C:\\Users\\x.exe`, `path /users/x.exe -1 `}, {`\\\\server\\share\\x.exe`, `path /server/share/x.exe -1 `},
		{`name:*`, ``}, {`/**/*`, ``}, {`/` + strings.Repeat("*a", MaxRegex/4), ``},
		{`^evil\.example/x$`, ``}, {`^[a-z]+\.example$`, ``}, {`\.(sh|py)$`, ``}, {`^/tmp/(x`, ``},
	} {
		inds, rep := read(t, tc.line+"\n")
		got := ""
		for _, i := range inds {
			got = fmt.Sprintf("%s %s %d %s", i.Kind, i.Key, i.Score, i.Except)
		}
		if got != tc.want || (rep.Odd == 0) != (tc.want != "") {
			t.Errorf("%s: %q, want %q; %+v", tc.line, got, tc.want, rep)
		}
	}
}

func TestFileEndingsAreNoTLDs(t *testing.T) {
	for e := range fileEndings {
		if _, icann := publicsuffix.PublicSuffix("x." + e); icann {
			t.Errorf(".%s is a top-level domain", e)
		}
	}
}

func read(t testing.TB, text string) ([]Indicator, Report) {
	t.Helper()
	var out []Indicator
	rep, err := Read(strings.NewReader(text), func(i Indicator) error { out = append(out, i); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if n := rep.Comments + rep.Odd; rep.Indicators != len(out) || rep.Lines < n {
		t.Errorf("the counts don't agree: %+v, %d indicators", rep, len(out))
	}
	return out, rep
}

func TestPlain(t *testing.T) {
	got, rep := read(t, "\xef\xbb\xbf# a list\r\n\n// another comment\nevil.example # why\r\n  192.0.2.1\t// there\n"+
		"evil2.example# Copyright\nd41d8cd98f00b204e9800998ecf8427e;An empty file - http://x.example\n192.0.2.2;65\n"+
		"bad.exe;60;with a comment\nevil3.example, a comment\n0.0.0.0 ads.example www.ads.example\nnonsense here\n"+
		"path:^/tmp/[;]x;70;\\.bak$ # why\nregex:(bad\nname:a b.txt\nhttp://x.example/a;b=1")
	want := []Indicator{
		{Kind: Domain, Key: "evil.example", Raw: "evil.example", Comment: "why", Score: NoScore, Line: 4},
		{Kind: IP, Key: "192.0.2.1", Raw: "192.0.2.1", Comment: "there", Score: NoScore, Line: 5},
		{Kind: Domain, Key: "evil2.example", Raw: "evil2.example", Comment: "Copyright", Score: NoScore, Line: 6},
		{Kind: MD5, Key: "d41d8cd98f00b204e9800998ecf8427e", Raw: "d41d8cd98f00b204e9800998ecf8427e", Comment: "An empty file - http://x.example", Score: NoScore, Line: 7},
		{Kind: IP, Key: "192.0.2.2", Raw: "192.0.2.2", Score: 65, Line: 8},
		{Kind: FileName, Key: "bad.exe", Raw: "bad.exe", Comment: "with a comment", Score: 60, Line: 9},
		{Kind: Domain, Key: "evil3.example", Raw: "evil3.example", Comment: "a comment", Score: NoScore, Line: 10},
		{Kind: Domain, Key: "ads.example", Raw: "ads.example", Score: NoScore, Line: 11},
		{Kind: Domain, Key: "www.ads.example", Raw: "www.ads.example", Score: NoScore, Line: 11},
		{Kind: PathRegex, Key: "^/tmp/[;]x", Raw: "^/tmp/[;]x", Except: `\.bak$`, Comment: "why", Score: 70, Line: 13},
		{Kind: FileName, Key: "a b.txt", Raw: "name:a b.txt", Score: NoScore, Line: 15},
		{Kind: URL, Key: "x.example/a;b=1", Raw: "http://x.example/a;b=1", Score: NoScore, Line: 16},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if rep.Odd != 2 || rep.Places[0].Line != 12 || rep.Places[1].Line != 14 || !strings.Contains(rep.Places[1].Reason, "missing closing") {
		t.Errorf("%+v", rep)
	}
}

func TestRegexFile(t *testing.T) {
	got, rep := read(t, "# names\n\\\\evil\\.exe$;80\n(?i)\\\\tools\\\\x;50;(?i)sysinternals\n\\\\a[;,]b;60\n\\\\look(?!ahead);70\n\\\\noscore\nevil.dll;40\n")
	var keys []string
	for _, i := range got {
		if i.Kind != PathRegex {
			t.Errorf("%+v", i)
		}
		keys = append(keys, i.Key+"|"+i.Except)
	}
	if d := cmp.Diff([]string{`\\evil\.exe$|`, `(?i)\\tools\\x|(?i)sysinternals`, `\\a[;,]b|`, "evil.dll|"}, keys); d != "" {
		t.Error(d)
	}
	if rep.Odd != 2 || rep.Places[0].Line != 5 || rep.Places[1].Line != 6 {
		t.Errorf("%+v", rep)
	}
}

func TestCSV(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string
		odd  int
	}{
		"value and type": {"type,value,comment\nip-dst,192.0.2.1,\"a, b\"\nmd5,xyz,bad\nmutex,Global\\x,no\nfilename|md5,a.exe|d41d8cd98f00b204e9800998ecf8427e,two\n",
			[]string{"ip 192.0.2.1 a, b", "filename a.exe two", "md5 d41d8cd98f00b204e9800998ecf8427e two"}, 2},
		"header in a comment": {"# \"first_seen\", \"ioc_value\", \"ioc_type\", \"malware\"\n# end\n\"2026\", \"192.0.2.1:80\", \"ip:port\", \"x\"\n",
			[]string{"host-port 192.0.2.1:80 x"}, 0},
		"columns named by type": {"md5;sha1;description\nd41d8cd98f00b204e9800998ecf8427e;;empty\n;;none\n", []string{"md5 d41d8cd98f00b204e9800998ecf8427e empty"}, 1},
		"tabs, detected":        {"indicator\tscore\nhxxp://evil[.]example/\t90\n", []string{"url evil.example/ "}, 0},
		"quoted line ends":      {"value,comment\nevil.example,\"two\nlines\"\n192.0.2.1,x\n", []string{"domain evil.example two\nlines", "ip 192.0.2.1 x"}, 0},
		"quote without an end":  {"value,comment\nevil.example,\"never\n" + strings.Repeat("x\n", 20_000), []string{"domain evil.example never"}, 1},
		"stray quotes":          {"value,comment\nevil.example,he said \"no\n192.0.2.1,5\" disk\n192.0.2.2,x\n", []string{"domain evil.example he said \"no", "ip 192.0.2.1 5\" disk", "ip 192.0.2.2 x"}, 0},
		"a quote left open":     {"value,comment\nevil.example,\"never\n\n192.0.2.1,x\n", []string{"domain evil.example never", "ip 192.0.2.1 x"}, 1},
		"open till the next":    {"value,comment\nevil.example,\"never\n192.0.2.1,\"x\"\n192.0.2.2,\"a \"\"b\"\"\"\n", []string{"domain evil.example never", "ip 192.0.2.1 x", "ip 192.0.2.2 a \"b\""}, 1},
		"one column of use":     {"phish_id,url,detail_url,target\n1,http://evil.example/x,http://list.example/1,Bank\n", []string{"url evil.example/x Bank"}, 0},
		"no titles":             {"a.b,url,x\n", []string{"domain a.b url, x"}, 0},
		"name and link":         {"md5,name,link\nd41d8cd98f00b204e9800998ecf8427e,Emotet,https://report.example/1\n", []string{"md5 d41d8cd98f00b204e9800998ecf8427e Emotet"}, 0},
		"names alone":           {"name,comment\nevil.exe,x\n", []string{"filename evil.exe x"}, 0},
		"a sheet's first line":  {"sep=;\r\nIndicator;Type;Comment\r\nevil.example;domain;x\r\n", []string{"domain evil.example x"}, 0},
		"sep= further down":     {"evil.example\nsep=;\n", []string{"domain evil.example "}, 1},
		"keys of the registry":  {"HKLM\\Software\\x\nHKEY_CURRENT_USER\\Run\nhkcu:\\x\\y\nhkfoo\\bar.exe\n", []string{"path /hkfoo/bar.exe "}, 3},
		"spaces in the header":  {"IOC Type,IOC Value,Notes\nDomain,evil.example,x\n", []string{"domain evil.example x"}, 0},
		"no header":             {"md5,d41d8cd98f00b204e9800998ecf8427e\nip,192.0.2.1\n", []string{"md5 d41d8cd98f00b204e9800998ecf8427e md5", "ip 192.0.2.1 ip"}, 0},
		"not UTF-8":             {"value,type,comment\nC:\\t\xe9mp\\a.exe,filepath,x\nevil.example,domain,caf\xe9\n", []string{"domain evil.example caf\xe9"}, 1},
		"other digests beside":  {"md5,sha512,description\nd41d8cd98f00b204e9800998ecf8427e," + strings.Repeat("ab", 64) + ",x\n", []string{"md5 d41d8cd98f00b204e9800998ecf8427e x"}, 0},
		"names of OpenCTI":      {"type,value\nStixFile,d41d8cd98f00b204e9800998ecf8427e\n", []string{"md5 d41d8cd98f00b204e9800998ecf8427e "}, 0},
		"formula":               {"value,type\n=cmd|'/c calc'!A1,domain\n", nil, 1},
		"path regex":            {"type,value\npath,^/tmp/x\nregex,(\n", []string{"path-regex ^/tmp/x "}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			inds, rep := read(t, tc.text)
			var got []string
			for _, i := range inds {
				got = append(got, i.Kind.String()+" "+i.Key+" "+i.Comment)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			if rep.Odd < tc.odd || tc.odd == 0 && rep.Odd > 0 {
				t.Errorf("%+v", rep)
			}
		})
	}
}

func TestNotLists(t *testing.T) {
	for _, text := range []string{`{"type":"bundle"}`, "[{\"a\":1}]", "<?xml version=\"1.0\"?>", "MZ\x00\x00", "e\x00v\x00"} {
		if _, err := Read(strings.NewReader(text), func(Indicator) error { return nil }); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestUTF16: lists as Windows tools write them.
func TestUTF16(t *testing.T) {
	const le = "\xff\xfee\x00v\x00i\x00l\x00.\x00t\x00e\x00s\x00t\x00\r\x00\n\x001\x00.\x002\x00.\x003\x00.\x004\x00\r\x00\n\x00"
	const be = "\xfe\xff\x00e\x00v\x00i\x00l\x00.\x00t\x00e\x00s\x00t\x00\n\x001\x00.\x002\x00.\x003\x00.\x004"
	for _, text := range []string{le, be} {
		inds, rep := read(t, text)
		if len(inds) != 2 || inds[0].Key != "evil.test" || inds[1].Key != "1.2.3.4" || rep.Odd > 0 {
			t.Errorf("%+v %+v", inds, rep)
		}
	}
}

// TestDigestsInARow: no digest of a line is lost as a comment of the first.
func TestDigestsInARow(t *testing.T) {
	md5, sha1, sha256 := strings.Repeat("a", 32), strings.Repeat("B", 40), strings.Repeat("c", 64)
	inds, rep := read(t, md5+","+sha1+", "+sha256+",win.mirai\nevil.test,"+md5+"\n")
	var got []string
	for _, i := range inds {
		got = append(got, i.Kind.String()+" "+i.Key)
	}
	want := []string{"md5 " + md5, "sha1 " + strings.ToLower(sha1), "sha256 " + sha256, "domain evil.test", "md5 " + md5}
	if d := cmp.Diff(want, got); d != "" || rep.Odd > 0 {
		t.Error(d, rep)
	}
}

func TestHostileLines(t *testing.T) {
	long := strings.Repeat("a", 3<<20)
	_, rep := read(t, "evil.example\n"+long+"\n"+strings.Repeat("b", MaxLine+1)+"\n\xff\xfe.example\nlast.example")
	if rep.Indicators != 2 || rep.Odd != 3 || rep.Lines != 5 || len(rep.Places[0].Text) > 200 {
		t.Errorf("%d indicators, %d odd, %d lines", rep.Indicators, rep.Odd, rep.Lines)
	}
	_, rep = read(t, strings.Repeat("no indicator\n", 1000))
	if rep.Odd != 1000 || len(rep.Places) != MaxPlaces {
		t.Errorf("%d odd, %d places", rep.Odd, len(rep.Places))
	}
	inds, rep := read(t, strings.Repeat("evil.example\r\n", 6000)+"evil\x00.example\nhttp://evil.example/\x00\n1.2.3.4\x00\n5.6.7.8\r\n")
	if last := inds[len(inds)-1]; rep.Odd != 3 || last.Key != "5.6.7.8" || last.Line != 6004 || len(inds) != 6001 {
		t.Errorf("%+v, last %+v", rep, last)
	}
	stop := errors.New("stop")
	if _, err := Read(strings.NewReader("evil.example\n"), func(Indicator) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// corpus finds a file of the shared corpus, or skips.
func corpus(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			p := filepath.Join(dir, "..", "shared", "corpus", name)
			if _, err := os.Stat(p); err != nil {
				t.Skipf("the corpus is not here: %v", err)
			}
			return p
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above this test")
	return ""
}

// TestSignatureBase: every line of the public lists is an indicator or a
// comment; keywords are no type that is searched for, and are counted.
func TestSignatureBase(t *testing.T) {
	dir := corpus(t, "iocs/signature-base")
	for name, want := range map[string]struct{ least, odd int }{"c2-iocs.txt": {1800, 0}, "hash-iocs.txt": {3200, 0}, "filename-iocs.txt": {3800, 0}, "keywords.txt": {1, 13}} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rep, err := Read(bufio.NewReader(f), func(i Indicator) error {
			if i.Kind == PathRegex != (name == "filename-iocs.txt") {
				t.Errorf("%s:%d: %s %q", name, i.Line, i.Kind, i.Raw)
			}
			return nil
		})
		if err != nil || rep.Indicators < want.least || rep.Odd != want.odd {
			t.Errorf("%s: %v %d indicators %d odd", name, err, rep.Indicators, rep.Odd)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"evil.example # x\n", "type,value\nmd5,x\n", "\\\\a;80;b\n", "hxxp[:]//[.](dot)\n", "a;;;;\n", "[::1]:80/x\n", "value,comment\n\"a\n\"\n", "%a%\\\n", "path:(\n", ";0", "C:\\a*\\**\\(.exe\n", "^/a[^/]+\\.b$;7;c\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rep, err := Read(strings.NewReader(s), func(i Indicator) error {
			if !i.Kind.Valid() || i.Key == "" || i.Line < 1 || len(i.Key) > MaxLine || len(i.Comment) > MaxComment {
				t.Errorf("%+v", i)
			}
			// A normal form is its own normal form.
			switch i.Kind {
			case PathRegex:
				if _, err := regexp.Compile(i.Key); err != nil {
					t.Error(err)
				}
			case Domain:
				if k, ok := DomainKey(i.Key); !ok || k != i.Key {
					t.Errorf("domain %q becomes %q", i.Key, k)
				}
			case URL:
				if k, ok := URLKey(i.Key); ok && k != i.Key {
					t.Errorf("url %q becomes %q", i.Key, k)
				}
			case IP:
				if k, ok := IPKey(i.Key); !ok || k != i.Key {
					t.Errorf("ip %q becomes %q", i.Key, k)
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
		if rep.Odd > 0 && len(rep.Places) == 0 {
			t.Error("odd lines without a place")
		}
	})
}
