package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxParts bounds the files of one split image.
const maxParts = 10_000

// Image is an open container: its bytes, as the disk had them.
type Image struct {
	parts []part
	size  int64
	Files []string // that it is made of, in order
	Kind  string   // "raw" or "split raw"
}

type part struct {
	f   *os.File
	off int64
	n   int64
}

// OpenImage opens a raw image, or a split raw one by its first part (.001, or
// .000), or a block device. Other containers give an error that names them.
func OpenImage(path string) (*Image, error) {
	files := []string{path}
	if s := splitParts(path); len(s) > 1 {
		files = s
	}
	im := &Image{Files: files, Kind: "raw"}
	if len(files) > 1 {
		im.Kind = "split raw"
	}
	for _, p := range files {
		if err := im.append(p); err != nil {
			im.Close()
			return nil, err
		}
	}
	if im.size == 0 {
		im.Close()
		return nil, fmt.Errorf("image %q is empty", path)
	}
	if kind := container(im); kind != "" {
		im.Close()
		return nil, fmt.Errorf("image %q is %s: not supported yet; qemu-img convert -O raw, or ewfexport, make a raw one", path, kind)
	}
	return im, nil
}

func (im *Image) append(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open image: %w", err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() && st.Mode()&fs.ModeDevice == 0 {
		err = errors.New("neither a file nor a device")
	}
	var n int64
	if err == nil {
		n, err = f.Seek(0, io.SeekEnd) // a device states no size
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("open image %q: %w", path, err)
	}
	im.parts = append(im.parts, part{f, im.size, n})
	im.size += n
	return nil
}

// splitParts lists path and the parts that follow it without a gap, where its
// extension is that of a first part.
func splitParts(path string) []string {
	ext := filepath.Ext(path)
	if len(ext) != 4 && len(ext) != 5 {
		return nil
	}
	n, err := strconv.ParseUint(ext[1:], 10, 16)
	if err != nil || n > 1 {
		return nil
	}
	var out []string
	for len(out) < maxParts {
		p := strings.TrimSuffix(path, ext) + fmt.Sprintf(".%0*d", len(ext)-1, n)
		if _, err := os.Stat(p); err != nil {
			break
		}
		out = append(out, p)
		n++
	}
	return out
}

// container names formats that hold an image in another form.
func container(im *Image) string {
	b := make([]byte, 16)
	if readFull(im, b, 0) != nil {
		return ""
	}
	for _, m := range []struct{ magic, name string }{
		{"EVF\x09\x0d\x0a\xff\x00", "an EWF (E01) container"}, {"EVF2\x0d\x0a\x81\x00", "an EWF2 (Ex01) container"},
		{"QFI\xfb", "a QCOW container"}, {"KDMV", "a VMDK container"}, {"# Disk Descriptor", "a VMDK descriptor"},
		{"conectix", "a VHD container"}, {"vhdxfile", "a VHDX container"}, {"AFF10\x0d\x0a\x00", "an AFF container"},
		{"PK\x03\x04", "a ZIP file (AFF4?)"}, {"\x1f\x8b", "gzip-compressed"}, {"\x28\xb5\x2f\xfd", "zstd-compressed"},
	} {
		if strings.HasPrefix(string(b), m.magic[:min(len(m.magic), len(b))]) {
			return m.name
		}
	}
	return ""
}

// Size returns the bytes of the image.
func (im *Image) Size() int64 { return im.size }

// ReadAt implements io.ReaderAt over all parts.
func (im *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at negative offset %d", off)
	}
	i, found := slices.BinarySearchFunc(im.parts, off, func(q part, o int64) int { return int(min(1, max(-1, q.off-o))) })
	if !found {
		i--
	}
	done := 0
	for ; i >= 0 && i < len(im.parts) && done < len(p); i++ {
		q := im.parts[i]
		at := off + int64(done) - q.off
		if at >= q.n {
			continue
		}
		n, err := q.f.ReadAt(p[done:min(int64(len(p)), int64(done)+q.n-at)], at)
		done += n
		if err != nil && !errors.Is(err, io.EOF) {
			return done, fmt.Errorf("read %q: %w", q.f.Name(), err)
		}
		if n == 0 {
			break // the file has become shorter than it was
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// Close closes every part.
func (im *Image) Close() error {
	var errs []error
	for _, p := range im.parts {
		errs = append(errs, p.f.Close())
	}
	im.parts = nil
	return errors.Join(errs...)
}
