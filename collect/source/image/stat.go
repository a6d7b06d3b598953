package image

import (
	"fmt"
	"slices"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/disk/ntfs"
)

// recordBadClus is $BadClus: its stream $Bad spans the volume, and holds bytes
// only where clusters were found bad.
const recordBadClus = 8

// stat gathers what the volume knows of an object.
func (v *volume) stat(o object) evidence.Stat {
	n := o.node
	st := evidence.Stat{
		Type: evidence.TypeFile, Inode: n.Ref.String(),
		MTime: at(n.Times.Modified), ATime: at(n.Times.Accessed), CTime: at(n.Times.Changed), BTime: at(n.Times.Created),
	}
	st.UID, st.GID = v.fs.Owner(n)
	for i := range n.Names {
		if !n.Names[i].Short {
			st.Nlink++
		}
	}
	if fn := n.Via(); fn != nil {
		st.FNMTime, st.FNATime, st.FNCTime, st.FNBTime = at(fn.Times.Modified), at(fn.Times.Accessed), at(fn.Times.Changed), at(fn.Times.Created)
	}
	st.Attributes = attributes(n)
	switch {
	case o.isADS:
		st.Type = evidence.TypeADS
	case n.Reparse.Link():
		st.Type = evidence.TypeSymlink
		st.SetTarget(n.Reparse.Target)
	case n.Dir:
		st.Type = evidence.TypeDir
	}
	v.streams(o, &st)
	return st
}

// streams fills in sizes, and the names of a node's alternate streams.
func (v *volume) streams(o object, st *evidence.Stat) {
	if s, ok := o.node.Stream(o.stream); ok && (o.isADS || s.Name == "") {
		head := o.head()
		st.StatLen, st.Alloc = s.Size-head, s.Alloc
		if head > 0 {
			st.Attributes = append(st.Attributes, fmt.Sprintf("sparse-head-skipped=%d", head))
		}
		if excess := v.excess(o, s); excess > 0 { // no budget is to go by it
			st.Attributes = append(st.Attributes, fmt.Sprintf("damaged: a size of %d bytes", st.StatLen))
			st.StatLen -= excess
		}
		if s.Resident {
			st.Attributes = append(st.Attributes, "resident")
		}
		if o.isADS {
			for _, k := range []struct {
				on   bool
				name string
			}{{s.Compressed, "stream-compressed"}, {s.Sparse, "stream-sparse"}, {s.Encrypted, "stream-encrypted"}} {
				if k.on {
					st.Attributes = append(st.Attributes, k.name)
				}
			}
		}
	}
	if o.isADS {
		return
	}
	for _, s := range o.node.Streams {
		if s.Name == "" || o.node.Ref.Record == recordBadClus && !stored(o.node, s.Name) {
			continue
		}
		st.Streams = append(st.Streams, s.Name) // as it is, for each is opened by it
	}
	slices.Sort(st.Streams)
}

// head returns the length of the hole that a change journal begins with: what
// was in it is gone, and it is never taken.
func (o object) head() int64 {
	if !o.journal {
		return 0
	}
	d, err := o.node.Open(o.stream)
	if err != nil {
		return 0
	}
	start, _, err := d.NextData(0)
	if err != nil {
		return 0
	}
	return start
}

// excess returns how many bytes a stream claims that can't be on the volume.
func (v *volume) excess(o object, s ntfs.StreamInfo) int64 {
	if s.Sparse || s.Compressed || s.Size <= v.fs.Size() {
		return 0
	}
	d, err := o.node.Open(o.stream)
	if err != nil {
		return 0
	}
	return d.Excess()
}

func stored(n *ntfs.Node, stream string) bool {
	d, err := n.Open(stream)
	return err != nil || d.Stored()
}

func at(t time.Time) evidence.Time {
	if t.IsZero() {
		return evidence.Time{}
	}
	return evidence.At(t)
}

// attributes names FILE_ATTRIBUTE_* ([MS-FSCC] 2.6), the reparse tag, and
// damage.
func attributes(n *ntfs.Node) []string {
	var out []string
	for _, k := range [...]struct {
		bit  uint32
		name string
	}{
		{0x1, "readonly"}, {0x2, "hidden"}, {0x4, "system"}, {0x20, "archive"}, {0x40, "device"},
		{0x100, "temporary"}, {0x200, "sparse"}, {0x400, "reparse"}, {0x800, "compressed"}, {0x1000, "offline"},
		{0x2000, "not-indexed"}, {0x4000, "encrypted"}, {0x8000, "integrity"}, {0x20000, "no-scrub"},
		{0x40000, "recall-on-open"}, {0x80000, "pinned"}, {0x100000, "unpinned"}, {0x400000, "recall-on-data-access"},
	} {
		if n.Flags&k.bit != 0 {
			out = append(out, k.name)
		}
	}
	if n.Reparse != nil {
		out = append(out, fmt.Sprintf("reparse-tag=%#08x", n.Reparse.Tag))
	}
	for _, p := range n.Problems {
		out = append(out, "damaged: "+p)
	}
	return out
}
