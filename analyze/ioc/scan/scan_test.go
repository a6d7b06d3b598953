package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/analyze/ioc/compiled"
	"github.com/hozen-dfir/hozen/analyze/ioc/list"
)

// set compiles a list given as text.
func set(t testing.TB, text string) *compiled.Set {
	t.Helper()
	b := compiled.NewBuilder()
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

// found scans b and returns "indicator offset length" lines, sorted.
func found(s *compiled.Set, b []byte) []string {
	var out []string
	New(s, func(p Place) {
		out = append(out, placeLine(s, p))
	}).Bytes(b)
	slices.Sort(out)
	return out
}

func placeLine(s *compiled.Set, p Place) string {
	return fmt.Sprintf("%s %d %d", s.Hits(nil, p.Entry)[0].Indicator, p.Offset, p.Length)
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
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

func TestBoundaries(t *testing.T) {
	s := set(t, boundaries)
	md5 := "d41d8cd98f00b204e9800998ecf8427e"
	for _, tc := range []struct {
		text string
		want []string // indicators, in the order of the text; none: nothing
	}{
		{"evil.example", []string{"evil.example"}}, {"x EVIL.Example.", []string{"evil.example"}}, {"a.b.evil.example/", []string{"evil.example"}},
		{"u=http%3A%2F%2Fevil.example%2Fx", []string{"evil.example"}}, {"%2f1.2.3.4%20", []string{"1.2.3.4"}}, {"%zzevil.example", nil}, {"2Fevil.example", nil},
		{"notevil.example", nil}, {"evil.example.au", nil}, {"evil.examples", nil}, {"evil.example-x", nil}, {"not-evil.example", nil},
		{"evil.example, evil.example", []string{"evil.example", "evil.example"}}, {"(evil.example)", []string{"evil.example"}}, {"..evil.example..", []string{"evil.example"}},
		{"\x00\x05evil.example\xff", []string{"evil.example"}}, {"=evil.example;", []string{"evil.example"}}, {"-evil.example-", []string{"evil.example"}},
		{"evil.example@mail.other", nil}, {"me@evil.example", []string{"evil.example"}}, {"evil[.]example", nil}, {"evil", nil}, {".example", nil},
		{strings.Repeat("a.", 200) + "evil.example", []string{"evil.example"}}, {strings.Repeat("a", 300) + "evil.example", nil},
		{"evil.example" + strings.Repeat("a", 100), nil}, {"evil.example." + strings.Repeat("b", 80), nil},
		{"1.2.3.4", []string{"1.2.3.4"}}, {"11.2.3.4", nil}, {"1.2.3.45", nil}, {"1.2.3.4.5", nil}, {"0.1.2.3.4", nil}, {"v1.2.3.4", nil}, {"1.2.3.4a", nil},
		{"x-1.2.3.4", nil}, {"01.2.3.4", nil}, {"1.2.3.4:443", []string{"1.2.3.4"}}, {"[1.2.3.4]", []string{"1.2.3.4"}}, {"1.2.3.4/24", []string{"1.2.3.4"}},
		{"1.2.3.4.", []string{"1.2.3.4"}}, {"at 1.2.3.4, then", []string{"1.2.3.4"}}, {"1.2.3.4-", []string{"1.2.3.4"}}, {"1.2.3", nil},
		{"192.0.2.200", []string{"192.0.2.0/24"}}, {"192.0.3.1", nil}, {"192.0.2.999", nil},
		{"2001:db8::1", []string{"2001:db8::1"}}, {"2001:0DB8:0:0:0:0:0:1", []string{"2001:db8::1"}}, {"[2001:db8::1]:80", []string{"2001:db8::1"}},
		{"2001:db8::12", nil}, {"12001:db8::1", nil}, {"2001:db8::1:", []string{"2001:db8::1"}}, {"2001:db8:5:9::7", []string{"2001:db8:5::/48"}}, {"2001:db8:6::7", nil},
		{"x2001:db8::1", nil}, {"[IPv6:2001:db8::1])", []string{"2001:db8::1"}}, {"ip6:2001:db8::1 -all", []string{"2001:db8::1"}}, {"inet6 addr:2001:db8:5::9/64", []string{"2001:db8:5::/48"}}, {"std::map<a::b>", nil}, {"12:34:56", nil}, {"2001:db8::1/64", []string{"2001:db8::1"}},
		{"10.0.0.1:8080", []string{"10.0.0.1:8080"}}, {"10.0.0.1", nil}, {"10.0.0.1:80801", nil}, {"10.0.0.1:808", nil}, {"10.0.0.1:8080/x", []string{"10.0.0.1:8080"}},
		{"a.c2.example:99 ", []string{"c2.example:99"}}, {"c2.example:990", nil}, {"xc2.example:99", nil},
		{"http://evil.test/a/b.php", []string{"http://evil.test/a/b.php"}}, {"https://EVIL.test/a/b.php?x=1", []string{"http://evil.test/a/b.php"}},
		{"evil.test/a/b.php/c", []string{"http://evil.test/a/b.php"}}, {"evil.test/a/b.phpx", nil}, {"evil.test/a/B.php", nil}, {"x.evil.test/a/b.php", nil},
		{"http://evil.test:80/a/b.php.", []string{"http://evil.test/a/b.php"}}, {"http://evil.test:81/a/b.php", nil}, {"http://u:p@evil.test/a/b%2Ephp", []string{"http://evil.test/a/b.php"}},
		{"<a href=\"http://evil.test/a/b.php\">", []string{"http://evil.test/a/b.php"}}, {"evil.test", nil}, {"evil.test/", nil},
		{"http://host.test/any", []string{"http://host.test"}}, {"http://host.test", []string{"http://host.test"}}, {"host.test", nil}, {"http://host.testing/", nil},
		{"wget http://9.9.9.9/only/path.arm7", []string{"/only/path.arm7"}}, {"http://any.zone/only/path.arm7?x", []string{"/only/path.arm7"}}, {"/only/path.arm7", nil},
		{"http://any.zone/x/only/path.arm7", nil},
		{"mail BAD@mail.test now", []string{"bad@mail.test"}}, {"notbad@mail.test", nil}, {"x.bad@mail.test", nil}, {"bad@mail.test.de", nil}, {"bad@sub.mail.test", nil},
		{md5, []string{md5}}, {strings.ToUpper(md5), []string{md5}}, {md5 + "0", nil}, {"0" + md5, nil}, {"x" + md5, nil}, {md5 + "g", nil}, {"'" + md5 + "'", []string{md5}},
		{strings.Repeat("0", 31) + " " + md5 + " " + strings.Repeat("0", 40), []string{md5}},
		{"www.bücher.example", []string{"bücher.example"}}, {"xn--bcher-kva.example", []string{"bücher.example"}}, {"bcher.example", nil}, {"访问evil.example下载", []string{"evil.example"}},
	} {
		check := func(how string, b []byte) {
			t.Helper()
			var got []string
			New(s, func(p Place) { got = append(got, s.Hits(nil, p.Entry)[0].Indicator) }).Bytes(b)
			if !cmp.Equal(got, tc.want) {
				t.Errorf("%s %.80q: %q, want %q", how, tc.text, got, tc.want)
			}
		}
		check("ascii", []byte(tc.text))
		check("between NULs", []byte("\x00\x00"+tc.text+"\x00\x00"))
		ascii := strings.IndexFunc(tc.text, func(r rune) bool { return r >= 0x80 }) < 0
		if ascii || strings.Contains(tc.text, "下") {
			check("utf-16", utf16le(tc.text))
			check("odd utf-16", append([]byte("\x01"), utf16le(tc.text)...))
		}
	}
}

// TestPlaces: offsets and lengths are those of the text.
func TestPlaces(t *testing.T) {
	s := set(t, boundaries)
	text := "go to http://x@evil.test/a/b.php?q and a.evil.example or bad@mail.test"
	want := []string{"bad@mail.test 57 13", "evil.example 41 12", "http://evil.test/a/b.php 15 17"}
	if d := cmp.Diff(want, found(s, []byte(text))); d != "" {
		t.Error(d)
	}
	for i, w := range want {
		var name string
		var off, n int
		fmt.Sscanf(w, "%s %d %d", &name, &off, &n)
		want[i] = fmt.Sprintf("%s %d %d", name, 2*off+1, 2*n)
	}
	slices.Sort(want)
	if d := cmp.Diff(want, found(s, append([]byte("#"), utf16le(text)...))); d != "" {
		t.Error(d)
	}
}

// noise mixes tokens of indicators with what may stand beside them.
func noise(rng *rand.Rand, n int) []byte {
	parts := []string{"evil.example", "evil", ".", "example", "1.2.3.4", "1", "192.0.2.9", "-", "@", "/", "://", ":", "80", "8080", " ", "\n", "\x00", "\xff", "http",
		"d41d8cd98f00b204e9800998ecf8427e", "a", "bad", "mail.test", "2001:db8::1", "::", "evil.test/a/b.php", "c2.example:99", "10.0.0.1:8080", "_", "访", "=", "?x"}
	var b bytes.Buffer
	for b.Len() < n {
		p := parts[rng.IntN(len(parts))]
		if rng.IntN(4) == 0 {
			b.Write(utf16le(p))
		} else {
			b.WriteString(p)
		}
	}
	return b.Bytes()
}

// TestAgainstReference compares domains, addresses and hashes with a plain
// search by regular expressions and a map.
func TestAgainstReference(t *testing.T) {
	s := set(t, "evil.example\nmail.test\n1.2.3.4\n192.0.2.9\nd41d8cd98f00b204e9800998ecf8427e\n")
	keys := map[string]bool{"evil.example": true, "mail.test": true, "1.2.3.4": true, "192.0.2.9": true, "d41d8cd98f00b204e9800998ecf8427e": true}
	token := regexp.MustCompile(`[A-Za-z0-9_.-]+`)
	hexes := regexp.MustCompile(`[0-9a-fA-F]+`)
	rng := rand.New(rand.NewPCG(7, 7))
	total := 0
	var got []string
	sc := New(s, func(p Place) { got = append(got, s.Hits(nil, p.Entry)[0].Indicator) })
	for round := range 3000 {
		b := noise(rng, 200)
		b = bytes.ReplaceAll(b, []byte{0}, []byte{' '}) // UTF-16 has tests of its own
		var want []string
		for _, m := range token.FindAllIndex(b, -1) {
			for _, run := range strings.Split(string(b[m[0]:m[1]]), "..") {
				want = append(want, reference(keys, run, m[1] < len(b) && b[m[1]] == '@' && strings.HasSuffix(string(b[:m[1]]), run))...)
			}
		}
		for _, m := range hexes.FindAllIndex(b, -1) {
			alone := (m[0] == 0 || !alnum(b[m[0]-1])) && (m[1] == len(b) || !alnum(b[m[1]]))
			if k := strings.ToLower(string(b[m[0]:m[1]])); alone && len(k) == 32 && keys[k] {
				want = append(want, k)
			}
		}
		got = got[:0]
		sc.Bytes(b)
		slices.Sort(got)
		slices.Sort(want)
		total += len(want)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %q\n got %q\nwant %q", round, b, got, want)
		}
	}
	if total < 2000 {
		t.Errorf("only %d matches: the noise tests nothing", total)
	}
}

func alnum(c byte) bool { return classOf(c)&isAlnum != 0 }

func reference(keys map[string]bool, run string, local bool) []string {
	run = strings.ToLower(strings.Trim(run, "."))
	run = strings.TrimRight(strings.TrimLeft(run, "-."), "-_")
	if _, err := netip.ParseAddr(run); err == nil {
		if keys[run] {
			return []string{run}
		}
		return nil
	}
	var out []string
	for name := run; !local && strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		if keys[name] && !strings.HasPrefix(name, "1") {
			out = append(out, name)
		}
	}
	return out
}

