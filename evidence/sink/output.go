package sink

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/hozen-dfir/hozen/evidence/durable"
	"github.com/hozen-dfir/hozen/evidence/internal/storedzip"
	"github.com/hozen-dfir/hozen/evidence/store"
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

// storeOutput is a prefix in a store.
type storeOutput struct {
	s      store.Store
	prefix string
	spill  string // folder for what the store refused; "" for none

	mu     sync.Mutex
	second Output
	cause  error
}

// NewStore puts each object under prefix in s as it is made, with no local
// copy. Where the store can't be reached any more and spill is a folder, that
// object and all later ones go there instead; they keep their names.
func NewStore(s store.Store, prefix, spill string) Output {
	return &storeOutput{s: s, prefix: prefix, spill: spill}
}

// Spilled is implemented by outputs that may have put objects elsewhere.
type Spilled interface {
	// Spilled names the folder that holds what the store refused, and why.
	Spilled() (folder string, cause error)
}

func (o *storeOutput) Put(ctx context.Context, name string, body []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.second == nil {
		sum := sha256.Sum256(body)
		_, err := o.s.Put(ctx, o.prefix+name, bytes.NewReader(body), int64(len(body)), hex.EncodeToString(sum[:]))
		if err == nil || errors.Is(err, store.ErrUnconfirmed) {
			return nil // an unconfirmed put is settled at intake
		}
		if o.spill == "" || errors.Is(err, store.ErrExists) {
			return err
		}
		second, serr := NewDir(o.spill)
		if serr != nil {
			return errors.Join(err, serr)
		}
		o.second, o.cause = second, err
	}
	return o.second.Put(ctx, name, body)
}

func (o *storeOutput) Spilled() (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.second == nil {
		return "", nil
	}
	return o.spill, o.cause
}

func (o *storeOutput) Close() error {
	if o.second != nil {
		return o.second.Close()
	}
	return nil
}
func (o *storeOutput) String() string { return store.Place(o.s, o.prefix) }
