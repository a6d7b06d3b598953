package expand

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/collect/sinktest"
)

// TestLinksOfWindows has links in every form that Windows writes. One that leads
// to another drive, volume or host is told, and never followed to what has the
// same path here.
func TestLinksOfWindows(t *testing.T) {
	const here = `Documents and Settings -> \??\C:\Users`
	for _, c := range []struct {
		link, path, want string
	}{
		{`a/b/l -> \??\C:\real`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"},
		{`a/b/l -> \??\c:\real\`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"},
		{`a/b/l -> \\?\C:\real`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"},
		{`a/b/l -> C:\real`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"},
		{`a/b/l -> \real`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"}, // of the same drive
		{`a/b/l -> ..\..\real`, "/a/b/l/x", "/a/b/l symlink collected, /real/x file collected"},
		{`a/b/l -> \??\D:\real`, "/a/b/l/x", "/a/b/l symlink collected, /a/b/l symlink skipped, /a/b/l/x missing"},
		{`a/b/l -> \??\D:\real`, "/*/b/*/x", "/Documents and Settings symlink collected, /a/b/l symlink collected, /a/b/l symlink skipped"},
		{`a/b/l -> \??\D:\real\x`, "/a/b/l", "/a/b/l symlink collected, /a/b/l symlink skipped"},
		{`a/b/l -> \??\Volume{0}\real`, "/a/b/l/x", "/a/b/l symlink collected, /a/b/l symlink skipped, /a/b/l/x missing"},
		{`a/b/l -> \??\UNC\real\x`, "/a/b/l/x", "/a/b/l symlink collected, /a/b/l symlink skipped, /a/b/l/x missing"},
		{`a/b/l -> \\real\x`, "/a/b/l/x", "/a/b/l symlink collected, /a/b/l symlink skipped, /a/b/l/x missing"},
		{`a/b/l -> ..\k`, "/a/b/l/x", "/a/b/l symlink collected, /a/b/l symlink skipped, /a/b/l/x missing, /a/k symlink collected"},
	} {
		src := windows(tree(t, here, "Users/", "real/x", `a/k -> \??\E:\`, c.link))
		b := gather(t, src, Options{}, define("D", c.path))
		if got := strings.Join(b.seen(), ", "); got != c.want {
			t.Errorf("%s, %s:\n%s\n%s", c.link, c.path, got, c.want)
		}
	}
}

// TestNamedBehindALinkElsewhere: what a person names is missing, with the reason.
func TestNamedBehindALinkElsewhere(t *testing.T) {
	for _, path := range []string{"/l/x", "/D:/real/x", "/l/?"} {
		src := windows(tree(t, "Windows/", "real/x", `l -> \??\D:\real`))
		b, c := newBook(), New(context.Background(), src, nil, Options{})
		if err := c.Path(path).Collect(context.Background(), src, b); err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(b.Items(), func(g sinktest.Got) bool {
			return strings.Contains(g.Record.Error+g.Record.Reason, "on drive D:, and this volume is C:")
		})
		if at < 0 || slices.ContainsFunc(b.seen(), func(s string) bool { return strings.Contains(s, "real/x file") }) {
			t.Errorf("%s: %q", path, b.seen())
		}
	}
}

// TestDrives: the letter comes from the links of the system itself.
func TestDrives(t *testing.T) {
	for names, want := range map[string]byte{
		"Windows/": 'C', "WINNT/": 'C', "data/": 0, `Documents and Settings -> \??\d:\Users`: 'D', "Documents and Settings/": 0,
		`Users/All Users -> E:\ProgramData`: 'E', `Documents and Settings -> Users`: 0,
	} {
		if got := New(context.Background(), windows(tree(t, names)), nil, Options{}).env.drive; got != want {
			t.Errorf("%s: %q, want %q", names, got, want)
		}
	}
	for p, want := range map[string]byte{"C:": 'C', "c:/x": 'C', "x:stream": 0, "": 0, "1:/": 0, "[:/": 0, "/C:": 0} {
		if got := letter(p); got != want {
			t.Errorf("%q: %q", p, got)
		}
	}
}
