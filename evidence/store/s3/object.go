package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/minio-go/v7"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// Small reads are served from a few cached blocks; larger ones go to the
// server as they are. One object holds at most cacheBlocks blocks.
const (
	blockSize   = 1 << 20
	cacheBlocks = 4
)

// Open implements store.Store. The object is pinned to one version: what is
// put over it meanwhile is not read. ctx bounds its reads too.
func (s *S3) Open(ctx context.Context, key, version string) (store.Object, error) {
	info, err := s.stat(ctx, key, version)
	if err != nil {
		return nil, err
	}
	if info.Size < 0 {
		return nil, fmt.Errorf("opening %s in %s: the server states no size", key, s)
	}
	return &object{s: s, ctx: ctx, info: info}, nil
}

// digest reads an object to the end, for servers that keep no SHA-256.
func (s *S3) digest(ctx context.Context, key string, info store.Info) (string, error) {
	o := &object{s: s, ctx: ctx, info: info}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, io.NewSectionReader(o, 0, info.Size), make([]byte, 4*blockSize)); err != nil {
		return "", fmt.Errorf("comparing %s: %w", key, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

type object struct {
	s    *S3
	ctx  context.Context
	info store.Info

	mu     sync.Mutex
	blocks []block // most recently used last
}

type block struct {
	off  int64
	data []byte
}

// Info implements store.Object.
func (o *object) Info() store.Info { return o.info }

// Close drops the cache.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.blocks = nil
	return nil
}

// ReadAt implements io.ReaderAt with ranged requests.
func (o *object) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the beginning of an object")
	}
	if off >= o.info.Size {
		return 0, io.EOF
	}
	var end error
	if int64(len(p)) > o.info.Size-off {
		p, end = p[:o.info.Size-off], io.EOF
	}
	if len(p) >= blockSize {
		if err := o.fetch(p, off); err != nil {
			return 0, err
		}
		return len(p), end
	}
	for n := 0; n < len(p); {
		at := off + int64(n)
		b, err := o.block(at - at%blockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b[at%blockSize:])
	}
	return len(p), end
}

// block returns the cached block at off, fetching it where it is missing. Its
// bytes are never written to again.
func (o *object) block(off int64) ([]byte, error) {
	o.mu.Lock()
	for i, b := range o.blocks {
		if b.off == off {
			o.blocks = append(append(o.blocks[:i:i], o.blocks[i+1:]...), b)
			o.mu.Unlock()
			return b.data, nil
		}
	}
	o.mu.Unlock()
	data := make([]byte, min(blockSize, o.info.Size-off))
	if err := o.fetch(data, off); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.blocks) == cacheBlocks {
		o.blocks = o.blocks[1:]
	}
	o.blocks = append(o.blocks, block{off, data})
	return data, nil
}

// fetch fills p from the server.
func (o *object) fetch(p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	err := o.s.retry(o.ctx, func(ctx context.Context) error { return o.get(ctx, p, off) })
	if err != nil {
		return fmt.Errorf("reading %s from %s: %w", o.info.Key, o.s, o.s.classify(o.ctx, err, store.ErrNotFound))
	}
	return nil
}

func (o *object) get(ctx context.Context, p []byte, off int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts := minio.GetObjectOptions{VersionID: o.info.VersionID}
	if err := opts.SetRange(off, off+int64(len(p))-1); err != nil {
		return err
	}
	body, got, _, err := o.s.core.GetObject(ctx, o.s.config.Bucket, o.s.name(o.info.Key), opts)
	if err != nil {
		return err
	}
	defer body.Close()
	if got.Size != int64(len(p)) {
		return fmt.Errorf("the server answers %d bytes where %d were asked for", got.Size, len(p))
	}
	ctx, watched, done := watch(ctx, body, o.s.config.Stall)
	defer done()
	// The watch ends the request's own context by closing its body.
	stop := context.AfterFunc(ctx, func() { body.Close() })
	defer stop()
	if _, err := io.ReadFull(watched, p); err != nil {
		return stalled(ctx, fmt.Errorf("%w: %w", errCut, err))
	}
	return nil
}

var errCut = errors.New("the server's answer was cut short")