// TestBlocksAgreeWithWhole: reading in blocks finds what one pass finds, with
// indicators across every border.
func TestBlocksAgreeWithWhole(t *testing.T) {
	s := set(t, boundaries)
	rng := rand.New(rand.NewPCG(9, 9))
	b := noise(rng, Block+Block/2+12345)
	for at := Block - 200; at < len(b)-100; at += 4096 {
		copy(b[at+rng.IntN(40):], " http://evil.test/a/b.php ")
	}
	want := found(s, b)
	var got []string
	sc := New(s, func(p Place) {
		got = append(got, placeLine(s, p))
	})
	var tee bytes.Buffer
	if err := sc.Read(context.Background(), bytes.NewReader(b), int64(len(b)), &tee); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if len(want) < 1000 || !slices.Equal(want, got) {
		t.Errorf("%d in one pass, %d in blocks: %s", len(want), len(got), cmp.Diff(want, got))
	}
	if !bytes.Equal(tee.Bytes(), b) {
		t.Error("the bytes handed on differ")
	}
	if err := sc.Read(context.Background(), bytes.NewReader(b), int64(len(b))+1, nil); err == nil {
		t.Error("content shorter than stated is no error")
	}
}

func FuzzScan(f *testing.F) {
	s := set(f, boundaries)
	for _, seed := range []string{"evil.example", "1.2.3.4:80/x", "http://[2001:db8::1]:80/a", "e\x00v\x00i\x00l\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00", "a@b.c", "b\xc3\xbccher.example", "::::", "....", "d41d8cd98f00b204e9800998ecf8427e"} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole := found(s, b)
		// In two pieces, with all the surroundings, the answer is the same.
		at := 0
		if len(b) > 0 {
			at = (cut%len(b) + len(b)) % len(b)
		}
		var got []string
		sc := New(s, func(p Place) {
			if p.Offset < 0 || p.Offset+int64(p.Length) > int64(len(b)) || p.Length <= 0 || len(p.Data) != p.Length {
				t.Errorf("place %+v in %d bytes", p, len(b))
			}
			got = append(got, placeLine(s, p))
		})
		sc.block(b, 0, 0, at)
		sc.block(b, 0, at, len(b))
		slices.Sort(got)
		if !slices.Equal(whole, got) {
			t.Errorf("%q cut at %d: %q, whole %q", b, at, got, whole)
		}
	})
}

// TestLoadBlob: a damaged set is refused or harmless.
func TestLoadBlob(t *testing.T) {
	blob := set(t, boundaries).Marshal()
	again, err := compiled.Load(bytes.Clone(blob))
	if err != nil || len(again.MatchDomain("a.evil.example")) != 1 {
		t.Fatal(err)
	}
	for _, n := range []int{0, 8, 100, 4224, len(blob) - 1} {
		if _, err := compiled.Load(blob[:n]); !errors.Is(err, compiled.ErrBlob) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	content := noise(rng, 4000)
	for range 1000 {
		bad := bytes.Clone(blob)
		for range 1 + rng.IntN(8) {
			bad[rng.IntN(len(bad))] ^= byte(1 << rng.IntN(8))
		}
		s, err := compiled.Load(bad)
		if err != nil {
			continue
		}
		New(s, func(p Place) { s.Hits(nil, p.Entry) }).Bytes(content)
		s.MatchDomain("evil.example")
		s.MatchPath("/tmp/x")
	}
}
