package ntfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Times are the four that NTFS keeps, zero where they are not set or lie
// behind the year 9999.
type Times struct{ Created, Modified, Changed, Accessed time.Time }

// Name is one $FILE_NAME: a hard link, or the short name of one.
type Name struct {
	Parent Ref
	Name   string // fits a path component; see decode and component
	Short  bool   // of the DOS namespace only
	Times  Times
	paired bool // it has a short form
}

// StreamInfo describes one $DATA attribute.
type StreamInfo struct {
	Name                          string // "" for the file's own content
	Size, Alloc                   int64  // Alloc: on the disk, without holes, and no more than the volume has
	Resident                      bool
	Compressed, Sparse, Encrypted bool
}

// Node is one file or directory.
type Node struct {
	Ref      Ref
	Dir      bool
	Times    Times  // of $STANDARD_INFORMATION
	Flags    uint32 // FILE_ATTRIBUTE_* of $STANDARD_INFORMATION
	Security uint32 // security id; 0: none, or a descriptor of its own
	Names    []Name
	Streams  []StreamInfo
	Reparse  *Reparse // nil for most
	Problems []string // what could not be read of its attributes

	fs    *FS
	attrs []attr
	via   *Name
}

// Node reads a file's record and those its attributes spread over. A sequence
// of 0 takes the record as it is; any other must match.
func (f *FS) Node(ref Ref) (*Node, error) {
	// Whoever takes a thousand streams of one file asks for it thousands of times.
	if n := f.spread.Load(); n != nil && n.Ref.Record == ref.Record && (ref.Seq == 0 || ref.Seq == n.Ref.Seq) {
		return n.clone(), nil
	}
	rec, err := f.record(ref.Record)
	if rec == nil {
		return nil, err
	}
	switch {
	case rec.flags&recordInUse == 0:
		return nil, fmt.Errorf("MFT record %d is not in use: %w", ref.Record, ErrDamaged)
	case ref.Seq != 0 && rec.ref.Seq != ref.Seq:
		return nil, fmt.Errorf("MFT record %d has sequence %d, not %d: it was used anew: %w", ref.Record, rec.ref.Seq, ref.Seq, ErrDamaged)
	case rec.base.Record != 0:
		return nil, fmt.Errorf("MFT record %d belongs to record %d: %w", ref.Record, rec.base.Record, ErrDamaged)
	}
	n, nerr := f.node(rec)
	if nerr != nil {
		return nil, nerr
	}
	if err != nil {
		n.Problems = append(n.Problems, err.Error())
	}
	if rec.has(attrList) {
		f.spread.Store(n.clone())
	}
	return n, nil
}

// clone returns a node for one caller, who may come to it by another name and
// find another problem. What is read of the volume is shared.
func (n *Node) clone() *Node {
	c := *n
	c.Problems = slices.Clone(n.Problems)
	return &c
}

func (f *FS) node(rec *record) (*Node, error) {
	n := &Node{Ref: rec.ref, Dir: rec.flags&recordDir != 0, fs: f, attrs: slices.Clone(rec.attrs)}
	known := rec.lost
	if rec.has(attrList) {
		known = append(known, n.extend(rec)...)
	}
	for i := range n.attrs {
		n.take(&n.attrs[i])
	}
	n.lost(known)
	if r, err := n.small(attrReparse, ""); err == nil {
		n.Reparse = parseReparse(r)
	}
	return n, nil
}

// extend adds the attributes of the records that $ATTRIBUTE_LIST names, and
// returns the alternate streams it speaks of. Their own lists are never
// followed. Behind an entry that is damaged it looks for the next.
func (n *Node) extend(rec *record) (streams []string) {
	list, err := n.small(attrList, "")
	if err != nil {
		n.problem("attribute list: %v", err)
		streams = append(streams, unnamed)
	}
	seen := map[uint64]bool{rec.ref.Record: true}
	for whole := true; len(list) >= 26; {
		size, ok := listEntry(list)
		if !ok && whole {
			n.problem("attribute list: damaged %d bytes before its end", len(list))
			streams = append(streams, unnamed)
		}
		if whole = ok; !ok {
			list = list[min(8, len(list)):]
			continue
		}
		ref := refOf(binary.LittleEndian.Uint64(list[16:]))
		if !seen[ref.Record] {
			seen[ref.Record] = true
			streams = append(streams, n.adopt(ref, rec.ref)...)
		}
		if name := list[26 : 26+2*int(list[6])]; binary.LittleEndian.Uint32(list) == attrData && len(name) > 0 {
			streams = append(streams, separators(decode(name)))
		}
		list = list[size:]
		if len(seen) > maxExtension || len(n.attrs) > maxAttrs {
			n.problem("more than %d extension records or %d attributes", maxExtension, maxAttrs)
			return append(streams, unnamed)
		}
	}
	return streams
}

