package expand

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

func TestPatterns(t *testing.T) {
	names := []string{
		"etc/passwd", "etc/a.conf", "etc/B.conf", "etc/sub/c.conf", "etc/sub/deep/d.conf", "etc/sub/deep/er/e.conf",
		"etc/sub/deep/er/most/f.conf", "etc/odd\nname.conf", "etc/bad\xff.conf", "etc/empty/", "etc/[x].conf",
	}
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"/etc/passwd", []string{"/etc/passwd file collected"}},
		{"/etc/PASSWD", []string{"/etc/PASSWD missing"}},
		{"/etc/none/x", []string{"/etc/none/x missing"}},
		{"/etc/passwd/x", []string{"/etc/passwd/x missing"}},
		{"/etc/none/*", nil},
		{"/etc/*.none", nil},
		{"/etc", []string{"/etc dir collected"}},
		{"/", []string{"/ dir collected"}},
		{"//etc/./passwd", []string{"/etc/passwd file collected"}},
		{"/etc/?.conf", []string{"/etc/B.conf file collected", "/etc/a.conf file collected"}},
		{"/etc/[a-z].conf", []string{"/etc/a.conf file collected"}},
		{"/etc/odd*", []string{"/etc/odd\nname.conf file collected"}},
		{"/etc/bad?.conf", []string{"/etc/bad\xff.conf file collected"}},
		{"/*/sub/*.conf", []string{"/etc/sub/c.conf file collected"}},
		{"/etc/sub/**", []string{"/etc/sub/c.conf file collected", "/etc/sub/deep dir collected", "/etc/sub/deep/d.conf file collected",
			"/etc/sub/deep/er dir collected", "/etc/sub/deep/er/e.conf file collected", "/etc/sub/deep/er/most dir collected"}},
		{"/etc/sub/**1", []string{"/etc/sub/c.conf file collected", "/etc/sub/deep dir collected"}},
		{"/etc/**2/*.conf", []string{"/etc/sub/c.conf file collected", "/etc/sub/deep/d.conf file collected"}},
		{"/etc/**10.conf", []string{"/etc/B.conf file collected", "/etc/[x].conf file collected", "/etc/a.conf file collected", "/etc/bad\xff.conf file collected",
			"/etc/odd\nname.conf file collected", "/etc/sub/c.conf file collected", "/etc/sub/deep/d.conf file collected",
			"/etc/sub/deep/er/e.conf file collected", "/etc/sub/deep/er/most/f.conf file collected"}},
	} {
		b := gather(t, linux(tree(t, names...)), Options{}, define("D", c.pattern))
		got := b.seen()
		slices.Sort(c.want)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.pattern, d)
		}
		last := (*b.lines)[len(*b.lines)-1]
		n := int64(len(c.want))
		if len(c.want) == 1 && strings.HasSuffix(c.want[0], "missing") {
			n = 0
		}
		if last.Kind != collect.LinePattern || *last.Matches != n {
			t.Errorf("%s: last line %+v, want %d matches", c.pattern, last, n)
		}
	}
}

