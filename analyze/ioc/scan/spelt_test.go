package scan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
)

// TestInternational: a name beyond ASCII is found in every spelling, however
// it was listed, and only as a whole.
func TestInternational(t *testing.T) {
	for _, listed := range []string{"bücher.example", "xn--bcher-kva.example", "BÜCHER.Example.", norm.NFD.String("bücher.example")} {
		s := set(t, listed+"\nпример.рф\n例子.测试\nhttp://kräuter.test/a/b\nbad@müller.test\nhôte.test:99\n/only/path.arm7\nevil.example\n")
		listed = strings.TrimSuffix(listed, "\n")
		for _, tc := range []struct {
			text string
			want []string
		}{
			{"bücher.example", []string{listed}}, {"BÜCHER.EXAMPLE", []string{listed}}, {norm.NFD.String("Bücher.example"), []string{listed}}, {"xn--bcher-kva.example", []string{listed}}, {"XN--BCHER-KVA.Example", []string{listed}},
			{"www.bücher.example.", []string{listed}}, {"größe.bücher.example", []string{listed}}, {"http://bücher.example/x", []string{listed}}, {"“bücher.example”", []string{listed}}, {"(bücher.example)", []string{listed}}, {"访问bücher.example下载", []string{listed}},
			{"me@bücher.example", []string{listed}}, {"http://u:p@bücher.example:8080/", []string{listed}}, {"bü\u00adcher.example", []string{listed}}, {"ｂücher.example", []string{listed}}, {"u=bücher.example&x", []string{listed}},
			{"xbücher.example", nil}, {"übücher.example", nil}, {"bücher.exampleé", nil}, {"bücher.example.de", nil}, {"bücher.example.рф", nil}, {"bücher.examples", nil}, {"bucher.example", nil}, {"bcher.example", nil}, {"-bücher-.example", nil}, {"bücher.example@x.test", nil}, {"xn--bcher-kvax.example", nil}, {"xxn--bcher-kva.example", nil},
			{"пример.рф", []string{"пример.рф"}}, {"ПРИМЕР.РФ,", []string{"пример.рф"}}, {"см. www.пример.рф.", []string{"пример.рф"}}, {"xn--e1afmkfd.xn--p1ai", []string{"пример.рф"}}, {"непример.рф", nil}, {"пример.рфа", nil}, {"пример.рф.com", nil},
			{"例子.测试", []string{"例子.测试"}}, {"http://a.例子.测试/", []string{"例子.测试"}}, {"不例子.测试", nil},
			{"http://kräuter.test/a/b", []string{"http://kräuter.test/a/b"}}, {"KRÄUTER.test/a/b/c", []string{"http://kräuter.test/a/b"}}, {"https://xn--kruter-cua.test:443/a/%62?q", []string{"http://kräuter.test/a/b"}}, {"http://kräuter.test/a/bc", nil}, {"http://x.kräuter.test/a/b", nil}, {"http://kräuter.test:81/a/b", nil},
			{"bad@müller.test", []string{"bad@müller.test"}}, {"<BAD@xn--mller-kva.test>", []string{"bad@müller.test"}}, {"mailto:Bad@MÜLLER.test?x", []string{"bad@müller.test"}}, {"notbad@müller.test", nil}, {"öbad@müller.test", nil}, {"bad@a.müller.test", nil}, {"bad@müller.testé", nil},
			{"hôte.test:99", []string{"hôte.test:99"}}, {"a.HÔTE.test:99/", []string{"hôte.test:99"}}, {"hôte.test:990", nil}, {"xn--hte-kna.test:99", []string{"hôte.test:99"}},
			{"http://école.zone/only/path.arm7", []string{"/only/path.arm7"}}, {"http://школа.рус/only/path.arm7", []string{"/only/path.arm7"}},
			{"évil.example", nil}, {"éevil.example", nil}, {"evil.exampleé", nil}, {"evil.example.рф", nil}, {"访问evil.example下载", []string{"evil.example"}}, {"é.evil.example", []string{"evil.example"}}, {"ｅｖｉｌ.example", []string{"evil.example"}},
		} {
			check := func(how string, b []byte) {
				t.Helper()
				var got []string
				New(s, func(p Place) { got = append(got, s.Hits(nil, p.Entry)[0].Indicator) }).Bytes(b)
				if !cmp.Equal(got, tc.want) {
					t.Errorf("%s listed, %s %q: %q, want %q", listed, how, tc.text, got, tc.want)
				}
			}
			check("UTF-8", []byte(tc.text))
			check("UTF-8 between spaces", []byte(" "+tc.text+" "))
			check("UTF-8 between NULs", []byte("\x00\x00"+tc.text+"\x00\x00"))
			check("UTF-16", utf16le(tc.text))
			check("odd UTF-16", append([]byte("x"), utf16le(tc.text+" ")...))
		}
	}
}

// TestInternationalPlaces: offsets and lengths are those of the text, also
// where a character is more than one byte or unit.
func TestInternationalPlaces(t *testing.T) {
	s := set(t, "bücher.example\nhttp://kräuter.test/a\n😀.test\n")
	text := "ééé (http://kräuter.test/a) www.bücher.example, a.😀.test"
	for _, tc := range []struct {
		name string
		b    []byte
		enc  func(string) []byte
	}{{"UTF-8", []byte(text), func(s string) []byte { return []byte(s) }}, {"UTF-16", utf16le(text), utf16le}} {
		var got []string
		New(s, func(p Place) {
			got = append(got, string(p.Data))
			if string(tc.b[p.Offset:p.Offset+int64(p.Length)]) != string(p.Data) {
				t.Errorf("%s: %+v", tc.name, p)
			}
		}).Bytes(tc.b)
		want := []string{string(tc.enc("kräuter.test/a")), string(tc.enc("bücher.example")), string(tc.enc("😀.test"))}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", tc.name, d)
		}
	}
}
