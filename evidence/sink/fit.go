package sink

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/segment"
)

// What a file says of itself must cost no more than that file: a record that is
// too long for any segment would end the bundle.

// Bounds of texts in records. A byte of a path takes 8 at the most: 6 in path,
// with the others' in path_b64.
const (
	maxPath  = 120 << 10 // bytes of a path, of which Linux can make longer ones
	shortCut = 200       // bytes of a text in a record that would be too long
	fewCut   = 10        // elements of a list there
	pathCut  = "path_cut"
)

// fitPath cuts a path that no record could hold. It must be done before the
// entry is named.
func fitPath(r *evidence.Record) {
	if len(r.Path) <= maxPath {
		return
	}
	raw := r.RawPath()
	if len(raw) <= maxPath {
		return
	}
	r.SetPath(raw[:maxPath])
	addDetails(r, map[string]string{pathCut: fmt.Sprintf("the path has %d bytes, SHA-256 %x", len(raw), sha256.Sum256([]byte(raw)))})
}

// encodeRecord makes a record's line. Where it is too long, attributes that
// can be long are left out, with a word about it.
func encodeRecord(buf []byte, r *evidence.Record) ([]byte, error) {
	line, err := evidence.AppendRecord(buf, r)
	for _, shorten := range []func(*evidence.Record){cutAttributes, cutTexts} {
		if err != nil || len(line) <= segment.MaxRecord {
			return line, err
		}
		cut := *r
		shorten(&cut)
		*r = cut
		line, err = evidence.AppendRecord(line[:0], r)
	}
	return line, err
}

// cutAttributes leaves out what a file may have much of.
func cutAttributes(r *evidence.Record) {
	r.Xattrs, r.ACL, r.Details, r.StatAfter = nil, nil, ownDetails(r.Details), nil
	r.Lost, r.LostMore = r.Lost[:min(len(r.Lost), 100)], r.LostMore || len(r.Lost) > 100
	r.Error = r.Error[:min(len(r.Error), 1000)] + " [record cut: it was over 1 MiB; extended attributes, ACL and details were left out]"
}

// ownDetails are those in which the writer keeps what had to give way.
func ownDetails(all map[string]string) map[string]string {
	own := map[string]string{}
	for k, v := range all {
		if k == pathCut || strings.HasSuffix(k, "time_unix") && len(k)+len(v) < shortCut && len(own) < fewCut {
			own[k] = v
		}
	}
	return own
}

// cutTexts leaves of everything but the path no more than its beginning.
func cutTexts(r *evidence.Record) {
	for _, s := range []*string{&r.Method, &r.Reason, &r.Error, &r.Mode, &r.UID, &r.GID, &r.Owner, &r.Group, &r.Inode, &r.Dev, &r.Rdev} {
		*s = shortText(*s)
	}
	if raw := r.RawTarget(); len(raw) > shortCut {
		r.SetTarget(raw[:shortCut])
	}
	r.Artifacts, r.Attributes, r.Streams = shortList(r.Artifacts), shortList(r.Attributes), shortList(r.Streams)
	r.LostMore = r.LostMore || len(r.Lost) > fewCut
	r.Lost = slices.Clone(r.Lost[:min(len(r.Lost), fewCut)])
	for i := range r.Lost {
		r.Lost[i].Error = shortText(r.Lost[i].Error)
	}
	r.Error += " [record cut: it was over 1 MiB; of each text its beginning is left]"
}

func shortText(s string) string { return s[:min(len(s), shortCut)] }

func shortList(list []string) []string {
	list = slices.Clone(list[:min(len(list), fewCut)])
	for i := range list {
		list[i] = shortText(list[i])
	}
	return list
}
