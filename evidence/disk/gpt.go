package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf16"
)

// gpt reads a GUID partition table (UEFI 2.10, section 5.3) in sectors of the
// given size. Where the table at sector 1 is damaged, the backup in the last
// sector (of the disk as it was when it was divided, where it has grown since)
// is used and noted; where only an entry array is damaged, it is used all the
// same, for a damaged table is still evidence of what was there.
func gpt(image io.ReaderAt, size, sector int64) (Layout, error) {
	l := Layout{Scheme: "gpt", SectorSize: sector}
	first, err := gptAt(image, size, sector, 1)
	if err == nil {
		l.Volumes = first
		return l, nil
	}
	backup, berr := gptAt(image, size, sector, size/sector-1)
	if errors.Is(berr, errNoTable) {
		backup, berr = gptAt(image, size, sector, protectedEnd(image))
	}
	if berr == nil {
		l.Volumes = backup
		l.Notes = append(l.Notes, fmt.Sprintf("the GPT at sector 1 is damaged (%v): its backup was used", err))
		return l, nil
	}
	if errors.Is(err, errArray) {
		l.Volumes = first
		l.Lost = append(l.Lost, fmt.Sprintf("the GPT at sector 1 (%v) and its backup (%v) are damaged: the first was used as it is", err, berr))
		return l, nil
	}
	if errors.Is(err, errNoTable) && errors.Is(berr, errNoTable) {
		return l, errNoTable
	}
	return l, fmt.Errorf("the GPT at sector 1 (%w) and its backup (%w) can't be used", notTable(err), notTable(berr))
}

// protectedEnd returns the last sector that a protective MBR speaks of, or 0.
func protectedEnd(image io.ReaderAt) int64 {
	head := make([]byte, 512)
	if readFull(image, head, 0) != nil || binary.LittleEndian.Uint16(head[510:]) != mbrMagic {
		return 0
	}
	for _, e := range entries(head) {
		if e.kind == 0xEE {
			return int64(e.start) + int64(e.count) - 1
		}
	}
	return 0
}

// notTable keeps errNoTable of one half from standing for both.
func notTable(err error) error {
	if errors.Is(err, errNoTable) {
		return errors.New("none")
	}
	return err
}

// errArray marks a table whose header is good and whose entries are not.
var errArray = errors.New("checksum of the entries is wrong")

func gptAt(image io.ReaderAt, size, sector, lba int64) ([]Volume, error) {
	if lba < 1 || lba >= size/sector {
		return nil, errNoTable
	}
	h := make([]byte, 512)
	if err := readFull(image, h, lba*sector); err != nil || string(h[:8]) != "EFI PART" {
		return nil, errNoTable
	}
	n := binary.LittleEndian.Uint32(h[12:])
	if n < 92 || int64(n) > int64(len(h)) {
		return nil, fmt.Errorf("header of %d bytes", n)
	}
	sum := binary.LittleEndian.Uint32(h[16:])
	clear(h[16:20])
	if crc32.ChecksumIEEE(h[:n]) != sum {
		return nil, errors.New("checksum of the header is wrong")
	}
	return gptEntries(image, size, sector, h)
}

func gptEntries(image io.ReaderAt, size, sector int64, h []byte) ([]Volume, error) {
	at := int64(binary.LittleEndian.Uint64(h[72:]))
	count, each := int64(binary.LittleEndian.Uint32(h[80:])), int64(binary.LittleEndian.Uint32(h[84:]))
	if each < 128 || each > maxEntry || each%8 != 0 || count > maxEntries || at < 2 || at > size/sector {
		return nil, fmt.Errorf("%d entries of %d bytes at sector %d", count, each, at)
	}
	b := make([]byte, count*each)
	if err := readFull(image, b, at*sector); err != nil {
		return nil, fmt.Errorf("read the entries: %w", err)
	}
	var out []Volume
	for i := range count {
		e := b[i*each:]
		if bytes.Equal(e[:16], make([]byte, 16)) {
			continue
		}
		first, last := binary.LittleEndian.Uint64(e[32:]), binary.LittleEndian.Uint64(e[40:])
		v := Volume{Name: fmt.Sprintf("p%d", i+1), Number: int(i + 1), Type: guid(e[:16]), Label: label(e[56:128])}
		const most = 1 << 50 // sectors; more would overflow bytes
		if first > last || last > most {
			v.Notes = append(v.Notes, fmt.Sprintf("reaches from sector %d to %d", first, last))
			first, last = 0, 0
		} else {
			v.Offset, v.Length = int64(first)*sector, int64(last-first+1)*sector
		}
		out = append(out, v)
	}
	if crc32.ChecksumIEEE(b) != binary.LittleEndian.Uint32(h[88:]) {
		return out, errArray
	}
	return out, nil
}

// guid prints the mixed-endian form of UEFI, appendix A.
func guid(b []byte) string {
	return fmt.Sprintf("%08X-%04X-%04X-%X-%X", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]),
		binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16])
}

func label(b []byte) string {
	var u []uint16
	for ; len(b) >= 2; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return strings.ToValidUTF8(string(utf16.Decode(u)), "\uFFFD")
}
