// Package ntfs reads an NTFS volume: its directories, records and streams.
//
// It stands on go-ntfs for the records of the MFT (fix-ups, cache, attribute
// headers). What lies above is its own, because a collector may not lose bytes
// without a word: run lists are joined over all segments and
// their gaps are errors, reads beyond a truncated image are errors rather than
// zeros, directories have no size limit, names keep their exact UTF-16, and
// every list, chain and loop of a damaged or hostile volume is bounded.
//
// Facts of the format: the Linux-NTFS project's documentation, [MS-FSCC] for
// attributes, reparse points and security descriptors, [MS-XCA] for LZNT1.
package ntfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"www.velocidex.com/golang/go-ntfs/parser"
)

// Numbers of records with a fixed meaning.
const (
	recordMFT    = 0
	recordVolume = 3
	recordRoot   = 5
	recordBad    = 8
	recordSecure = 9
	recordUpcase = 10
	recordExtend = 11
	recordOwn    = 12 // and more are reserved, or files
)

// Bounds of what one volume, record or stream may hold.
const (
	maxCluster   = 2 << 20 // bytes; Windows formats up to 2 MiB
	maxRecord    = 4096    // bytes of one MFT record; 1,024 or 4,096 in the field
	maxAttrs     = 8192    // attributes of one file, over all its records
	maxExtension = 4096    // records that one file's attributes spread over
	maxSpread    = 256     // times that the MFT is opened anew with what it leads to
	maxAttrList  = 256 << 10
	maxRuns      = 1 << 20 // runs of one stream
	maxClusters  = 1 << 50
	maxValue     = 64 << 10 // bytes of a resident value or of a small stream read whole
)

// ErrDamaged marks what can't be read because the volume contradicts itself.
var ErrDamaged = errors.New("damaged")

// Ref names a record of the MFT and its use: a number and a sequence.
type Ref struct {
	Record uint64
	Seq    uint16
}

// String prints "record-sequence".
func (r Ref) String() string { return fmt.Sprintf("%d-%d", r.Record, r.Seq) }

func refOf(v uint64) Ref { return Ref{v & (1<<48 - 1), uint16(v >> 48)} }

// Info describes a volume.
type Info struct {
	SectorSize, ClusterSize, RecordSize int64
	Clusters                            int64  // on the volume
	Serial                              uint64 // printed as 16 hex digits by Windows
	Label                               string
	Version                             string // "3.1"
	Dirty                               bool   // not unmounted cleanly
	Notes                               []string
}

// FS is an open volume. It is safe for concurrent use.
type FS struct {
	r    io.ReaderAt
	info Info
	mft  *Data
	// mirror is where the copy of the first records begins, in bytes.
	mirror int64
	ctx    *parser.NTFSContext
	fold   foldTable

	dirs   *dirCache
	spread atomic.Pointer[Node] // the file read last of those that spread over several records
	claims claims
	secure secure
}

// Open opens the volume of size bytes that starts at offset 0 of r. Only boot
// sectors or an MFT that can't be used at all are an error: where the first
// boot sector is damaged, the copy in the volume's last sector serves.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	f, err := open(r, 0, size)
	for _, sector := range []int64{512, 4096} {
		if err == nil || size < 2*sector {
			break
		}
		if g, cerr := open(r, size-sector, size); cerr == nil {
			g.info.Notes = append([]string{fmt.Sprintf("%v; the copy of the boot sector at %d was used", err, size-sector)}, g.info.Notes...)
			f, err = g, nil
		}
	}
	if err != nil {
		return nil, err
	}
	f.fold = f.upcase()
	f.describe()
	return f, nil
}

// open opens the volume of size bytes by the boot sector at a place.
func open(r io.ReaderAt, boot, size int64) (*FS, error) {
	f := &FS{r: r, dirs: newDirCache()}
	mftAt, mirrorAt, err := f.boot(boot)
	if err != nil {
		return nil, err
	}
	f.mirror = mirrorAt
	f.widen(size)
	f.ctx = parser.GetNTFSContextFromRawMFT(r, f.info.ClusterSize, f.info.RecordSize)
	f.ctx.DiskReader = r
	err = f.openMFT(mftAt)
	if err != nil {
		f.info.Notes = append(f.info.Notes, fmt.Sprintf("$MFT at %d: %v; its mirror was used", mftAt, err))
		if merr := f.openMFT(mirrorAt); merr != nil {
			return nil, fmt.Errorf("open $MFT at %d: %w; its mirror at %d: %w", mftAt, err, mirrorAt, merr)
		}
	}
	return f, nil
}

// Info returns what is known of the volume.
func (f *FS) Info() Info { return f.info }

// Size returns how many bytes the clusters of the volume have.
func (f *FS) Size() int64 { return f.info.Clusters * f.info.ClusterSize }

// Root returns the volume's top directory.
func (f *FS) Root() Ref { return Ref{Record: recordRoot, Seq: recordRoot} }