// listEntry returns the length of the first entry of an attribute list: 26
// bytes and a name, filled up to a multiple of 8. False means that none is here.
func listEntry(b []byte) (size int, ok bool) {
	size = int(binary.LittleEndian.Uint16(b[4:]))
	least := (26 + 2*int(b[6]) + 7) &^ 7
	kind := binary.LittleEndian.Uint32(b)
	ok = kind&0xF == 0 && kind > 0 && kind <= 0x1000 && (b[6] == 0 || b[7] == 26) && size%8 == 0 && size >= least && size <= least+8
	return min(size, len(b)), ok && 26+2*int(b[6]) <= len(b)
}

// lost adds the streams that are known and in no record that can be read. To
// open one tells that it is damaged, where leaving it out would not tell of it
// at all.
func (n *Node) lost(known []string) {
	if len(known) == 0 {
		return
	}
	have := map[string]bool{}
	for _, s := range n.Streams {
		have[s.Name] = true
	}
	for _, name := range known {
		if !have[name] {
			have[name] = true
			n.Streams = append(n.Streams, StreamInfo{Name: name})
			if name != unnamed {
				n.problem("stream %.100q is in no record that can be read", name)
			}
		}
	}
}

// adopt adds the attributes of one record, and returns its damaged streams.
func (n *Node) adopt(ref, base Ref) []string {
	ext, err := n.fs.record(ref.Record)
	if err != nil {
		n.problem("%v", err)
	}
	if ext == nil {
		return nil
	}
	if ext.ref.Seq != ref.Seq || ext.base.Record != base.Record {
		n.problem("MFT record %d does not belong to record %d", ref.Record, base.Record)
		return nil
	}
	for _, a := range ext.attrs {
		if a.kind != attrList {
			n.attrs = append(n.attrs, a)
		}
	}
	return ext.lost
}

func (n *Node) problem(format string, args ...any) {
	if len(n.Problems) < 16 {
		n.Problems = append(n.Problems, fmt.Sprintf(format, args...))
	}
}

// take reads one attribute into the node's facts.
func (n *Node) take(a *attr) {
	switch a.kind {
	case attrStandard:
		if len(a.value) >= 36 {
			n.Times = times(a.value)
			n.Flags = binary.LittleEndian.Uint32(a.value[32:])
		}
		if len(a.value) >= 56 { // NTFS 3.0 and later
			n.Security = binary.LittleEndian.Uint32(a.value[52:])
		}
	case attrFileName:
		if fn, ok := parseFileName(a.value); ok {
			n.Names = append(n.Names, Name{fn.parent, fn.name, fn.space == spaceDOS, fn.times, fn.space == spaceWin32})
		} else {
			n.problem("$FILE_NAME of %d bytes", len(a.value))
		}
	case attrData:
		if !a.resident && a.first != 0 {
			return
		}
		volume := n.fs.Size()
		n.Streams = append(n.Streams, StreamInfo{
			Name: a.name, Size: max(0, a.size), Alloc: min(max(0, a.alloc), volume), Resident: a.resident,
			Compressed: a.flags&attrCompressed != 0, Sparse: a.flags&attrSparse != 0, Encrypted: a.flags&attrEncrypted != 0,
		})
	}
}

// Stream returns the facts of a stream by its exact name, or one that differs
// in case only.
func (n *Node) Stream(name string) (StreamInfo, bool) {
	for _, s := range n.Streams {
		if s.Name == name {
			return s, true
		}
	}
	for _, s := range n.Streams {
		if n.fs.fold.equal(s.Name, name) {
			return s, true
		}
	}
	return StreamInfo{}, false
}