func TestLinks(t *testing.T) {
	names := []string{
		"run/lock/held", "run/resolv.conf", "var/run -> /run", "var/up -> ../../../../run", "etc/resolv.conf -> ../run/resolv.conf",
		"etc/dangling -> nowhere", "etc/loop -> loop", "etc/a -> b", "etc/b -> a/x", "etc/dir -> ../run/lock", "etc/chain -> ../var/run/resolv.conf",
		"etc/conf.d/one", "etc/conf.d/masked -> /dev/null", "etc/conf.d/away -> /run/lock", "home/u -> /data/u", "data/u/.rc", "data/v/.rc", "home/v -> ../data/v",
	}
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"/var/run/lock/held", []string{"/run/lock/held file collected", "/var/run symlink collected"}},
		{"/var/run/lock/*", []string{"/run/lock/held file collected", "/var/run symlink collected"}},
		{"/var/up/lock/held", []string{"/run/lock/held file collected", "/var/up symlink collected"}},
		{"/var/run/none", []string{"/run/none missing", "/var/run symlink collected"}},
		{"/etc/resolv.conf", []string{"/etc/resolv.conf symlink collected", "/run/resolv.conf file collected"}},
		{"/etc/res*", []string{"/etc/resolv.conf symlink collected", "/run/resolv.conf file collected"}},
		{"/etc/dangling", []string{"/etc/dangling symlink collected", "/etc/nowhere missing"}},
		{"/etc/dang*", []string{"/etc/dangling symlink collected"}},
		{"/etc/dangling/x", []string{"/etc/dangling symlink collected", "/etc/dangling/x missing"}},
		{"/etc/loop/x", []string{"/etc/loop symlink collected", "/etc/loop/x missing"}},
		{"/etc/loop", []string{"/etc/loop symlink collected"}},
		{"/etc/a/x", []string{"/etc/a symlink collected", "/etc/a/x missing", "/etc/b symlink collected"}},
		{"/etc/chain", []string{"/etc/chain symlink collected", "/run/resolv.conf file collected", "/var/run symlink collected"}},
		{"/etc/dir", []string{"/etc/dir symlink collected", "/run/lock dir collected"}},
		{"/etc/conf.d/*", []string{"/etc/conf.d/away symlink collected", "/etc/conf.d/masked symlink collected", "/etc/conf.d/one file collected"}},
		{"/home/*/.rc", []string{"/data/u/.rc file collected", "/data/v/.rc file collected", "/home/u symlink collected", "/home/v symlink collected"}},
		{"/etc/**5/held", nil}, // ** does not follow links
	} {
		b := gather(t, linux(tree(t, names...)), Options{}, define("D", c.pattern))
		got := b.seen()
		slices.Sort(c.want)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.pattern, d)
		}
	}
	d := define("D", "/etc/resolv.conf")
	d.FollowLinks = false
	if got := gather(t, linux(tree(t, names...)), Options{}, d).seen(); !slices.Equal(got, []string{"/etc/resolv.conf symlink collected"}) {
		t.Errorf("follow_links: false: %q", got)
	}
}

// TestLinksStayInside plants links that lead out of a mounted tree: what they
// name is looked for inside it.
func TestLinksStayInside(t *testing.T) {
	outside := tree(t, "secret")
	root := tree(t, "etc/abs -> "+outside+"/secret", "etc/rel -> ../../../../../../../../.."+outside+"/secret", "etc/dir -> "+outside)
	for _, g := range gather(t, linux(root), Options{}, define("D", "/etc/*", "/etc/abs", "/etc/rel", "/etc/dir/secret")).Items() {
		if g.Record.Type == evidence.TypeFile || len(g.Bytes) > 0 {
			t.Errorf("%s was read from outside: %q", g.Record.Path, g.Bytes)
		}
	}
}

func TestManyHops(t *testing.T) {
	names := []string{"end"}
	for i := range 60 {
		names = append(names, fmt.Sprintf("l%02d -> l%02d", i, i+1))
	}
	names = append(names, "l60 -> end")
	got := gather(t, linux(tree(t, names...)), Options{}, define("D", "/l30")).seen()
	if !slices.Contains(got, "/end file collected") {
		t.Errorf("31 links: %q", got)
	}
	got = gather(t, linux(tree(t, names...)), Options{}, define("D", "/l00")).seen()
	if slices.Contains(got, "/end file collected") {
		t.Error("61 links were followed")
	}
}

