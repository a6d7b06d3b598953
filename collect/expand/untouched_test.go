package expand

import (
	"context"
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect/sourcetest"
	"github.com/hozen-dfir/hozen/evidence"
)

// asked is a source that remembers what was described.
type asked struct {
	*sourcetest.Dir
	paths *[]string
}

func (a asked) Lstat(p string) (evidence.Stat, error) {
	*a.paths = append(*a.paths, p)
	return a.Dir.Lstat(p)
}

// TestServedMountsAreNotAsked has mounts whose server may have died: a walk
// must not even describe them; a person who names one means it.
func TestServedMountsAreNotAsked(t *testing.T) {
	for _, why := range []string{"network mount nfs4", "FUSE mount fuse.sshfs", "automount point autofs"} {
		var paths []string
		src := asked{linux(tree(t, "t/a", "t/net/b", "t/net/c/d")), &paths}
		src.Cross = func(p string) string {
			if p == "/t/net" {
				return why
			}
			return ""
		}
		for name, pattern := range map[string]string{"walk": "/t/**", "wildcard": "/t/*", "below": "/t/*/b"} {
			paths = nil
			b := gather(t, src, Options{}, define("D", pattern))
			skipped := b.Find("test", "/t/net")
			if len(skipped) != 1 || skipped[0].Record.Outcome != evidence.Skipped || skipped[0].Record.Reason != "not entered: "+why {
				t.Errorf("%s %s: %+v", why, name, skipped)
			}
			if slices.Contains(paths, "/t/net") {
				t.Errorf("%s %s: asked for %q", why, name, paths)
			}
		}
		b := newBook()
		if err := New(context.Background(), src, nil, Options{}).Path("/t/net").Collect(context.Background(), src, b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"/t/net dir collected", "/t/net/b file collected", "/t/net/c dir collected", "/t/net/c/d file collected"}, b.seen()); d != "" {
			t.Error(d)
		}
	}
}

// TestNothingVanishesFromAnImage has an entry that a folder lists and that is
// not there: on a host that lives it has gone, on an image it is damage.
func TestNothingVanishesFromAnImage(t *testing.T) {
	for method, want := range map[string]evidence.Outcome{"os": evidence.Missing, "ntfs": evidence.Failed} {
		src := refusing{Dir: linux(tree(t, "d/gone", "d/here")), lstat: map[string]error{"/d/gone": fs.ErrNotExist}}
		src.In.Method = method
		got := gather(t, src, Options{}, define("D", "/d/*")).Find("test", "/d/gone")
		if len(got) != 1 || got[0].Record.Outcome != want {
			t.Errorf("%s: %+v", method, got)
		}
	}
}

// TestOwnOutputUnderAnotherName has the collector's output behind a bind mount.
func TestOwnOutputUnderAnotherName(t *testing.T) {
	src := refusing{Dir: linux(tree(t, "out/seal/1", "w/mirror/seal/1", "w/x", "w/mirror.zip")),
		inode: map[string]string{"/out": "77", "/w/mirror": "77", "/w/mirror.zip": "78"}}
	st, err := src.Lstat("/out")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Own: []string{"/out"}, OwnIDs: []ID{{st.Dev, "77"}, {st.Dev, "78"}}}
	want := []string{"/w dir collected", "/w/mirror dir skipped", "/w/mirror.zip file skipped", "/w/x file collected"}
	b := newBook()
	if err := New(context.Background(), src, nil, o).Path("/w").Collect(context.Background(), src, b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
	b = gather(t, src, o, define("D", "/w/mirror/**", "/w/mirror/seal/1"))
	if d := cmp.Diff([]string{"/w/mirror dir skipped"}, b.seen()); d != "" {
		t.Error(d)
	}
}

// TestDirectAutomounts has a place that is mounted when it is opened: systemd's
// binfmt_misc. A definition that names it must not make the host do so.
func TestDirectAutomounts(t *testing.T) {
	src := linux(tree(t, "p/auto/a", "p/home/b"))
	src.Cross = func(p string) string {
		return map[string]string{"/p/auto": "direct automount point autofs", "/p/home": "automount point autofs"}[p]
	}
	b := gather(t, src, Options{}, define("D", "/p/auto/*", "/p/auto/a", "/p/home/*"))
	if d := cmp.Diff([]string{"/p/auto dir skipped", "/p/home/b file collected"}, b.seen()); d != "" {
		t.Error(d)
	}
	b = newBook()
	if err := New(context.Background(), src, nil, Options{}).Path("/p/auto").Collect(context.Background(), src, b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/p/auto dir collected", "/p/auto/a file collected"}, b.seen()); d != "" {
		t.Error(d)
	}
}