// Open opens a stream by its exact name. A stream that isn't there wraps
// fs.ErrNotExist, unless part of the file's attributes could not be read.
func (n *Node) Open(name string) (d *Data, err error) {
	defer caught(&err)
	d, err = n.fs.stream(n.attrs, attrData, name)
	switch {
	case errors.Is(err, errNoStream) && len(n.Problems) > 0:
		return nil, n.why(err)
	case errors.Is(err, errNoStream) && name == "" && !n.bare():
		return nil, fmt.Errorf("MFT record %d has no content, not even of no bytes: %w", n.Ref.Record, ErrDamaged)
	case errors.Is(err, errNoStream):
		return nil, fmt.Errorf("stream %q: %w", name, fs.ErrNotExist)
	case err != nil && d == nil:
		return nil, err
	}
	if err != nil { // what is mapped before the damage can still be read
		n.problem("%v", err)
		whole := (d.size + n.fs.info.ClusterSize - 1) / n.fs.info.ClusterSize
		next := int64(0)
		if len(d.runs) > 0 {
			last := d.runs[len(d.runs)-1]
			next = last.vcn + last.n
		}
		if next < whole {
			d.add(run{vcn: next, n: whole - next, lcn: lcnMissing})
		}
	}
	return d, nil
}

// bare reports whether a file is of those without content of their own:
// folders, indexes of other things than names ($Secure), and what lies in
// $Extend ($UsnJrnl has named streams alone).
func (n *Node) bare() bool {
	for i := range n.attrs {
		if a := &n.attrs[i]; a.kind == attrIndexRoot && a.name != "$I30" {
			return true
		}
	}
	return n.Dir || slices.ContainsFunc(n.Names, func(fn Name) bool { return fn.Parent.Record == recordExtend })
}

// why tells why an attribute that has to be there is not.
func (n *Node) why(err error) error {
	if !errors.Is(err, errNoStream) {
		return err
	}
	if len(n.Problems) > 0 {
		return fmt.Errorf("%s: %w", strings.TrimSuffix(n.Problems[0], ": "+ErrDamaged.Error()), ErrDamaged)
	}
	return fmt.Errorf("%w: %w", err, ErrDamaged)
}

// small reads a whole attribute of at most maxAttrList bytes.
func (n *Node) small(kind uint32, name string) ([]byte, error) {
	d, err := n.fs.stream(n.attrs, kind, name)
	if err != nil {
		return nil, err
	}
	if d.size > maxAttrList {
		return nil, fmt.Errorf("attribute %#x of %d bytes: %w", kind, d.size, ErrDamaged)
	}
	b := make([]byte, d.size)
	if got, err := d.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return b[:got], err
	}
	return b, nil
}

// Namespaces of a file name: a long one with a short form, and that.
const (
	spaceWin32 = 1
	spaceDOS   = 2
)

type fileName struct {
	parent  Ref
	name    string
	space   byte
	flags   uint32
	reparse uint32
	times   Times
}

// parseFileName reads a $FILE_NAME, as an attribute or as a key of an index.
func parseFileName(b []byte) (fileName, bool) {
	if len(b) < 66 {
		return fileName{}, false
	}
	name, ok := cut(b, 66, 2*int(b[64]))
	if !ok {
		return fileName{}, false
	}
	return fileName{
		parent: refOf(binary.LittleEndian.Uint64(b)), times: times(b[8:]), space: b[65], name: component(decode(name)),
		flags: binary.LittleEndian.Uint32(b[56:]), reparse: binary.LittleEndian.Uint32(b[60:]),
	}, true
}

// times reads created, modified, record changed, accessed.
func times(b []byte) Times {
	at := func(i int) time.Time { return fileTime(binary.LittleEndian.Uint64(b[8*i:])) }
	return Times{Created: at(0), Modified: at(1), Changed: at(2), Accessed: at(3)}
}

// fileTime converts units of 100 ns since 1601-01-01 UTC.
func fileTime(v uint64) time.Time {
	const toUnix, year10000 = 11644473600, 2650467744000000000
	if v == 0 || v >= year10000 {
		return time.Time{}
	}
	return time.Unix(int64(v/1e7)-toUnix, int64(v%1e7)*100).UTC()
}
