package ntfs

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// Hard links of one name in two folders have times of their own.
func TestANameIsThatOfItsFolder(t *testing.T) {
	b := newBuilder()
	fn := func(parent, created uint64) []byte {
		v := fnBytes(parent, 1, "x", 0)
		binary.LittleEndian.PutUint64(v[8:], created)
		return resident(attrFileName, "", v)
	}
	b.dir(recordRoot, 5, link{20, 1, "a"}, link{21, 1, "b"})
	for i, name := range []string{"a", "b"} {
		b.record(20+i, 1, recordInUse|recordDir, resident(attrFileName, "", fnBytes(recordRoot, 5, name, flagDir)),
			resident(attrIndexRoot, "$I30", rootEntries(20+i, 1, link{22, 1, "x"})))
	}
	b.record(22, 1, recordInUse, fn(20, 1e16), fn(21, 2e16))
	f := b.open(t)
	for path, want := range map[string]uint64{"a/x": 1e16, "b/x": 2e16, "b/X": 2e16} {
		n, err := f.Lookup(strings.Split(path, "/"))
		if err != nil {
			t.Fatal(err)
		}
		if fn := n.Via(); fn == nil || !fn.Times.Created.Equal(fileTime(want)) {
			t.Errorf("%s: %+v", path, fn)
		}
	}
	n, err := f.Node(Ref{Record: 22})
	if err != nil || n.Via() != &n.Names[0] {
		t.Errorf("without a path: %v %v", n.Via(), err)
	}
}

// A folder may hold thousands of names that differ in case only: each is
// found without reading the records of all, and is never taken for another.
func TestNamesThatDifferInCaseAreFoundAtOnce(t *testing.T) {
	b := newBuilder()
	var links []link
	for i, name := range []string{"abc", "abC", "aBc", "Abc", "ABC"} {
		links = append(links, link{20 + i, 1, name})
		b.file(20+i, 1, name)
	}
	b.dir(recordRoot, 5, links...)
	b.record(24, 1, 0) // ABC is damaged
	f := b.open(t)
	root, err := f.Node(Ref{Record: recordRoot})
	if err != nil {
		t.Fatal(err)
	}
	x := f.index(root)
	for _, l := range links {
		if exact, folded := x.find(f.hashed(l.name, Ref{})); len(exact) != 1 || len(folded) != len(links) {
			t.Errorf("%s: %d of its name, %d but for case", l.name, len(exact), len(folded))
		}
		n, err := f.Lookup([]string{l.name})
		if l.name == "ABC" {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("ABC is damaged, yet %v, %v", n, err)
			}
		} else if err != nil || n.Ref.Record != uint64(l.record) {
			t.Errorf("%s: %v", l.name, err)
		}
	}
	if n, err := f.Lookup([]string{"aBC"}); err != nil || !n.fs.fold.equal(n.Via().Name, "abc") {
		t.Errorf("but for case: %v", err)
	}
}

// A stream's name with what no path component can hold is given one.
func TestHostileStreamNames(t *testing.T) {
	b := newBuilder()
	b.file(20, 1, "f", resident(attrData, "a/b", []byte("x")), resident(attrData, "c\x00d", []byte("y")), resident(attrData, "..", nil))
	n, err := b.open(t).Node(Ref{Record: 20})
	if err != nil || len(n.Streams) != 3 {
		t.Fatal(n, err)
	}
	for _, s := range n.Streams {
		if d, err := n.Open(s.Name); strings.ContainsAny(s.Name, "/\x00") || err != nil || d.Size() != s.Size {
			t.Errorf("stream %q: %v", s.Name, err)
		}
	}
}
