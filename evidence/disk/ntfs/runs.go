package ntfs

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// run maps clusters of a stream to clusters of the volume. There may be a million
// of them: it is to stay short.
type run struct {
	vcn, n int64
	lcn    int64 // or one of those below
}

// What stands in place of a cluster of the volume.
const (
	lcnHole    = -1 // sparse: zeros that nobody stored
	lcnMissing = -2 // the volume doesn't say where these clusters are
)

func (r run) stored() bool { return r.lcn >= 0 }

// add appends a run, to the last one where it goes on with it.
func (d *Data) add(r run) {
	if n := len(d.runs); n > 0 {
		last := &d.runs[n-1]
		if last.vcn+last.n == r.vcn && (r.stored() && last.stored() && last.lcn+last.n == r.lcn || !r.stored() && last.lcn == r.lcn) {
			last.n += r.n
			return
		}
	}
	d.runs = append(d.runs, r)
}

// stream joins the segments of one attribute of a file.
func (f *FS) stream(attrs []attr, kind uint32, name string) (*Data, error) {
	var parts []*attr
	for i := range attrs {
		if a := &attrs[i]; a.kind == kind && a.name == name {
			parts = append(parts, a)
		}
	}
	if len(parts) == 0 {
		return nil, errNoStream
	}
	slices.SortStableFunc(parts, func(a, b *attr) int { return cmp.Compare(a.first, b.first) })
	head := parts[0]
	if head.resident {
		return &Data{size: head.size, init: head.size, flags: head.flags, resident: head.value, isResident: true}, nil
	}
	if head.first != 0 {
		return nil, fmt.Errorf("the first segment of the stream is missing (it begins at cluster %d): %w", head.first, ErrDamaged)
	}
	d := &Data{fs: f, size: head.size, init: head.init, alloc: head.alloc, flags: head.flags}
	if d.size < 0 || d.init < 0 || d.alloc < 0 || d.size > maxClusters {
		return nil, fmt.Errorf("stream of %d bytes, %d initialized: %w", d.size, d.init, ErrDamaged)
	}
	if d.flags&attrCompressed != 0 && head.unit > 0 {
		if head.unit > 8 || f.info.ClusterSize<<head.unit > 1<<20 {
			return nil, fmt.Errorf("compression unit of 2^%d clusters: %w", head.unit, ErrDamaged)
		}
		d.unit = 1 << head.unit
	}
	err := d.join(parts)
	d.limit()
	return d, err
}

// limit cuts a stream that claims more than its volume holds, without being
// sparse or compressed, behind the last cluster that it has.
func (d *Data) limit() {
	if d.flags&(attrSparse|attrCompressed) != 0 || d.size <= d.fs.Size() {
		return
	}
	for len(d.runs) > 0 && !d.runs[len(d.runs)-1].stored() {
		d.runs = d.runs[:len(d.runs)-1]
	}
	held := int64(0)
	if n := len(d.runs); n > 0 {
		held = (d.runs[n-1].vcn + d.runs[n-1].n) * d.fs.info.ClusterSize
	}
	if held < d.size {
		d.excess, d.size = d.size-held, held
	}
}

// join fills d.runs. What the segments leave out is kept as missing.
func (d *Data) join(parts []*attr) error {
	next, most := int64(0), 1
	for _, a := range parts {
		most += 1 + pairs(a.pairs)
	}
	d.runs = make([]run, 0, min(most, maxRuns+1))
	for i, a := range parts {
		if a.resident || (i > 0 && a.first == parts[i-1].first) {
			continue // a segment listed twice
		}
		first := int64(a.first)
		if first < next || first > min(maxClusters, 1<<62/d.fs.info.ClusterSize) {
			return fmt.Errorf("segments overlap at cluster %d: %w", a.first, ErrDamaged)
		}
		if first > next {
			d.add(run{vcn: next, n: first - next, lcn: lcnMissing})
		}
		var err error
		if next, err = d.decode(a.pairs, first); err != nil {
			return err
		}
	}
	whole := (d.size + d.fs.info.ClusterSize - 1) / d.fs.info.ClusterSize
	if next < whole {
		d.add(run{vcn: next, n: whole - next, lcn: lcnMissing})
	}
	return nil
}

// decode appends the runs of one segment that begins at vcn, and returns the
// cluster behind its last. Each pair is a byte with the sizes of two little-
// endian numbers: the length, and the signed distance of the place; a place of
// no bytes is a hole.
func (d *Data) decode(b []byte, vcn int64) (int64, error) {
	lcn := int64(0)
	most := min(maxClusters, 1<<62/d.fs.info.ClusterSize) // so that bytes fit a number
	for len(b) > 0 && b[0] != 0 {
		ln, pn := int(b[0]&15), int(b[0]>>4)
		if ln == 0 || ln > 8 || pn > 8 || 1+ln+pn > len(b) {
			return vcn, fmt.Errorf("mapping pair %#x: %w", b[0], ErrDamaged)
		}
		n := signed(b[1 : 1+ln])
		r := run{vcn: vcn, n: n}
		if pn == 0 {
			r.lcn = lcnHole
		} else {
			lcn += signed(b[1+ln : 1+ln+pn])
			r.lcn = lcn
			if lcn < 0 || lcn > d.fs.info.Clusters || n > d.fs.info.Clusters+1-lcn {
				r.lcn = lcnMissing
			}
		}
		if n <= 0 || n > most-vcn || len(d.runs) >= maxRuns {
			return vcn, fmt.Errorf("run of %d clusters at %d, %d runs before it: %w", n, vcn, len(d.runs), ErrDamaged)
		}
		if r.stored() {
			d.held += n
		}
		if d.held > d.fs.info.Clusters+1 { // the copy of the boot sector lies behind the last
			return vcn, fmt.Errorf("more clusters than the volume has: %w", ErrDamaged)
		}
		d.add(r)
		vcn += n
		b = b[1+ln+pn:]
	}
	return vcn, nil
}

// pairs counts mapping pairs as decode does.
func pairs(b []byte) (n int) {
	for len(b) > 0 && b[0] != 0 {
		n++
		b = b[min(len(b), 1+int(b[0]&15)+int(b[0]>>4)):]
	}
	return n
}

// signed reads a little-endian number of 1 to 8 bytes with its sign.
func signed(b []byte) int64 {
	v := int64(int8(b[len(b)-1]))
	for i := len(b) - 2; i >= 0; i-- {
		v = v<<8 | int64(b[i])
	}
	return v
}

// at returns the index of the run that holds cluster vcn, or len(d.runs).
func (d *Data) at(vcn int64) int {
	return sort.Search(len(d.runs), func(i int) bool { return d.runs[i].vcn+d.runs[i].n > vcn })
}
