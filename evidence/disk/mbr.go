package disk

import (
	"encoding/binary"
	"fmt"
	"io"
)

// entry is one of the four of an MBR or of an extended boot record.
type entry struct {
	status, kind byte
	start, count uint32 // sectors
}

func entries(sector []byte) (out [4]entry) {
	for i := range out {
		e := sector[mbrTable+16*i:]
		out[i] = entry{e[0], e[4], binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])}
	}
	return out
}

func (e entry) empty() bool { return e.kind == 0 || e.count == 0 }

// extended reports whether the entry heads a chain of logical volumes: CHS,
// LBA and Linux types.
func (e entry) extended() bool { return e.kind == 0x05 || e.kind == 0x0F || e.kind == 0x85 }

// protective reports whether an MBR says that a GPT divides the disk.
func protective(head []byte) bool {
	for _, e := range entries(head) {
		if e.kind == 0xEE {
			return true
		}
	}
	return false
}

// mbr reads a master boot record.
func mbr(image io.ReaderAt, size int64, head []byte) (Layout, error) {
	if binary.LittleEndian.Uint16(head[510:]) != mbrMagic {
		return Layout{}, fmt.Errorf("no MBR signature: %w", errNoTable)
	}
	four := entries(head)
	for i, e := range four {
		if e.status&0x7F != 0 {
			return Layout{}, fmt.Errorf("MBR entry %d has status %#x: %w", i+1, e.status, errNoTable)
		}
	}
	l := Layout{Scheme: "mbr", SectorSize: mbrSector(image, size, four)}
	for i, e := range four {
		switch {
		case e.empty():
		case e.extended():
			l.logical(image, e)
		default:
			l.add(i+1, int64(e.start), e)
		}
	}
	return l, nil
}

// mbrSector guesses the sector size, which an MBR doesn't state: 4,096 where
// only that lets a volume begin with a filesystem.
func mbrSector(image io.ReaderAt, size int64, four [4]entry) int64 {
	for _, sector := range []int64{512, 4096} {
		for _, e := range four {
			if e.empty() || e.extended() {
				continue
			}
			v := Volume{Offset: int64(e.start) * sector, Length: int64(e.count) * sector}
			if v.Offset < size && Detect(Section(image, size, v), v.Length) != "unknown" {
				return sector
			}
		}
	}
	return 512
}

func (l *Layout) add(number int, start int64, e entry) {
	l.Volumes = append(l.Volumes, Volume{
		Name: fmt.Sprintf("p%d", number), Number: number, Type: fmt.Sprintf("0x%02X", e.kind),
		Offset: start * l.SectorSize, Length: int64(e.count) * l.SectorSize,
	})
}

// logical follows a chain of extended boot records. The first entry of each
// is a volume, relative to that record; the second is the next record,
// relative to the extended partition. Where the chain breaks, the rest is lost.
func (l *Layout) logical(image io.ReaderAt, ext entry) {
	base, at := int64(ext.start), int64(ext.start)
	seen := map[int64]bool{}
	number := 5
	for _, v := range l.Volumes {
		number = max(number, v.Number+1)
	}
	for range maxLogical {
		if seen[at] {
			l.Lost = append(l.Lost, fmt.Sprintf("the chain of logical volumes comes back to sector %d", at))
			return
		}
		seen[at] = true
		sector := make([]byte, 512)
		if err := readFull(image, sector, at*l.SectorSize); err != nil {
			l.Lost = append(l.Lost, fmt.Sprintf("extended boot record at sector %d: %v", at, err))
			return
		}
		if binary.LittleEndian.Uint16(sector[510:]) != mbrMagic {
			l.Lost = append(l.Lost, fmt.Sprintf("extended boot record at sector %d has no signature", at))
			return
		}
		four := entries(sector)
		if e := four[0]; !e.empty() && !e.extended() {
			l.add(number, at+int64(e.start), e)
			number++
		}
		if four[1].empty() {
			return
		}
		at = base + int64(four[1].start)
	}
	l.Lost = append(l.Lost, fmt.Sprintf("more than %d logical volumes: the rest was left out", maxLogical))
}
