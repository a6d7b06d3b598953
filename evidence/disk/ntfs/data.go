package ntfs

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/disk"
)

// errNoStream says that a file has no such attribute.
var errNoStream = errors.New("no such stream")

// errBehind says that a run lies behind the end of the volume.
var errBehind = errors.New("the volume ends before cluster")

// Data is the content of one stream. It is safe for concurrent use.
type Data struct {
	fs    *FS
	size  int64
	init  int64 // bytes behind it are zeros, whatever the disk holds
	alloc int64
	flags uint16
	unit  int64 // clusters in a compression unit; 0: not compressed
	runs  []run
	held  int64 // clusters of the volume in them

	excess   int64 // see Excess
	withheld error // see Withhold

	isResident bool
	resident   []byte

	mu     sync.Mutex // guards the unit that was decompressed last
	unitAt int64
	plain  []byte
}

// Size returns the length of the stream in bytes.
func (d *Data) Size() int64 { return d.size }

// Held returns how many bytes of the stream lie before byte end of the volume,
// and how many behind it or nowhere: those can't be read.
func (d *Data) Held(end int64) (here, absent int64) {
	for _, r := range d.runs {
		n, at := r.n*d.fs.info.ClusterSize, r.lcn*d.fs.info.ClusterSize
		before := max(0, min(n, end-at))
		switch {
		case r.stored():
			here, absent = here+before, absent+n-before
		case r.lcn == lcnMissing:
			absent += n
		}
	}
	return here, absent
}

// Excess returns how many bytes more the volume claims the stream to have than
// could be on it: damage, for it is not sparse.
func (d *Data) Excess() int64 { return d.excess }

// efsBlock is the unit, in bytes, that EFS encrypts in: the last one is filled up.
const efsBlock = 512

// Cut reports whether more was written to the stream than it claims to have:
// damage, for what was written ends within the stream, or, where it is
// encrypted, within its last block.
func (d *Data) Cut() bool {
	most := d.size
	if d.flags&attrEncrypted != 0 {
		most = (d.size + efsBlock - 1) / efsBlock * efsBlock
	}
	return d.excess == 0 && d.init > most
}

// ReadAt implements io.ReaderAt. Bytes that can't be found or read are an
// error, never zeros.
func (d *Data) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		if at >= d.size {
			return done, io.EOF
		}
		n, err := d.some(p[done:min(int64(len(p)), int64(done)+d.size-at)], at)
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// some reads at least one byte, from one run or unit.
func (d *Data) some(p []byte, off int64) (int, error) {
	if d.isResident {
		return copy(p, d.resident[off:]), nil
	}
	if off >= d.init {
		clear(p)
		return len(p), nil
	}
	p = p[:min(int64(len(p)), d.init-off)]
	if d.unit > 0 {
		return d.fromUnit(p, off)
	}
	size := d.fs.info.ClusterSize
	i := d.at(off / size)
	if i == len(d.runs) {
		return 0, fmt.Errorf("no run holds offset %d: %w", off, ErrDamaged)
	}
	r := d.runs[i]
	p = p[:min(int64(len(p)), (r.vcn+r.n)*size-off)]
	return d.fromRun(r, p, off)
}

func (d *Data) fromRun(r run, p []byte, off int64) (int, error) {
	switch r.lcn {
	case lcnHole:
		clear(p)
		return len(p), nil
	case lcnMissing:
		if d.withheld != nil {
			return 0, d.withheld
		}
		return 0, fmt.Errorf("the volume does not say where cluster %d of the stream is: %w", off/d.fs.info.ClusterSize, ErrDamaged)
	}
	size := d.fs.info.ClusterSize
	n, err := d.fs.r.ReadAt(p, r.lcn*size+off-r.vcn*size)
	if n == len(p) {
		return n, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w %d: %w", errBehind, r.lcn, ErrDamaged)
	}
	return n, err
}