func TestEachPathOnce(t *testing.T) {
	root := tree(t, "etc/passwd", "etc/other")
	meta := &artifacts.Definition{Name: "Meta", Sources: []artifacts.Source{{Type: artifacts.TypePath, Paths: []string{"/etc/*"}, Separator: "/"}}}
	b := gather(t, linux(root), Options{}, define("A", "/etc/passwd"), define("B", "/etc/*", "/etc/p*"), define("C", "/nope"), meta)
	items := b.Find("test", "/etc/passwd")
	if len(items) != 1 || !slices.Equal(items[0].Record.Artifacts, []string{"A", "B", "Meta"}) {
		t.Errorf("%d items, artifacts %q", len(items), items[0].Record.Artifacts)
	}
	again := 0
	for _, l := range *b.lines {
		if l.Again && l.Path == "/etc/passwd" {
			if again++; l.Artifact == "B" && l.Outcome != evidence.Collected {
				t.Errorf("line %+v", l)
			}
		}
	}
	if again != 3 {
		t.Errorf("%d lines for asking again, want 3 (B twice, Meta)", again)
	}
	// Metadata first does not keep the bytes from being taken.
	b = gather(t, linux(root), Options{}, meta, define("A", "/etc/passwd"))
	if items := b.Find("test", "/etc/passwd"); len(items) != 2 || len(items[0].Bytes) > 0 || string(items[1].Bytes) != "content of etc/passwd" {
		t.Errorf("%d items", len(items))
	}
}

func TestOwnOutputIsLeftOut(t *testing.T) {
	root := tree(t, "tmp/out/seal/0", "tmp/out2/x", "tmp/a")
	want := []string{"/tmp/a file collected", "/tmp/out dir skipped", "/tmp/out2 dir collected", "/tmp/out2/x file collected"}
	b := gather(t, linux(root), Options{Own: []string{"/tmp/out"}}, define("D", "/tmp/**", "/tmp/*", "/tmp/*/*", "/tmp/out/seal/0"))
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
	if r := b.Find("test", "/tmp/out")[0].Record; r.Reason != "own output" {
		t.Errorf("reason %q", r.Reason)
	}
}

func TestMountsAreNotEntered(t *testing.T) {
	src := linux(tree(t, "home/nfs/.rc", "home/u/.rc", "mnt/deep/x"))
	src.Cross = func(p string) string {
		if strings.HasPrefix(p, "/home/nfs") || strings.HasPrefix(p, "/mnt") {
			return "network mount nfs4"
		}
		return ""
	}
	b := gather(t, src, Options{}, define("D", "/home/*/.rc", "/**5/x"))
	want := []string{"/home/nfs dir skipped", "/home/u/.rc file collected", "/mnt dir skipped"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
	want = []string{"/home/nfs/.rc file collected", "/mnt/deep dir collected", "/mnt/deep/x file collected"}
	if d := cmp.Diff(want, gather(t, src, Options{}, define("D", "/home/nfs/.rc", "/mnt/**")).seen()); d != "" {
		t.Errorf("named mounts: %s", d)
	}
}

// TestBindMounts: one that a single wildcard matches is entered, for a home may be
// one; a walk over many levels stays out of it.
func TestBindMounts(t *testing.T) {
	src := linux(tree(t, "home/a/.rc", "home/b/.rc", "home/c -> ../srv/c", "srv/c/.rc", "home/a/deep/x"))
	src.Cross = func(p string) string {
		if p == "/home/a" || p == "/srv/c" {
			return "loop: also at /data"
		}
		return ""
	}
	b := gather(t, src, Options{}, define("D", "/home/*/.rc", "/**5/x"))
	want := []string{"/home/a dir skipped", "/home/a/.rc file collected", "/home/b/.rc file collected", "/home/c symlink collected", "/srv/c dir skipped", "/srv/c/.rc file collected"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
}

func TestBoundOnEntries(t *testing.T) {
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("d/%02d", i))
	}
	b := gather(t, linux(tree(t, names...)), Options{MaxEntries: 20}, define("D", "/d/*"))
	cut := b.Find(collect.Own, "/artifacts/D/cut/1")
	if len(b.Items()) != 21 || len(cut) != 1 || cut[0].Record.Outcome != evidence.Skipped || !strings.HasPrefix(cut[0].Record.Reason, "budget ") {
		t.Errorf("%d items, %+v", len(b.Items()), cut)
	}
}

// refusing is a source with folders that deny, fail in the middle, vanish, or
// are their own ancestors.
type refusing struct {
	*sourcetest.Dir
	lstat map[string]error
	list  map[string]error
	inode map[string]string
}

