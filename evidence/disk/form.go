package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FormError says that a file is no raw image, what it is, and what to do next.
type FormError struct{ Path, Is, Next string }

// Error implements error. Next is for a hint.
func (e *FormError) Error() string {
	return fmt.Sprintf("image %q is %s: not supported yet", e.Path, e.Is)
}

// form is a mark of what is no raw image.
type form struct {
	off             int
	magic, is, next string
}

// forms lists them, with marks of each format's own documentation.
func forms() []form {
	const (
		ewf     = "make a raw image with ewfexport -f raw, from the first segment (.E01)"
		logical = "it holds files and no disk: export them, and take the folder with --tree"
		qemu    = "make a raw image with qemu-img convert -O raw"
		unpack  = "unpack it, and name the raw image that was in it"
		decrypt = "decrypt it, and name the raw image that comes out"
		memory  = "it is no disk: a tool for memory images reads it"
		capture = "take a capture with --pcap"
	)
	return []form{
		{0, "EVF\x09\x0d\x0a\xff\x00", "an EWF (E01) container", ewf}, {0, "EVF2\x0d\x0a\x81\x00", "an EWF2 (Ex01) container", "export a raw image with the tool that made it"},
		{0, "LVF\x09\x0d\x0a\xff\x00", "a logical EWF (L01) container", logical}, {0, "LEF2\x0d\x0a\x81\x00", "a logical EWF2 (Lx01) container", logical},
		{0, "ADSEGMENTEDFILE", "an AD1 container", logical}, {0, "MSWIM\x00\x00\x00", "a WIM container", logical},
		{0, "QFI\xfb", "a QCOW container", qemu}, {0, "QED\x00", "a QED container", qemu}, {64, "\x7f\x10\xda\xbe", "a VDI container", qemu},
		{0, "KDMV", "a VMDK container", qemu}, {0, "COWD", "a VMDK container", qemu},
		{0, "# Disk Descriptor", "a VMDK descriptor", qemu + ", or name the -flat.vmdk file that it lists, which is one"},
		{0, "conectix", "a VHD container", qemu}, {0, "vhdxfile", "a VHDX container", qemu},
		{0, "WithoutFreeSpace", "a Parallels container", qemu}, {0, "WithouFreSpacExt", "a Parallels container", qemu},
		{0, "encrcdsa", "an encrypted DMG container", decrypt}, {0, "AFF10\x0d\x0a\x00", "an AFF container", "make a raw image with affconvert -r"},
		{0, "PK\x03\x04", "a ZIP file", unpack + "; where it is an AFF4 image, export a raw one with the tool that made it"},
		{0, "\x1f\x8b", "gzip-compressed", unpack}, {0, "\x28\xb5\x2f\xfd", "zstd-compressed", unpack}, {0, "\xfd7zXZ\x00", "xz-compressed", unpack},
		{0, "BZh", "bzip2-compressed", unpack}, {0, "\x04\x22\x4d\x18", "lz4-compressed", unpack}, {0, "LZIP", "lzip-compressed", unpack},
		{0, "7z\xbc\xaf\x27\x1c", "a 7z archive", unpack}, {0, "Rar!\x1a\x07", "a RAR archive", unpack}, {257, "ustar", "a tar archive", unpack},
		{0, "age-encryption.org/", "encrypted with age", decrypt}, {0, "-----BEGIN AGE ENCRYPTED", "encrypted with age", decrypt},
		{0, "Salted__", "encrypted with openssl", decrypt}, {0, "-----BEGIN PGP MESSAGE", "encrypted with OpenPGP", decrypt},
		{0, "\x8c\x0d\x04", "encrypted with OpenPGP", decrypt}, {0, "\x85\x01", "encrypted with OpenPGP", decrypt}, {0, "\x85\x02", "encrypted with OpenPGP", decrypt},
		{0, "EMiL", "a LiME memory image", memory}, {0, "PAGEDU", "a memory dump of Windows", memory}, {0, "\x7fELF", "an ELF file", "name a raw image of a disk or a volume"},
		{0, "\xd4\xc3\xb2\xa1", "a capture of packets", capture}, {0, "\x4d\x3c\xb2\xa1", "a capture of packets", capture}, {0, "\x0a\x0d\x0d\x0a", "a capture of packets", capture},
	}
}

// container tells what form an image has that holds it in another way, and what
// to do; "" where it may be raw.
func container(im *Image) (is, next string) {
	b := make([]byte, 512)
	n, _ := im.ReadAt(b, 0)
	boots := n == len(b) && binary.LittleEndian.Uint16(b[510:]) == mbrMagic
	for _, f := range forms() {
		if weak := len(f.magic) < 4; strings.HasPrefix(string(b[min(f.off, n):n]), f.magic) && !(weak && boots) {
			return f.is, f.next
		}
	}
	end := make([]byte, 4)
	if im.size > 512 && readFull(im, end, im.size-512) == nil && string(end) == "koly" {
		return "a DMG container", "make a raw image with qemu-img convert -O raw"
	}
	return "", ""
}

// Guess says what an image may be in which nothing is known, as "; it …"; ""
// where nothing can be said.
func (im *Image) Guess() string {
	b := make([]byte, 64<<10)
	n, _ := im.ReadAt(b, 0)
	if first := firstPart(im.Files[0]); first != "" {
		return fmt.Sprintf("; it looks like a later part of a split image: name the first, %q", first)
	}
	var count [256]int
	for _, c := range b[:n] {
		count[c]++
	}
	most := 0
	for _, c := range count {
		most = max(most, c)
	}
	switch {
	case count[0] == n:
		return fmt.Sprintf("; its first %d bytes are zeros", n)
	case n >= 4096 && most < n/64: // an even spread: a byte comes n/256 times
		return "; its first bytes look random: it may be encrypted (a whole disk, or the file), or compressed"
	case n >= 2 && binary.LittleEndian.Uint16(b) == 0x5A4D:
		return "; it is a program of DOS or Windows"
	}
	return ""
}

// firstPart names the first part of a split image that path is a later part of.
func firstPart(path string) string {
	ext := filepath.Ext(path)
	if len(ext) != 4 && len(ext) != 5 {
		return ""
	}
	n, err := strconv.ParseUint(ext[1:], 10, 16)
	for first := uint64(0); err == nil && first < min(n, 2); first++ {
		p := strings.TrimSuffix(path, ext) + fmt.Sprintf(".%0*d", len(ext)-1, first)
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p
		}
	}
	return ""
}
