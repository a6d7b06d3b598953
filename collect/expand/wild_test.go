package expand

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWildcardsByHand(t *testing.T) {
	root := tree(t, "home/a/.hist", "home/a/.ssh/k", "home/a/.ssh/sub/d", "home/b/.hist", "home/c -> ../away", "away/.hist", "home/li -> a/.hist", "run -> home",
		"odd/st*r", "odd/star", "odd/q? -> nowhere", "deep/1/2/3/4/5/x.php", "deep/x.php", "deep/1/y.txt", "net/m/f", "net/ok", "own/o")
	src := linux(root)
	src.Cross = func(p string) string {
		if p == "/net/m" {
			return "network mount nfs4"
		}
		return ""
	}
	for _, c := range []struct {
		path string
		want string
	}{
		{"/home/*/.hist", "/away/.hist file collected, /home/a/.hist file collected, /home/b/.hist file collected, /home/c symlink collected"},
		{"/home/?/.ssh", "/home/a/.ssh dir collected, /home/a/.ssh/k file collected, /home/a/.ssh/sub dir collected, /home/a/.ssh/sub/d file collected, /home/c symlink collected"},
		{"/home/[ab]/.h*", "/home/a/.hist file collected, /home/b/.hist file collected"},
		{"/home/l*", "/home/a/.hist file collected, /home/li symlink collected"},
		{"/run/b*", "/home/b dir collected, /home/b/.hist file collected, /run symlink collected"},
		{"/odd/st*r", "/odd/st*r file collected"}, // a name before a pattern
		{"/odd/q?", "/odd/nowhere missing, /odd/q? symlink collected"},
		{"/odd/s?[a]r", "/odd/star file collected"},
		{"/deep/**/x.php", "/deep/1/2/3/4/5/x.php file collected"},
		{"/deep/**1/y*", "/deep/1/y.txt file collected"},
		{"/deep/1/2/3/4/**", "/deep/1/2/3/4/5 dir collected, /deep/1/2/3/4/5/x.php file collected"},
		{"/net/*", "/net/m dir skipped, /net/ok file collected"},
		{"/ow*", "/own dir skipped"},
		{"/home/*/nothing", "/home/*/nothing missing, /home/c symlink collected"},
		{"/nobody/*/x", "/nobody/*/x missing"},
	} {
		b := newBook()
		col := New(context.Background(), src, nil, Options{Own: []string{"/own"}})
		if err := col.Path(c.path).Collect(context.Background(), src, b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, strings.Join(b.seen(), ", ")); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
		if has := col.Has(context.Background(), c.path); has == (strings.Contains(c.want, c.path+" missing") || c.path == "/ow*") {
			t.Errorf("%s: has %v", c.path, has)
		}
	}
}

// TestWildcardThatCannotLook: where a folder can't be read, nobody knows that
// nothing in it matches.
func TestWildcardThatCannotLook(t *testing.T) {
	src := refusing{Dir: linux(tree(t, "d/x")), list: map[string]error{"/d": fs.ErrPermission}}
	b := newBook()
	if err := New(context.Background(), src, nil, Options{}).Path("/d/y*").Collect(context.Background(), src, b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/d dir denied"}, b.seen()); d != "" {
		t.Error(d)
	}
}
