package disk

import (
	"encoding/binary"
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
	Kind  string   // "raw", "split raw" or "fixed VHD"
}

type part struct {
	f   *os.File
	off int64
	n   int64
}

// OpenImage opens a raw image, or a split raw one by its first part (.001, or
// .000), or a block device. Other forms give a FormError.
func OpenImage(path string) (*Image, error) {
	files := []string{path}
	s, err := splitParts(path)
	if err != nil {
		return nil, fmt.Errorf("open image %q: %w", path, err)
	}
	if len(s) > 1 {
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
	im.footer()
	if is, next := container(im); is != "" {
		im.Close()
		return nil, &FormError{Path: path, Is: is, Next: next}
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

// splitParts lists path and the parts that follow it, where its extension is
// that of a first part. A part that is missing before another is an error.
func splitParts(path string) ([]string, error) {
	ext := filepath.Ext(path)
	if len(ext) != 4 && len(ext) != 5 {
		return nil, nil
	}
	n, err := strconv.ParseUint(ext[1:], 10, 16)
	if err != nil || n > 1 {
		return nil, nil
	}
	part := func(n uint64) (string, bool) {
		p := strings.TrimSuffix(path, ext) + fmt.Sprintf(".%0*d", len(ext)-1, n)
		_, err := os.Stat(p)
		return p, !errors.Is(err, fs.ErrNotExist)
	}
	var out []string
	for ; len(out) < maxParts; n++ {
		p, ok := part(n)
		if !ok {
			break
		}
		out = append(out, p)
	}
	if p, _ := part(n); len(out) > 0 {
		if next, ok := part(n + 1); ok {
			return nil, fmt.Errorf("its part %q is missing, and %q is there: %w", p, next, fs.ErrNotExist)
		}
	}
	return out, nil
}

// footer leaves out the last sector of a fixed VHD, which is a raw image but for
// that ("Virtual Hard Disk Image Format Specification", 2006: the size of the
// disk at 48, its type at 60, 2 for fixed).
func (im *Image) footer() {
	b := make([]byte, 512)
	last := &im.parts[len(im.parts)-1]
	if last.n <= 512 || readFull(im, b, im.size-512) != nil {
		return
	}
	if string(b[:8]) == "conectix" && binary.BigEndian.Uint64(b[48:]) == uint64(im.size-512) && binary.BigEndian.Uint32(b[60:]) == 2 {
		im.Kind = "fixed VHD"
		im.size -= 512
		last.n -= 512
	}
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