func (r refusing) Lstat(p string) (evidence.Stat, error) {
	if err := r.lstat[p]; err != nil {
		return evidence.Stat{}, err
	}
	st, err := r.Dir.Lstat(p)
	if i := r.inode[p]; i != "" {
		st.Inode = i
	}
	return st, err
}

func (r refusing) ReadDir(ctx context.Context, p string) iter.Seq2[collect.Entry, error] {
	return func(yield func(collect.Entry, error) bool) {
		for e, err := range r.Dir.ReadDir(ctx, p) {
			if !yield(e, err) {
				return
			}
		}
		if err := r.list[p]; err != nil {
			yield(collect.Entry{}, err)
		}
	}
}

func TestTroubleIsRecorded(t *testing.T) {
	src := refusing{linux(tree(t, "a/1", "a/2", "b/c/3", "gone/x", "shut/y")),
		map[string]error{"/a/1": fs.ErrPermission, "/gone/x": fs.ErrNotExist, "/shut": fmt.Errorf("x: %w", fs.ErrPermission)},
		map[string]error{"/a": errors.New("input/output error"), "/b/c": fs.ErrPermission}, nil}
	b := gather(t, src, Options{}, define("D", "/a/*", "/b/**", "/gone/*", "/shut/y"))
	want := []string{"/a dir failed", "/a/1 denied", "/a/2 file collected", "/b/c dir collected", "/b/c dir denied", "/b/c/3 file collected",
		"/gone/x missing", "/shut denied"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
}

func TestLoopsEnd(t *testing.T) {
	src := refusing{Dir: linux(tree(t, "t/a/b/c/x")), inode: map[string]string{"/t": "7", "/t/a/b": "7"}}
	b := newBook()
	if err := New(context.Background(), src, nil, Options{}).Path("/t").Collect(context.Background(), src, b); err != nil {
		t.Fatal(err)
	}
	want := []string{"/t dir collected", "/t/a dir collected", "/t/a/b dir skipped"}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
}

func TestTreeByHand(t *testing.T) {
	root := tree(t, "x/top", "x/sub/deep/file", "x/link -> sub", "x/out -> /y", "y/z", "run -> x/sub", "dang -> nope", "fil", "own/o", "loop -> pool", "pool -> loop")
	if err := exec.Command("mkfifo", filepath.Join(root, "x/fifo")).Run(); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		path string
		want []string
	}{
		{"/x", []string{"/x dir collected", "/x/fifo fifo collected", "/x/link symlink collected", "/x/out symlink collected", "/x/sub dir collected",
			"/x/sub/deep dir collected", "/x/sub/deep/file file collected", "/x/top file collected"}},
		{"/x/../x/sub/", []string{"/x/sub dir collected", "/x/sub/deep dir collected", "/x/sub/deep/file file collected"}},
		{"/run", []string{"/run symlink collected", "/x/sub dir collected", "/x/sub/deep dir collected", "/x/sub/deep/file file collected"}},
		{"/run/../top", []string{"/x/top file collected"}}, // /x, as for everybody else
		{"/run/./deep/../../../fil", []string{"/fil file collected"}},
		{"/run/deep/file", []string{"/run symlink collected", "/x/sub/deep/file file collected"}},
		{"/fil", []string{"/fil file collected"}},
		{"/fil/x", []string{"/fil/x missing"}},
		{"/nope", []string{"/nope missing"}},
		{"/dang", []string{"/dang symlink collected", "/nope missing"}},
		{"/own", []string{"/own dir skipped"}},
		{"/loop", []string{"/loop symlink collected", "/loop missing", "/pool symlink collected"}},
		{"/pool/x", []string{"/loop symlink collected", "/pool symlink collected", "/pool/x missing"}},
	} {
		b := newBook()
		col := New(context.Background(), linux(root), nil, Options{Own: []string{"/own"}})
		if err := col.Path(c.path).Collect(context.Background(), linux(root), b); err != nil {
			t.Fatal(err)
		}
		slices.Sort(c.want)
		if d := cmp.Diff(c.want, b.seen()); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
	}
	if err := New(context.Background(), linux(root), nil, Options{}).Path("x").Collect(context.Background(), nil, newBook()); err == nil {
		t.Error("a relative path was taken")
	}
}

