package expand

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"os"
	"path/filepath"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// TestLongLineInTheAccounts: it hides no home that is named after it.
func TestLongLineInTheAccounts(t *testing.T) {
	long := "l:x:1:1:" + strings.Repeat("x", 200_000) + ":/srv/l:/bin/sh\n"
	src := withPasswd(t, long+"a:x:2:2::/srv/a:/bin/sh\n"+long+"b:x:3:3::/srv/b:/bin/sh", "srv/a/.rc", "srv/b/.rc")
	if d := cmp.Diff([]string{"/srv/a/.rc file collected", "/srv/b/.rc file collected"}, gather(t, src, Options{}, define("D", "%%users.homedir%%/.rc")).seen()); d != "" {
		t.Error(d)
	}
}

// withPasswd makes a Linux tree with an account file.
func withPasswd(t *testing.T, passwd string, names ...string) *sourcetest.Dir {
	t.Helper()
	root := tree(t, append(names, "etc/")...)
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte(passwd), 0o644); err != nil {
		t.Fatal(err)
	}
	return linux(root)
}

func TestHomesOfTheSource(t *testing.T) {
	src := withPasswd(t, "root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\nw:x:33:33::/var/www:/bin/false\nv:x:1:1::/srv/homes/v:/bin/sh\n"+
		"d:x:2:2::/nonexistent:/bin/false\nodd:x:3:3::/srv/a*b:/bin/sh\nup:x:4:4::/srv/../srv/homes/v:/bin/sh\nrel:x:5:5::home:/bin/sh\nshort:x\n"+strings.Repeat("x", 100_000)+"\n",
		"root/.rc", "home/u/.rc", "home/notlisted/.rc", "var/www/.rc", "srv/homes/v/.rc", "srv/a*b/.rc", "srv/axb/.rc", "home/u/deep/er/.rc")
	b := gather(t, src, Options{}, define("D", "%%users.homedir%%/.rc", "%%users.userprofile%%/.none", "%%users.appdata%%/x", "/home/%%users.username%%/.rc"))
	want := []string{"/home/notlisted/.rc file collected", "/home/u/.rc file collected", "/root/.rc file collected", "/srv/a*b/.rc file collected",
		"/srv/homes/v/.rc file collected", "/var/www/.rc file collected"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
	var lines []string
	for _, l := range *b.lines {
		if l.Kind == collect.LinePattern || l.Kind == collect.LineUnsupported {
			n := int64(-1)
			if l.Matches != nil {
				n = *l.Matches
			}
			lines = append(lines, l.Pattern+" "+string(rune('0'+max(n, 0)))+" "+l.Reason)
		}
	}
	wantLines := []string{"%%users.homedir%%/.rc 6 ", "%%users.userprofile%%/.none 0 ",
		"%%users.appdata%%/x 0 the variable %%users.appdata%% has no value on this source, or not at this place", "/home/%%users.username%%/.rc 2 "}
	if d := cmp.Diff(wantLines, lines); d != "" {
		t.Error(d)
	}
	c := New(context.Background(), src, nil, Options{})
	if len(c.Notes()) != 1 || !strings.Contains(c.Notes()[0], "passwd") {
		t.Errorf("a line beyond all bounds is not noted: %q", c.Notes())
	}
}

func TestHomeThatIsTheRoot(t *testing.T) {
	src := withPasswd(t, "x:x:0:0::/:/bin/sh\n", ".rc", "a/b/c")
	b := gather(t, src, Options{}, define("D", "%%users.homedir%%/.rc", "%%users.homedir%%/**10"))
	if d := cmp.Diff([]string{"/.rc file collected"}, b.seen()); d != "" {
		t.Error(d)
	}
}

func TestManyHomes(t *testing.T) {
	var b strings.Builder
	for range 50_000 {
		b.WriteString("x:x:0:0::/srv:/bin/sh\n")
	}
	src := withPasswd(t, b.String(), "srv/.rc")
	if got := gather(t, src, Options{}, define("D", "%%users.homedir%%/.rc")).seen(); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func windows(root string) *sourcetest.Dir { return sourcetest.NewDir(root, collect.Windows) }

func defineWindows(paths ...string) *artifacts.Definition {
	return &artifacts.Definition{Name: "W", FollowLinks: true, Sources: []artifacts.Source{{Type: artifacts.TypeFile, Paths: paths, Separator: `\`}}}
}

func TestWindowsPaths(t *testing.T) {
	root := tree(t, "Windows/System32/config/SAM", "Windows/System32/config/SAM.LOG1", "Users/Alice/NTUSER.DAT", "Users/Public/Desktop.ini",
		"Users/Alice/AppData/Local/Microsoft/Windows/UsrClass.dat", "Users/Alice/AppData/Roaming/x", "ProgramData/p", "Program Files (x86)/q",
		"Windows/ServiceProfiles/LocalService/ntuser.dat", "$Recycle.Bin/S-1-5-21-7/$I1", "$Recycle.Bin/other/$I1", "Boot/BCD",
		"Documents and Settings -> C:\\Users", "Users/All Users -> \\??\\C:\\ProgramData")
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{`%%environ_systemroot%%\system32\CONFIG\sam`, []string{"/Windows/System32/config/SAM file collected"}},
		{`%%environ_windir%%\System32\config\SAM*`, []string{"/Windows/System32/config/SAM file collected", "/Windows/System32/config/SAM.LOG1 file collected"}},
		{`C:\windows\system32\config\sam.log?`, []string{"/Windows/System32/config/SAM.LOG1 file collected"}},
		{`\boot\bcd`, []string{"/Boot/BCD file collected"}},
		{`%%users.userprofile%%\ntuser.dat`, []string{"/Users/Alice/NTUSER.DAT file collected", "/Users/All Users symlink collected", "/Windows/ServiceProfiles/LocalService/ntuser.dat file collected"}},
		{`%%users.localappdata%%\Microsoft\Windows\USRCLASS.DAT*`, []string{"/Users/Alice/AppData/Local/Microsoft/Windows/UsrClass.dat file collected", "/Users/All Users symlink collected"}},
		{`%%users.appdata%%\x`, []string{"/Users/Alice/AppData/Roaming/x file collected", "/Users/All Users symlink collected"}},
		{`%%environ_allusersappdata%%\p`, []string{"/ProgramData/p file collected"}},
		{`%%environ_programfilesx86%%\Q`, []string{"/Program Files (x86)/q file collected"}},
		{`%%environ_programfiles%%\none`, []string{"/Program Files/none missing"}},
		{`%%environ_systemdrive%%\$recycle.bin\%%users.sid%%\$I*`, []string{"/$Recycle.Bin/S-1-5-21-7/$I1 file collected"}},
		{`\Documents and Settings\alice\ntuser.dat`, []string{"/Documents and Settings symlink collected", "/Users/Alice/NTUSER.DAT file collected"}},
		{`\Users\all users\P`, []string{"/ProgramData/p file collected", "/Users/All Users symlink collected"}},
	} {
		b := gather(t, windows(root), Options{}, defineWindows(c.pattern))
		slices.Sort(c.want)
		if d := cmp.Diff(c.want, b.seen()); d != "" {
			t.Errorf("%s: %s", c.pattern, d)
		}
		for _, g := range b.Items() {
			if g.Record.Type == evidence.TypeFile && !slices.Equal(g.Record.Artifacts, []string{"W"}) {
				t.Errorf("%s: %q", g.Record.Path, g.Record.Artifacts)
			}
		}
	}
}

func TestOldWindows(t *testing.T) {
	root := tree(t, "WINNT/system32/config/sam", "Documents and Settings/bob/NTUSER.DAT", "Documents and Settings/bob/Local Settings/Application Data/l",
		"Documents and Settings/All Users/Application Data/a", "Documents and Settings/bob/Application Data/r")
	b := gather(t, windows(root), Options{}, defineWindows(`%%environ_systemroot%%\System32\config\SAM`, `%%users.homedir%%\ntuser.dat`,
		`%%users.localappdata%%\l`, `%%environ_allusersappdata%%\a`, `%%users.appdata%%\r`))
	if len(b.Items()) != 5 {
		t.Errorf("%q", b.seen())
	}
}

// streamed is a source whose files have alternate streams.
type streamed struct{ *sourcetest.Dir }

func (s streamed) Lstat(p string) (evidence.Stat, error) {
	base, name, isStream := strings.Cut(p, ":")
	st, err := s.Dir.Lstat(base)
	switch {
	case err != nil:
	case isStream && name == "gone":
		err = os.ErrNotExist
	case isStream:
		st.Type, st.StatLen, st.Streams = evidence.TypeADS, 3, nil
	case st.Type == evidence.TypeFile:
		st.Streams = []string{"Zone.Identifier", "gone"}
	}
	return st, err
}

func (s streamed) Open(ctx context.Context, p string) (evidence.Content, evidence.Stat, error) {
	if base, _, ok := strings.Cut(p, ":"); ok {
		st, err := s.Lstat(base)
		if err != nil {
			return nil, st, err
		}
		c, err := evidence.Bytes([]byte("ads"))(ctx)
		return c, st, err
	}
	return s.Dir.Open(ctx, p)
}

func TestAlternateStreams(t *testing.T) {
	src := streamed{windows(tree(t, "a.exe", "b.exe", "$Extend/$UsnJrnl"))}
	b := gather(t, src, Options{}, defineWindows(`\*.exe`, `\B.exe`, `\$extend\$UsnJrnl:$J`))
	want := []string{"/$Extend/$UsnJrnl:$J ads collected", "/a.exe file collected", "/a.exe:Zone.Identifier ads collected", "/a.exe:gone ads missing",
		"/b.exe file collected", "/b.exe:Zone.Identifier ads collected", "/b.exe:gone ads missing"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
}

// TestStreamThatIsNotThere: a stream that a file names and that is not there has
// gone on a host that lives; in an image it is damage, and no mere absence.
func TestStreamThatIsNotThere(t *testing.T) {
	for method, want := range map[string]evidence.Outcome{"os": evidence.Missing, "ntfs": evidence.Failed} {
		src := streamed{windows(tree(t, "a.exe"))}
		src.In.Method = method
		got := gather(t, src, Options{}, defineWindows(`\*.exe`)).Find("test", "/a.exe:gone")
		if len(got) != 1 || got[0].Record.Outcome != want {
			t.Errorf("%s: %+v", method, got)
		}
	}
}
