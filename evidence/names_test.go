package evidence

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEntryName(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/passwd":             "data/live/etc/passwd.zst",
		"/a/../b":                 "data/live/a/%2E%2E/b.zst",
		"/a/./b":                  "data/live/a/%2E/b.zst",
		"/x.zst":                  "data/live/x%2Ezst.zst",
		"/x.ZST/y":                "data/live/x%2EZST/y.zst",
		"/x.part0001":             "data/live/x%2Epart0001.zst",
		"/x.part001":              "data/live/x.part001.zst",
		"/new\nline":              "data/live/new%0Aline.zst",
		"/100% \xff é":            "data/live/100%25 %FF é.zst",
		"/C:\\x|y?":               "data/live/C%3A%5Cx%7Cy%3F.zst",
		"/trail. .":               "data/live/trail%2E%20%2E.zst",
		"/~long/x":                "data/live/%7Elong/x.zst",
		"/":                       "data/live/%2F.zst",
		"/" + "a" + "/" + "b.zst": "data/live/a/b%2Ezst.zst",
		"/zst":                    "data/live/zst.zst",
		"/.zst":                   "data/live/%2Ezst.zst",
		"/日本語":                    "data/live/日本語.zst",

		// Endings after bytes and letters that get longer or shorter in another case.
		"/\xff\xfe.part0001":                            "data/live/%FF%FE%2Epart0001.zst",
		"/" + strings.Repeat("\xff", 20) + ".PART12345": "data/live/" + strings.Repeat("%FF", 20) + "%2EPART12345.zst",
		"/İİ.part0001":                                  "data/live/İİ%2Epart0001.zst",
		"/ȺȺ.Zst":                                       "data/live/ȺȺ%2EZst.zst",
	} {
		if got := EntryName("live", path); got != want {
			t.Errorf("EntryName(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestEntryNameLong(t *testing.T) {
	long := "/" + strings.Repeat("d/", 3000) + "file"
	got := EntryName("live", long)
	if len(got) > 300 || !strings.HasPrefix(got, "data/live/~long/") || !strings.HasSuffix(got, "/file.zst") {
		t.Errorf("long path: %q", got)
	}
	if EntryName("live", long+"x") == got {
		t.Error("two long paths share a name")
	}
	a := EntryName("live", "/"+strings.Repeat("ä", 150))
	b := EntryName("live", "/"+strings.Repeat("ä", 151))
	if a == b || len(a) > 230 || !utf8.ValidString(a) {
		t.Errorf("long components: %q %q", a, b)
	}
	if c := EscapeComponent(strings.Repeat("\x01", 255)); len(c) > maxComponent || strings.Count(c, "%") != strings.Count(c, "%01") {
		t.Errorf("escape was cut in the middle: %q", c)
	}
}

// Whatever the bytes, a name has no component that a file system or a ZIP tool
// treats as special, and different paths keep different names.
func FuzzEntryName(f *testing.F) {
	for _, s := range []string{"/etc/passwd", "/a/../../b", "/x.zst", "/x.part0001/y", "\x00", "/%2E%2E", "/ ", "/~long", "/\xff\xff\xff\xff\xff\xff.part0001"} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, p, q string) {
		n := EntryName("live", p)
		if !utf8.ValidString(n) || len(n) > maxEntryPath+4 {
			t.Fatalf("bad name %q", n)
		}
		for c := range strings.SplitSeq(strings.TrimSuffix(n, ".zst"), "/") {
			if c == "" || c == "." || c == ".." || len(c) > maxComponent || strings.TrimRight(c, ". ") != c || reservedEnding(c) != "" {
				t.Fatalf("bad component %q of %q from %q", c, n, p)
			}
			if strings.ContainsAny(c, "\\<>:\"|?*\x00\n\x7f") {
				t.Fatalf("special byte in %q", c)
			}
		}
		if m := EntryName("live", q); m == n && clean(p) != clean(q) {
			t.Fatalf("%q and %q share the name %q", p, q, n)
		}
	})
}

// clean is how EntryName sees a path: empty components don't count.
func clean(p string) string {
	var out []string
	for c := range strings.SplitSeq(p, "/") {
		if c != "" {
			out = append(out, c)
		}
	}
	return strings.Join(out, "/")
}

func TestIDs(t *testing.T) {
	for _, good := range []string{"IR-1", "IR-2026-0117", "a"} {
		if err := ValidCase(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "-x", "a/b", "a..b", "a b", "IR-1.", "CON", "com1.x", strings.Repeat("x", 65), "é", "a\n"} {
		if ValidCase(bad) == nil {
			t.Errorf("case id %q passed", bad)
		}
	}
	for _, bad := range []string{"", "A", "a.b", "a/b", strings.Repeat("x", 81)} {
		if ValidBundle(bad) == nil {
			t.Errorf("bundle id %q passed", bad)
		}
	}
}

// TestPlainNames holds the short way for most names equal to the long one.
func TestPlainNames(t *testing.T) {
	names := []string{"passwd", "a.", "a ", "a. .", " a", "x.zst", "x.ZST", "x.part0001", "x.Part12345", "x.part1", "a%b", "é", "\xff", "a\x7fb", "a:b", "~long",
		strings.Repeat("n", maxComponent), strings.Repeat("n", maxComponent+1), "", ".", "..", ".z", "lib.so.1", "a\nb"}
	short := 0
	for _, c := range names {
		if plain(c) {
			short++
			if got := escape(c); got != c {
				t.Errorf("%q is escaped to %q but passes as plain", c, got)
			}
		}
	}
	if short == 0 || short == len(names) {
		t.Fatalf("%d of %d names are plain", short, len(names))
	}
}
