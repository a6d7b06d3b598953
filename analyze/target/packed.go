package target

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
)

// What bundles hold is compressed and encrypted: a sweep of them as files says
// nothing of it, and must not look as if it did.
const (
	inBundle = "segments of a bundle, looked at as plain files: name the bundle itself as a target"
	packed   = "a bundle, looked at as a plain file: name it as a target of its own"
)

// segmentName is the name of a segment in a bundle's folder.
var segmentName = regexp.MustCompile(`^[0-9]{6,}\.[0-9a-f]{16}\.zip(\.age)?$`)

// bundled reports whether a folder holds the segments of a bundle.
func bundled(folder string, names []string) bool {
	return path.Base(folder) == "segments" && slices.ContainsFunc(names, segmentName.MatchString)
}

// lone marks the record of a file that is a bundle in one ZIP, or a segment
// that lies elsewhere than in a bundle's folder, which is marked as a whole.
func (w *walk) lone(rel, shown string, st fs.FileInfo, r *evidence.Record) {
	switch {
	case segmentName.MatchString(path.Base(shown)) && (rel == path.Base(shown) || path.Base(path.Dir(shown)) != "segments"):
		r.Outcome, r.Error = evidence.Partial, inBundle
	case strings.EqualFold(path.Ext(shown), ".zip") && zipped(w.root, rel, st):
		r.Outcome, r.Error = evidence.Partial, packed
	}
}

// zipped reports whether a file begins as a bundle in one ZIP does: with its
// README.txt as a stored entry (evidence/SPEC.md, "One ZIP file").
func zipped(root *os.Root, rel string, st fs.FileInfo) bool {
	const name, first = "README.txt", "This folder is a hozen bundle"
	const at = 30 // of the name, in a local header (APPNOTE.TXT, section 4.3.7)
	f, err := openRegular(root, rel, st)
	if err != nil {
		return false // reading it for the sweep says why
	}
	defer f.Close()
	var b [at + len(name) + len(first)]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return false
	}
	return bytes.HasPrefix(b[:], []byte("PK\x03\x04")) && string(b[at:]) == name+first
}