// TestTreeAgainstFind compares a walk with find on real folders.
func TestTreeAgainstFind(t *testing.T) {
	out, err := exec.Command("find", "/etc", "/usr/share/doc", "-xdev", "-printf", "%y %p\\0").Output()
	if err != nil {
		t.Skip("find: ", err)
	}
	want := map[string]bool{}
	for _, l := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		want[l] = true
	}
	b := newBook()
	src := linux("/")
	col := New(context.Background(), src, nil, Options{})
	for _, p := range []string{"/etc", "/usr/share/doc"} {
		if err := col.Path(p).Collect(context.Background(), src, b); err != nil {
			t.Fatal(err)
		}
	}
	letter := map[evidence.FileType]string{evidence.TypeFile: "f", evidence.TypeDir: "d", evidence.TypeSymlink: "l"}
	for _, g := range b.Items() {
		k := letter[g.Record.Type] + " " + g.Record.RawPath()
		if !want[k] {
			t.Errorf("find does not know %q", k)
		}
		delete(want, k)
	}
	for k := range want {
		t.Errorf("not taken: %q", k)
	}
}

func TestDeepTree(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+strings.Repeat("/d", 40), 0o755); err != nil {
		t.Skip(err)
	}
	b := newBook()
	src := linux(root)
	if err := New(context.Background(), src, nil, Options{MaxDepth: 20}).Path("/d").Collect(context.Background(), src, b); err != nil {
		t.Fatal(err)
	}
	items := b.Items()
	if last := items[len(items)-1].Record; len(items) != 22 || last.Outcome != evidence.Skipped || !strings.HasPrefix(last.Reason, "budget depth") {
		t.Errorf("%d items, the last one %s %q", len(items), last.Outcome, last.Reason)
	}
}

func TestBrokenSinkAndCancel(t *testing.T) {
	root := tree(t, "d/1", "d/2", "d/3")
	b := newBook()
	full := errors.New("disk full")
	n := 0
	b.Break = func(evidence.Record) error {
		if n++; n > 2 {
			return full
		}
		return nil
	}
	src := linux(root)
	a := New(context.Background(), src, []*artifacts.Definition{define("D", "/d/*", "/d/**")}, Options{}).Artifacts()[0]
	if err := a.Collect(context.Background(), src, b); !errors.Is(err, full) || n != 3 {
		t.Errorf("%v after %d", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, a := range []collect.Artifact{a, New(context.Background(), src, nil, Options{}).Path("/d")} {
		if err := a.Collect(ctx, src, newBook()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// TestPatternsAgainstFind compares patterns with what find makes of them, on
// this machine's own folders.
func TestPatternsAgainstFind(t *testing.T) {
	for pattern, args := range map[string][]string{
		"/etc/**":                     {"/etc", "-mindepth", "1", "-maxdepth", "3"},
		"/etc/*":                      {"/etc", "-mindepth", "1", "-maxdepth", "1"},
		"/etc/**2/*.conf":             {"/etc", "-mindepth", "2", "-maxdepth", "3", "-name", "*.conf"},
		"/etc/**6.d":                  {"/etc", "-mindepth", "1", "-maxdepth", "6", "-name", "*.d"},
		"/var/lib/dpkg/info/[a-c]*.?": {"/var/lib/dpkg/info", "-mindepth", "1", "-maxdepth", "1", "-regex", ".*/[a-c][^/]*\\.[^/]"},
	} {
		out, err := exec.Command("find", append(args, "-xdev", "-print0")...).Output()
		if err != nil {
			t.Logf("%s: find: %v", pattern, err)
			continue
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		d := define("D", pattern)
		d.FollowLinks = false
		var got []string
		for _, g := range gather(t, linux("/"), Options{}, d).Items() {
			got = append(got, g.Record.RawPath())
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" && len(out) > 0 {
			t.Errorf("%s: %s", pattern, diff)
		}
	}
}
