package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bounds of what a table may hold.
const (
	maxLogical = 128      // volumes of one chain of extended partitions
	maxVolumes = 1024     // of one disk
	maxEntries = 1024     // GPT entries read; the usual table has 128
	maxEntry   = 4096     // bytes of one GPT entry
	noTable    = "volume" // Volume.Name of a disk without one
	mbrTable   = 446      // offset of the four entries of an MBR
	mbrMagic   = 0xAA55   // at offset 510
)

// errNoTable says that a sector holds no partition table.
var errNoTable = errors.New("no partition table")

// errNothing says that an image holds nothing that is known.
var errNothing = fmt.Errorf("%w and no filesystem that is known", errNoTable)

// Volumes finds the volumes of an image of size bytes: by a GPT (its backup
// where the first is damaged), by an MBR with its chain of logical volumes, or
// as one bare filesystem. Sectors of 512 and 4,096 bytes are tried. What is
// odd is noted; an error means that the first sector can't be read or that
// nothing at all is recognised.
func Volumes(image io.ReaderAt, size int64) (Layout, error) {
	head := make([]byte, 512)
	if size < int64(len(head)) {
		return Layout{}, fmt.Errorf("%d bytes are less than one sector", size)
	}
	if err := readFull(image, head, 0); err != nil {
		return Layout{}, fmt.Errorf("read the first sector: %w", err)
	}
	if fs := Detect(image, size); fs != "unknown" && bare(fs, head) {
		v := Volume{Name: noTable, Length: bareLength(fs, head, size), Filesystem: fs}
		if v.Length != size && bootCopy(image, size) {
			v.Length = size // the copy stands at its end: its boot sector is damaged
		}
		check(&v, size)
		return Layout{Scheme: "none", Volumes: []Volume{v}}, nil
	}
	l, err := table(image, size, head)
	if (err != nil || len(l.Volumes) == 0) && bootCopy(image, size) {
		v := Volume{Name: noTable, Length: size, Filesystem: "ntfs"}
		return Layout{Scheme: "none", Volumes: []Volume{v}}, nil
	}
	if errors.Is(err, errNoTable) {
		return l, errNothing
	}
	if err != nil {
		return l, fmt.Errorf("no filesystem that is known, and no partition table that can be used: %w", err)
	}
	if len(l.Volumes) == 0 { // a wiper leaves the like
		l.Lost = append(l.Lost, fmt.Sprintf("the %s has no volumes: whatever else the image holds was not read", strings.ToUpper(l.Scheme)))
	}
	for i := range l.Volumes {
		v := &l.Volumes[i]
		check(v, size)
		v.Filesystem = "unknown"
		if v.Offset < size {
			v.Filesystem = Detect(Section(image, size, *v), v.Length)
		}
		if v.Filesystem == "unknown" && bootCopy(Section(image, size, *v), v.Length) {
			v.Filesystem = "ntfs"
		}
	}
	overlaps(l.Volumes)
	return l, nil
}

// bare reports whether fs really fills the disk: an MBR may keep the magic of
// a filesystem that was there before, but a boot sector of NTFS or FAT and a
// table don't fit into the same sector.
func bare(fs string, head []byte) bool {
	switch fs {
	case "ntfs", "fat", "exfat", "bitlocker", "refs":
		return true
	}
	return binary.LittleEndian.Uint16(head[510:]) != mbrMagic
}

// bareLength is what an NTFS boot sector states, with the backup sector that
// follows the last one; other filesystems have all there is.
func bareLength(fs string, head []byte, size int64) int64 {
	if fs != "ntfs" {
		return size
	}
	sector := int64(binary.LittleEndian.Uint16(head[11:]))
	count := int64(binary.LittleEndian.Uint64(head[40:]))
	if sector == 0 || count <= 0 || count > (1<<62)/sector {
		return size
	}
	return (count + 1) * sector
}

// table reads whichever table divides the disk. An MBR that has volumes and no
// protective entry stands before a GPT, as it does for every system: the GPT
// was left when the disk was divided anew.
func table(image io.ReaderAt, size int64, head []byte) (Layout, error) {
	l, merr := mbr(image, size, head)
	g, gerr := anyGPT(image, size)
	switch {
	case gerr == nil && (merr != nil || protective(head) || len(l.Volumes) == 0):
		return g, nil
	case merr != nil && errors.Is(gerr, errNoTable):
		return l, merr
	case merr != nil:
		return l, fmt.Errorf("%w; %w", gerr, merr)
	case gerr == nil:
		l.Notes = append(l.Notes, fmt.Sprintf("a GPT with %d volumes was left from before the MBR and was not read", len(g.Volumes)))
	case !errors.Is(gerr, errNoTable):
		l.Notes = append(l.Notes, gerr.Error())
	}
	return l, nil
}

// anyGPT tries both sizes of sectors. The error is of a table that is there
// and can't be used, or wraps errNoTable.
func anyGPT(image io.ReaderAt, size int64) (Layout, error) {
	first := errNoTable
	for _, sector := range []int64{512, 4096} {
		l, err := gpt(image, size, sector)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, errNoTable) && errors.Is(first, errNoTable) {
			first = err
		}
	}
	return Layout{}, first
}

func check(v *Volume, size int64) {
	switch {
	case v.Offset >= size:
		v.Notes = append(v.Notes, fmt.Sprintf("starts at %d, behind the end of the image at %d", v.Offset, size))
	case v.Length > size-v.Offset:
		v.Notes = append(v.Notes, fmt.Sprintf("ends at %d, behind the end of the image at %d", v.Offset+v.Length, size))
	}
}

// overlaps notes every volume that begins before the one in front of it ends.
func overlaps(vs []Volume) {
	order := make([]int, len(vs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(min(1, max(-1, vs[a].Offset-vs[b].Offset))) })
	last := -1
	for _, i := range order {
		if last >= 0 && vs[i].Offset < vs[last].Offset+vs[last].Length {
			vs[i].Notes = append(vs[i].Notes, "overlaps "+vs[last].Name)
		}
		if last < 0 || vs[i].Offset+vs[i].Length > vs[last].Offset+vs[last].Length {
			last = i
		}
	}
}

// readFull fills p from off; a short read is an error.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
