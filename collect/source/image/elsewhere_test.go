package image

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// Zeros that nobody stored are never given out as the content of a file whose
// bytes are elsewhere; what the volume has of it is read.
func TestContentThatIsElsewhere(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "ntfs.raw"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path  string
		tag   uint32
		flags uint32
		want  string // of the error; "": the file is read
		lost  bool   // its holes are
	}{
		"plain":             {path: "/sparse"},
		"WOF":               {"/compressed/zeros", ntfs.TagWOF, 0, "WofCompressedData", false},
		"dedup":             {"/compressed/zeros", ntfs.TagDedup, 0, "chunk store", false},
		"written to again":  {"/sparse", ntfs.TagDedup, 0, "", true},
		"cloud":             {"/compressed/zeros", 0x9000701A, away, "cloud provider", false},
		"partly fetched":    {"/sparse", 0x9000701A, 0x400000, "", true},
		"wholly fetched":    {"/sparse", 0x9000701A, 0, "", false},
		"OneDrive of old":   {"/compressed/zeros", 0x80000021, 0, "cloud provider", false},
		"hierarchical":      {"/compressed/zeros", 0xC0000004, 0x1000, "cloud provider", false},
		"another filter's":  {"/sparse", 0x80000999, 0, "", false},
		"cloud, of no byte": {"/empty/nothing", 0x9000701A, away, "", false},
	} {
		src, err := inMemory(whole, int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		o, err := src.find(c.path)
		if err != nil {
			t.Fatal(err)
		}
		n := *o.node
		if n.Flags |= c.flags; c.tag != 0 {
			n.Reparse = &ntfs.Reparse{Tag: c.tag}
		}
		d, err := n.Open("")
		if err != nil {
			t.Fatal(err)
		}
		err = elsewhere(&n, d)
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
			continue
		}
		if err != nil || d.Size() == 0 {
			continue
		}
		content := newContent(d, 0)
		var got bytes.Buffer
		if _, err := got.ReadFrom(content); err != nil || int64(got.Len()) != d.Size() {
			t.Errorf("%s: %d bytes of %d, %v", name, got.Len(), d.Size(), err)
		}
		if lost := content.Finish().Lost; (len(lost) > 0) != c.lost || bytes.Count(got.Bytes(), []byte{0}) > got.Len()-70000 {
			t.Errorf("%s: lost %v", name, lost)
		}
	}
}
