package list

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRows: lines of several cells without a header. Each indicator of a row
// is taken, and what is neither indicator nor words is counted.
func TestRows(t *testing.T) {
	md5, sha1, sha256 := strings.Repeat("a", 32), strings.Repeat("b", 40), strings.Repeat("c", 64)
	for _, tc := range []struct {
		line string
		want []string // kind, key, score and comment
		odd  int
	}{
		{"evil.com, 1.2.3.4", []string{"domain evil.com -1 ", "ip 1.2.3.4 -1 "}, 0},
		{"1.2.3.4;5.6.7.8;2020-01-01", []string{"ip 1.2.3.4 -1 2020-01-01", "ip 5.6.7.8 -1 2020-01-01"}, 0},
		{"1.2.3.4;80;5.6.7.8;a comment", []string{"ip 1.2.3.4 80 a comment", "ip 5.6.7.8 80 a comment"}, 0},
		{"2026-01-02 10:00:00," + sha1 + ",Some C&C", []string{"sha1 " + sha1 + " -1 2026-01-02 10:00:00, Some C&C"}, 0},
		{`"2026-01-02","1.2.3.4","443","evil, really","online"`, []string{"ip 1.2.3.4 -1 2026-01-02, 443, evil, really, online"}, 0},
		{`"http://evil.test/a","win.emotet"`, []string{"url evil.test/a -1 win.emotet"}, 0},
		{"http://evil.test/a,http://bad.test/b", []string{"url evil.test/a -1 ", "url bad.test/b -1 "}, 0},
		{"http://evil.test/a,1.2.3.4", []string{"url evil.test/a -1 ", "ip 1.2.3.4 -1 "}, 0}, {"http://evil.test/a,b;c=d", []string{"url evil.test/a,b;c=d -1 "}, 0}, {"http://evil.test/a;70", []string{"url evil.test/a 70 "}, 0},
		{"evil.com,setup.exe", []string{"domain evil.com -1 setup.exe"}, 0}, {"setup.exe," + md5, []string{"filename setup.exe -1 ", "md5 " + md5 + " -1 "}, 0}, {"a,b.exe", []string{"filename a,b.exe -1 "}, 0},
		{"/tmp/.x,1.2.3.4", []string{"path /tmp/.x -1 ", "ip 1.2.3.4 -1 "}, 0}, {`C:\a\b.exe;` + md5, []string{"path /a/b.exe -1 ", "md5 " + md5 + " -1 "}, 0}, {"/tmp/a;b,c", []string{"path /tmp/a;b,c -1 "}, 0},
		{"hxxp://evil[.]com/x | 1.2.3[.]4 | bad[@]evil[.]com", []string{"url evil.com/x -1 ", "ip 1.2.3.4 -1 ", "email bad@evil.com -1 "}, 0},
		{"evil.com\tbad.co.uk\t10.0.0.0/8\t[2001:db8::1]:80", []string{"domain evil.com -1 ", "domain bad.co.uk -1 ", "cidr 10.0.0.0/8 -1 ", "host-port [2001:db8::1]:80 -1 "}, 0},
		{"evil.com,see http://ref.example/x,v1.2.3", []string{"domain evil.com -1 see http://ref.example/x, v1.2.3"}, 0},
		{"1.2.3.4,win.emotet,report.docx,4.5.rc1,e.g.,node.js", []string{"ip 1.2.3.4 -1 win.emotet, report.docx, 4.5.rc1, e.g., node.js"}, 0},
		{md5 + "," + sha1 + "," + sha256 + ",run.sh,evil.net", []string{"md5 " + md5 + " -1 run.sh", "sha1 " + sha1 + " -1 run.sh", "sha256 " + sha256 + " -1 run.sh", "domain evil.net -1 run.sh"}, 0},
		{"evil.example, foo; bar", []string{"domain evil.example -1 foo; bar"}, 0}, {"1.2.3.4 - 1.2.3.9", nil, 1}, {"words here, 1.2.3.4", []string{"ip 1.2.3.4 -1 words here"}, 0},
		{`1.2.3.4,"open, 5.6.7.8`, []string{"ip 1.2.3.4 -1 \"open", "ip 5.6.7.8 -1 \"open"}, 0},
		{"1.2.3.4,5.6.7.999", []string{"ip 1.2.3.4 -1 5.6.7.999"}, 1}, {md5 + "," + strings.Repeat("d", 128), []string{"md5 " + md5 + " -1 " + strings.Repeat("d", 128)}, 1}, {"evil.com,http://[bad/", []string{"domain evil.com -1 http://[bad/"}, 1},
		{"one, two; three", nil, 1}, {"one;two", nil, 1}, {",,,", nil, 1}, {";60", nil, 1},

		{sha256 + "  bin/evil.sh", []string{"sha256 " + sha256 + " -1 bin/evil.sh"}, 0}, {md5 + " *a b.com", []string{"md5 " + md5 + " -1 a b.com"}, 0}, {`\` + sha1 + `  a\nb`, []string{"sha1 " + sha1 + ` -1 a\nb`}, 0},
		{"SHA256 (a file.bin) = " + sha256, []string{"sha256 " + sha256 + " -1 SHA256 (a file.bin)"}, 0}, {md5 + " " + sha1 + " x", []string{"md5 " + md5 + " -1 " + sha1 + " x", "sha1 " + sha1 + " -1 " + sha1 + " x"}, 0},
		{"0.0.0.0 evil.com", []string{"domain evil.com -1 "}, 0}, {"0.0.0.0\tevil.com www.evil.com # why", []string{"domain evil.com -1 why", "domain www.evil.com -1 why"}, 0}, {"127.0.0.1 localhost localhost.localdomain", nil, 0}, {"255.255.255.255 broadcasthost", nil, 0}, {"::1 ip6-localhost ip6-loopback", nil, 0}, {"0.0.0.0 0.0.0.0", nil, 1}, {"word localhost", nil, 1},
		{"1.2.3.4 evil.com", []string{"ip 1.2.3.4 -1 ", "domain evil.com -1 "}, 0}, {"1.2.3.4 seen in March", []string{"ip 1.2.3.4 -1 seen in March"}, 0}, {"evil.com 2026-01-02", []string{"domain evil.com -1 2026-01-02"}, 0}, {"evil.com is a name", nil, 1}, {"read evil.com", nil, 1},
	} {
		inds, rep := read(t, tc.line+"\n")
		var got []string
		for _, i := range inds {
			got = append(got, fmt.Sprintf("%s %s %d %s", i.Kind, i.Key, i.Score, i.Comment))
		}
		if d := cmp.Diff(tc.want, got); d != "" || rep.Odd != tc.odd {
			t.Errorf("%s: %d odd, want %d\n%s", tc.line, rep.Odd, tc.odd, d)
		}
		if rep.Indicators+rep.Comments+rep.Odd == 0 {
			t.Errorf("%s: dropped in silence", tc.line)
		}
	}
}

// TestFeeds: lists as public feeds write them.
func TestFeeds(t *testing.T) {
	sha256 := strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		text string
		want []string
		odd  int
	}{
		"header in a comment, quoted": {"################\n# A feed #\n################\n#\n# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"malware_printable\",\"confidence_level\"\n" +
			"\"2026-01-02 03:04:05\", \"1\", \"1.2.3.4:8080\", \"ip:port\", \"botnet_cc\", \"X\", \"75\"\n\"2026-01-02 03:04:05\", \"2\", \"evil.com\", \"domain\", \"botnet_cc\", \"Y\", \"50\"\n\"x\", \"3\", \"" + sha256 + "\", \"sha256_hash\", \"payload\", \"Z\", \"\"\n# Number of entries: 3\n",
			[]string{"host-port 1.2.3.4:8080 75 X", "domain evil.com 50 Y", "sha256 " + sha256 + " -1 Z"}, 0},
		"columns named by type":     {"# \"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\"2026-01-02 03:04:05\",\"1.2.3.4\",\"443\",\"offline\",\"2026-01-02\",\"X\"\n", []string{"ip 1.2.3.4 -1 X"}, 0},
		"a blocklist":               {"; a list\n;\n;; of networks\n1.10.16.0/20 ; SBL1\n;5.6.7.8;x\n", []string{"cidr 1.10.16.0/20 -1 SBL1", "ip 5.6.7.8 -1 x"}, 0},
		"a header that says little": {"# Listingdate,SHA1,Listingreason\n2026-01-02 03:04:05," + strings.Repeat("c", 40) + ",X C&C\n", []string{"sha1 " + strings.Repeat("c", 40) + " -1 X C&C"}, 0},
		"urls": {"# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n\"7\",\"2026-01-02\",\"http://1.2.3.4:555/i\",\"online\",\"2026-01-02\",\"malware_download\",\"elf,mirai\",\"https://ref.example/url/7/\",\"me\"\n",
			[]string{"url 1.2.3.4:555/i -1 malware_download"}, 0},
		"MISP": {"uuid,event_id,category,type,value,comment,to_ids,date\n\"5f\",1,\"Network activity\",\"ip-dst|port\",\"1.2.3.4|80\",\"a, \"\"b\"\"\",1,20260102\n\"60\",1,\"Payload delivery\",\"filename|sha256\",\"a b.exe|" + sha256 + "\",\"\",1,20260102\n\"61\",1,\"Network activity\",\"domain|ip\",\"evil.com|5.6.7.8\",,1,20260102\n\"62\",1,\"Artifacts dropped\",\"mutex\",\"x\",,0,20260102\n",
			[]string{"host-port 1.2.3.4:80 -1 a, \"b\"", "filename a b.exe -1 ", "sha256 " + sha256 + " -1 ", "domain evil.com -1 ", "ip 5.6.7.8 -1 "}, 1},
		"defanged": {"hxxps[:]//evil[.]com/a\n1[.]2[.]3[.]4, 5.6.7[.]8\nbad(at)evil(dot)com\nevil[dot]net; a note\n", []string{"url evil.com/a -1 ", "ip 1.2.3.4 -1 ", "ip 5.6.7.8 -1 ", "email bad@evil.com -1 ", "domain evil.net -1 a note"}, 0},
	} {
		for how, text := range map[string]string{"": tc.text, "CRLF": strings.ReplaceAll(tc.text, "\n", "\r\n"), "BOM": "\xef\xbb\xbf" + tc.text, "no last line end": strings.TrimSuffix(tc.text, "\n")} {
			inds, rep := read(t, text)
			var got []string
			for _, i := range inds {
				got = append(got, fmt.Sprintf("%s %s %d %s", i.Kind, i.Key, i.Score, i.Comment))
			}
			if d := cmp.Diff(tc.want, got); d != "" || rep.Odd != tc.odd {
				t.Errorf("%s %s: %+v\n%s", name, how, rep, d)
			}
		}
	}
}
