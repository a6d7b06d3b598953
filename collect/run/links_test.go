package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// linked is a file of n bytes with two names.
func linked(inode string, n int64, born time.Time) *evidence.Record {
	return &evidence.Record{Source: "live", Stat: evidence.Stat{Type: evidence.TypeFile, StatLen: n, Nlink: 2, Inode: inode, Dev: "8:1", BTime: evidence.At(born)}}
}

// TestLinks: a file is taken under each of its names until that comes to much,
// and then under the first alone; one that got the inode of another is another.
func TestLinks(t *testing.T) {
	l, born := newLinks(), time.Unix(1, 0)
	single := linked("1", maxAgain+1, born)
	single.Nlink = 1
	for i, c := range []struct {
		r    *evidence.Record
		want string
	}{
		{single, ""}, {single, ""},
		{linked("2", maxAgain-1, born), ""},
		{linked("2", maxAgain-1, born), ""}, // again
		{linked("3", 2, born), ""},
		{linked("3", 2, born), "another name of a file that was met before: inode 3 of device 8:1"},
		{linked("3", 2, born.Add(1)), ""},
		{linked("2", maxAgain-1, born), "another name"},
		{linked("4", 1<<62, born), ""},
		{linked("4", 1<<62, born), "another name"},
		{linked("3", 1, born), ""}, // the last byte
		{linked("3", 1, born), "another name"},
		{linked("3", 0, born), ""},
	} {
		got := l.refuse(c.r)
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("file %d: %q, want %q", i, got, c.want)
		}
		r := *c.r
		r.Outcome, r.Reason = evidence.Skipped, got
		if got != "" && isGap(r, false) {
			t.Errorf("file %d: %q is a gap, and its content is there", i, got)
		}
	}
}

// TestLinkedStreams: an alternate stream is no other name of its file.
func TestLinkedStreams(t *testing.T) {
	l := newLinks()
	for i, path := range []string{"/f", "/f:a", "/f:b", "/g", "/g:a", "/f:a:$DATA"} {
		r := linked("2", maxAgain+1, time.Unix(1, 0))
		if r.SetPath(path); strings.Contains(path, ":") {
			r.Type = evidence.TypeADS
		}
		if why := l.refuse(r); (why == "") != (i < 3) {
			t.Errorf("%s: %q", path, why)
		}
	}
}

// TestLinksBeyondMemory: of more files with several names than are remembered
// nobody knows whether they were taken: then it is a gap.
func TestLinksBeyondMemory(t *testing.T) {
	l := newLinks()
	for i := range maxLinked {
		if why := l.refuse(linked(fmt.Sprint(i), 1, time.Time{})); why != "" {
			t.Fatal(why)
		}
	}
	if why := l.refuse(linked("x", maxAgain, time.Time{})); why != "" {
		t.Error(why)
	}
	r := *linked("y", 1, time.Time{})
	r.Outcome, r.Reason = evidence.Skipped, l.refuse(&r)
	if !strings.HasPrefix(r.Reason, "budget links: ") || !isGap(r, false) {
		t.Errorf("%q", r.Reason)
	}
}
