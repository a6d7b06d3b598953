package sink

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/internal/storedzip"
)

// Output is where a writer puts a bundle's objects. Each is whole and durable
// when Put returns nil, and never replaced.
type Output interface {
	Put(ctx context.Context, name string, body []byte) error
	Close() error
	String() string
}

// dirOutput is a folder.
type dirOutput struct{ root *os.Root }

// NewDir makes the folder path, which must not exist or be empty.
func NewDir(path string) (Output, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	d, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	names, err := d.Readdirnames(1)
	d.Close()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("output folder %s: %w, and is not empty", path, fs.ErrExist)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("output folder: %w", err)
	}
	return dirOutput{root}, nil
}

func (d dirOutput) Put(_ context.Context, name string, body []byte) error {
	return durable.WriteBytes(d.root, name, 0o600, body)
}
func (d dirOutput) Close() error   { return d.root.Close() }
func (d dirOutput) String() string { return d.root.Name() }

// zipOutput is one ZIP64 file of stored entries. Every entry's header is true
// before its bytes, so that a file cut short by a crash can be read as far as
// it goes.
type zipOutput struct {
	f  *os.File
	zw *zip.Writer
}

// NewZip makes the file path, which must not exist.
func NewZip(path string) (Output, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("output file: %w", err)
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		err = d.Sync() // the name must last as well; not every system can
		d.Close()
		_ = err
	}
	return &zipOutput{f, zip.NewWriter(f)}, nil
}

func (z *zipOutput) Put(_ context.Context, name string, body []byte) error {
	err := storedzip.Put(z.zw, name, int64(len(body)), crc32.ChecksumIEEE(body), bytes.NewReader(body))
	if err == nil {
		err = z.f.Sync()
	}
	return err
}

func (z *zipOutput) Close() error {
	err := z.zw.Close()
	if err == nil {
		err = z.f.Sync()
	}
	return errors.Join(err, z.f.Close())
}
func (z *zipOutput) String() string { return z.f.Name() }