// fromUnit reads from a compressed stream: a unit is a hole, or stored as it
// is in all its clusters, or compressed in its first ones.
func (d *Data) fromUnit(p []byte, off int64) (int, error) {
	size := d.unit * d.fs.info.ClusterSize
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plain == nil || d.unitAt != off/size {
		plain, err := d.expand(off / size)
		if err != nil {
			d.plain = nil
			return 0, err
		}
		d.plain, d.unitAt = plain, off/size
	}
	return copy(p, d.plain[off%size:]), nil
}

// expand returns the plain bytes of a unit.
func (d *Data) expand(unit int64) (out []byte, err error) {
	defer caught(&err)
	size := d.fs.info.ClusterSize
	out = make([]byte, d.unit*size)
	from, to := unit*d.unit, (unit+1)*d.unit
	stored := int64(0)
	for vcn := from; vcn < to; {
		i := d.at(vcn)
		if i == len(d.runs) {
			break // the last unit may end early
		}
		r := d.runs[i]
		n := min(r.vcn+r.n, to) - vcn
		if r.lcn != lcnHole {
			if stored != vcn-from {
				return nil, fmt.Errorf("compression unit %d has a hole in its middle: %w", unit, ErrDamaged)
			}
			if _, err := d.fromRun(r, out[stored*size:(stored+n)*size], vcn*size); err != nil {
				return nil, err
			}
			stored += n
		}
		vcn += n
	}
	if stored == 0 || stored == d.unit {
		return out, nil
	}
	plain := make([]byte, len(out))
	if err := lznt1(plain, out[:stored*size]); err != nil {
		return nil, fmt.Errorf("compression unit %d: %w", unit, err)
	}
	return plain, nil
}

// NextData returns the first run of stored bytes at or after off; start is
// Size where only zeros are left.
func (d *Data) NextData(off int64) (start, end int64, err error) {
	stop := min(d.size, d.init)
	if off >= stop {
		return d.size, d.size, nil
	}
	if d.isResident {
		return off, d.size, nil
	}
	align := d.fs.info.ClusterSize * max(1, d.unit)
	for i := d.at(off / d.fs.info.ClusterSize); i < len(d.runs); i++ {
		r := d.runs[i]
		if r.lcn == lcnHole {
			continue
		}
		start = r.vcn * d.fs.info.ClusterSize
		start = max(off, start-start%align)
		end = (r.vcn + r.n) * d.fs.info.ClusterSize
		end += (align - end%align) % align
		if start >= stop {
			break
		}
		return start, min(end, stop), nil
	}
	return d.size, d.size, nil
}

// Withhold makes every read of a hole fail with why: the bytes that belong there
// are kept elsewhere. A compressed stream, whose units all end in a hole, stays
// as it is.
func (d *Data) Withhold(why error) {
	if d.unit > 0 {
		return
	}
	d.withheld = why
	for i := range d.runs {
		if d.runs[i].lcn == lcnHole {
			d.runs[i].lcn = lcnMissing
		}
	}
}

// Gap returns how far what a read at off failed for reaches: to the end of a run
// that isn't known or lies behind the end of the image, or of a compression unit;
// off where the reason is another.
func (d *Data) Gap(off int64, err error) (end int64) {
	cluster := d.fs.info.ClusterSize
	if i := d.at(off / cluster); i < len(d.runs) && (d.runs[i].lcn == lcnMissing || errors.Is(err, disk.ErrBeyond) || errors.Is(err, errBehind)) {
		end = (d.runs[i].vcn + d.runs[i].n) * cluster
	}
	if unit := d.unit * cluster; unit > 0 { // of which all is lost
		end = max(end, off+1)
		end += (unit - end%unit) % unit
	}
	return max(end, off)
}

// Stored reports whether any byte of the stream is on the disk.
func (d *Data) Stored() bool {
	if d.isResident {
		return len(d.resident) > 0
	}
	for _, r := range d.runs {
		if r.lcn != lcnHole {
			return true
		}
	}
	return false
}