// boot reads a boot sector: where the MFT and its mirror begin, in bytes.
func (f *FS) boot(at int64) (mft, mirror int64, err error) {
	b := make([]byte, 512)
	if n, err := f.r.ReadAt(b, at); n < len(b) {
		return 0, 0, fmt.Errorf("read boot sector: %w", err)
	}
	if string(b[3:11]) != "NTFS    " {
		return 0, 0, fmt.Errorf("no NTFS boot sector: %w", ErrDamaged)
	}
	sector, per := int64(binary.LittleEndian.Uint16(b[11:])), int64(b[13])
	if per > 0x80 { // a negative power of two, for clusters over 64 KiB
		per = 1 << min(256-per, 12)
	}
	total := int64(binary.LittleEndian.Uint64(b[40:]))
	f.info.SectorSize, f.info.ClusterSize = sector, sector*per
	f.info.Serial = binary.LittleEndian.Uint64(b[72:])
	if !power(sector, 256, 4096) || !power(sector*per, 512, maxCluster) || total <= 0 || total > maxClusters {
		return 0, 0, fmt.Errorf("boot sector: sectors of %d bytes, clusters of %d, %d sectors: %w", sector, sector*per, total, ErrDamaged)
	}
	f.info.Clusters = total / per
	f.info.RecordSize = sized(int8(b[64]), f.info.ClusterSize)
	if !power(f.info.RecordSize, 512, maxRecord) {
		return 0, 0, fmt.Errorf("boot sector: records of %d bytes: %w", f.info.RecordSize, ErrDamaged)
	}
	lcn := func(at int) (int64, bool) {
		v := binary.LittleEndian.Uint64(b[at:])
		return int64(v) * f.info.ClusterSize, v < uint64(f.info.Clusters)
	}
	mft, ok := lcn(48)
	mirror, ok2 := lcn(56)
	if !ok && !ok2 {
		return 0, 0, fmt.Errorf("boot sector: $MFT lies outside the volume: %w", ErrDamaged)
	}
	return mft, mirror, nil
}

// widen takes the clusters up to the copy of the boot sector for the volume's where
// the boot sector counts fewer: what lies between them would be out of reach.
func (f *FS) widen(size int64) {
	sector, cluster := f.info.SectorSize, f.info.ClusterSize
	b := make([]byte, 512)
	if size/cluster <= f.info.Clusters+1 {
		return
	}
	if n, _ := f.r.ReadAt(b, size-sector); n < len(b) || string(b[3:11]) != "NTFS    " {
		return
	}
	f.info.Notes = append(f.info.Notes, fmt.Sprintf("the boot sector counts %d clusters, and its copy is %d further on: those between them were taken for the volume's", f.info.Clusters, size/cluster-f.info.Clusters))
	f.info.Clusters = size / cluster
}

func power(v, least, most int64) bool { return v >= least && v <= most && v&(v-1) == 0 }

// sized reads the boot sector's form of a size: clusters, or a negative power
// of two bytes.
func sized(v int8, cluster int64) int64 {
	if v > 0 {
		return int64(v) * cluster
	}
	return 1 << min(-int(v), 30)
}

// openMFT reads record 0 at a place on the disk and opens the MFT's stream
// over all its segments.
func (f *FS) openMFT(at int64) (err error) {
	defer caught(&err)
	head := make([]byte, 32)
	if n, err := f.r.ReadAt(head, at); n < len(head) {
		return err // the library would say that the record is short
	}
	if string(head[:4]) != "FILE" {
		return fmt.Errorf("no FILE signature: %w", ErrDamaged)
	}
	if n := binary.LittleEndian.Uint32(head[28:]); int64(n) != f.info.RecordSize {
		return fmt.Errorf("a record of %d bytes, where the boot sector says %d: %w", n, f.info.RecordSize, ErrDamaged)
	}
	entry, err := parser.GetFixedUpMFTEntry(f.ctx, f.r, at)
	if err != nil {
		return err
	}
	rec, err := f.parse(entry, recordMFT)
	if err != nil {
		return err
	}
	f.mft, err = f.stream(rec.attrs, attrData, "")
	if err != nil {
		return err
	}
	if at != f.mirror && (len(f.mft.runs) == 0 || f.mft.runs[0].lcn*f.info.ClusterSize != at) {
		return fmt.Errorf("a record whose stream does not begin with it, as that of $MFT does: %w", ErrDamaged)
	}
	f.ctx.Purge() // of what was read before another way
	f.ctx.MFTReader = f.mft
	if !rec.has(attrList) {
		return nil
	}
	return f.spreadMFT(rec)
}

// spreadMFT opens the MFT over the records that its attributes spread over. Each
// segment may be what leads to the record of the next, so this goes on while more
// of it comes to light. What stays unknown of it is noted.
func (f *FS) spreadMFT(rec *record) error {
	for range maxSpread {
		n, err := f.node(rec)
		if err != nil {
			return err
		}
		whole, err := f.stream(n.attrs, attrData, "")
		if err != nil {
			n.problem("$MFT: %v", err)
		}
		if whole == nil || whole.held <= f.mft.held {
			f.info.Notes = append(f.info.Notes, n.Problems...)
			return nil
		}
		f.mft, f.ctx.MFTReader = whole, whole
	}
	f.info.Notes = append(f.info.Notes, fmt.Sprintf("$MFT: more than %d records that lead on to each other", maxSpread))
	return nil
}

// describe reads $Volume; without it the volume has no label.
func (f *FS) describe() {
	n, err := f.Node(Ref{Record: recordVolume})
	if err != nil {
		f.info.Notes = append(f.info.Notes, fmt.Sprintf("$Volume: %v", err))
		return
	}
	for _, p := range n.Problems {
		f.info.Notes = append(f.info.Notes, "$Volume: "+p)
	}
	for _, a := range n.attrs {
		switch {
		case a.kind == attrVolumeName && a.resident:
			f.info.Label = decode(a.value)
		case a.kind == attrVolumeInfo && a.resident && len(a.value) >= 12:
			f.info.Version = fmt.Sprintf("%d.%d", a.value[8], a.value[9])
			f.info.Dirty = a.value[10]&1 != 0
		}
	}
}

// caught turns a panic of the library below into an error.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, p)
	}
}
