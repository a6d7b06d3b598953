package expand

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// shadowed is a source on which a file may have the path of another's stream.
type shadowed struct{ streamed }

func (s shadowed) Lstat(p string) (evidence.Stat, error) {
	if st, err := s.Dir.Lstat(p); err == nil && strings.Contains(p, ":") {
		return st, nil
	}
	return s.streamed.Lstat(strings.TrimSuffix(p, collect.StreamType))
}

func (s shadowed) Open(ctx context.Context, p string) (evidence.Content, evidence.Stat, error) {
	if _, err := s.Dir.Lstat(p); err == nil {
		return s.Dir.Open(ctx, p)
	}
	return s.streamed.Open(ctx, p)
}

// TestAFileInPlaceOfAStream: a file that has the path of another's stream does not
// hide it; where one has both of its paths, that is told.
func TestAFileInPlaceOfAStream(t *testing.T) {
	src := shadowed{streamed{windows(tree(t, "a.exe", "a.exe:Zone.Identifier", "b.exe", "b.exe:Zone.Identifier", "b.exe:Zone.Identifier:$DATA"))}}
	b := gather(t, src, Options{}, define("A", "/?.exe", "/?.exe:Zone*"))
	want := []string{
		"/a.exe file collected", "/a.exe:Zone.Identifier file collected", "/a.exe:Zone.Identifier:$DATA ads collected", "/a.exe:gone ads missing",
		"/b.exe file collected", "/b.exe:Zone.Identifier file collected", "/b.exe:Zone.Identifier:$DATA ads failed", "/b.exe:gone ads missing",
	}
	if d := cmp.Diff(want, b.seen()); d != "" {
		t.Error(d)
	}
	if got := b.Find("test", "/a.exe:Zone.Identifier:$DATA"); len(got) != 1 || string(got[0].Bytes) != "ads" {
		t.Errorf("%+v", got)
	}
}
