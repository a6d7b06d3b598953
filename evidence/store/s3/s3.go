package s3

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// maxObject is what one PUT may carry (Amazon S3 User Guide, "Uploading
// objects"): larger ones would have a digest of digests only.
const maxObject = 5 << 30

// S3 is a store in a bucket. It is safe for concurrent use.
type S3 struct {
	config Config
	creds  *credentials.Credentials
	core   *minio.Core
}

// String is the store's address: s3://bucket/prefix.
func (s *S3) String() string {
	return strings.TrimSuffix("s3://"+s.config.Bucket+"/"+s.config.Prefix, "/")
}

// name is the object's full name in the bucket.
func (s *S3) name(key string) string {
	if s.config.Prefix == "" {
		return key
	}
	return s.config.Prefix + "/" + key
}

// Put implements store.Store. Info is what the answer to the put says, so that
// a writer without the right to look needs none; Stat tells of retention.
func (s *S3) Put(ctx context.Context, key string, body io.ReaderAt, size int64, sum string) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != 32 || strings.ToLower(sum) != sum {
		return store.Info{}, fmt.Errorf("%w: %.70q is no SHA-256", store.ErrChecksum, sum)
	}
	if size > maxObject {
		return store.Info{}, fmt.Errorf("putting %s: %d bytes; S3 takes at most %d in one piece", key, size, int64(maxObject))
	}
	if err := s.credentials(); err != nil {
		return store.Info{}, err
	}
	p := &put{s: s, key: key, body: body, size: size, sum: sum, sum64: base64.StdEncoding.EncodeToString(raw)}
	info, err := p.run(ctx)
	if err != nil {
		return info, fmt.Errorf("putting %s into %s: %w", key, s, err)
	}
	return info, nil
}

// put is one Put over its attempts.
type put struct {
	s          *S3
	key        string
	body       io.ReaderAt
	size       int64
	sum, sum64 string
	maybe      bool // an attempt may have arrived though its reply did not
}

func (p *put) run(ctx context.Context) (store.Info, error) {
	var info store.Info
	err := p.s.retry(ctx, func(ctx context.Context) error {
		if p.maybe && p.size > unheard && p.there(ctx) {
			return errTaken
		}
		var err error
		info, err = p.attempt(ctx)
		if err != nil && mayHaveArrived(err) {
			p.maybe = true
		}
		return err
	})
	if errors.Is(err, errTaken) || statusOf(err) == http.StatusPreconditionFailed {
		return p.taken(ctx)
	}
	return info, p.s.classify(ctx, err, store.ErrNoBucket) // only that can be missing
}

// unheard is the size in bytes from which a body may still be on its way while
// the server has answered that the object is there and hung up: versitygw does
// so. Of that answer nothing arrives but a reset, however often it is tried.
const unheard = 64 << 10

var errTaken = errors.New("there is such an object")

// there looks once whether the object exists. A writer that may only put
// objects does not learn it.
func (p *put) there(ctx context.Context) bool {
	_, err := p.s.core.StatObject(ctx, p.s.config.Bucket, p.s.name(p.key), minio.StatObjectOptions{})
	return err == nil
}

func (p *put) attempt(ctx context.Context) (store.Info, error) {
	ctx, body, done := watch(ctx, io.NewSectionReader(p.body, 0, p.size), p.s.config.Stall)
	defer done()
	body.want = p.size
	opts := minio.PutObjectOptions{
		ContentType:          "application/octet-stream",
		DisableContentSha256: true, // not streamed in chunks: the digest is known and signed
		UserMetadata:         map[string]string{"x-amz-checksum-sha256": p.sum64},
	}
	opts.SetMatchETagExcept("*")
	up, err := p.s.core.PutObject(ctx, p.s.config.Bucket, p.s.name(p.key), body, p.size, "", p.sum, opts)
	if err != nil {
		if bad := body.failed(); bad != nil {
			return store.Info{}, bad
		}
		return store.Info{}, stalled(ctx, err)
	}
	info := store.Info{Key: p.key, Size: p.size, SHA256: p.sum, VersionID: up.VersionID}
	if up.ChecksumSHA256 != "" && up.ChecksumSHA256 != p.sum64 {
		return info, fmt.Errorf("%w: the server says it stored %s", store.ErrChecksum, up.ChecksumSHA256)
	}
	if up.ETag == "" { // every S3 service names one for what it stored
		return store.Info{}, fmt.Errorf("%w: it says yes, and names no ETag", ErrNotS3)
	}
	return info, nil
}

// taken settles a put that met an object: fine where the bytes are the same.
func (p *put) taken(ctx context.Context) (store.Info, error) {
	info, err := p.s.Stat(ctx, p.key)
	if err == nil && info.SHA256 == "" && info.Size == p.size {
		info.SHA256, err = p.s.digest(ctx, p.key, info)
	}
	switch {
	case err == nil && info.Size == p.size && info.SHA256 == p.sum:
		return info, nil
	case err == nil:
		return info, fmt.Errorf("%w with other content", store.ErrExists)
	case errors.Is(err, store.ErrDenied) && p.maybe:
		return store.Info{Key: p.key, Size: p.size, SHA256: p.sum}, fmt.Errorf(
			"%w: a reply was lost, the next attempt found the object there, and these credentials may not look at it", store.ErrUnconfirmed)
	case errors.Is(err, store.ErrDenied):
		return store.Info{Key: p.key}, fmt.Errorf("%w, and these credentials may not look at it", store.ErrExists)
	}
	return store.Info{Key: p.key}, err
}

// Stat implements store.Store.
func (s *S3) Stat(ctx context.Context, key string) (store.Info, error) { return s.stat(ctx, key, "") }

func (s *S3) stat(ctx context.Context, key, version string) (store.Info, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Info{}, err
	}
	if err := s.credentials(); err != nil {
		return store.Info{}, err
	}
	var o minio.ObjectInfo
	err := s.retry(ctx, func(ctx context.Context) error {
		var err error
		o, err = s.core.StatObject(ctx, s.config.Bucket, s.name(key), minio.StatObjectOptions{VersionID: version, Checksum: true})
		return err
	})
	if err != nil {
		return store.Info{}, fmt.Errorf("looking at %s in %s: %w", key, s, s.absent(ctx, s.told(ctx, key, version, err)))
	}
	return infoOf(key, o), nil
}

// told asks for a byte of an object where a HEAD was refused: the answer to that
// has no body to say why (a token that expired, another region, a wrong clock).
func (s *S3) told(ctx context.Context, key, version string, err error) error {
	refused := func(status int) bool { return status >= 300 && status < 500 && status != http.StatusNotFound }
	opts := minio.GetObjectOptions{VersionID: version}
	if !refused(statusOf(err)) || opts.SetRange(0, 0) != nil {
		return err
	}
	body, _, _, why := s.core.GetObject(ctx, s.config.Bucket, s.name(key), opts)
	if why == nil {
		body.Close()
	}
	if !refused(statusOf(why)) {
		return err
	}
	return why
}

// infoOf takes the facts from a HEAD's headers. Not every server answers the
// requests that would tell more.
func infoOf(key string, o minio.ObjectInfo) store.Info {
	i := store.Info{Key: key, Size: o.Size, VersionID: o.VersionID, Modified: o.LastModified.UTC()}
	if b, err := base64.StdEncoding.DecodeString(o.ChecksumSHA256); err == nil && len(b) == 32 {
		i.SHA256 = hex.EncodeToString(b)
	}
	if mode := o.Headers.Get("x-amz-object-lock-mode"); mode != "" {
		i.Retain = mode
		if t, err := time.Parse(time.RFC3339, o.Headers.Get("x-amz-object-lock-retain-until-date")); err == nil {
			i.Retain += " until " + t.UTC().Format(time.RFC3339)
		}
	}
	i.Hold = o.Headers.Get("x-amz-object-lock-legal-hold") == "ON"
	return i
}

// List implements store.Store. Entries state neither digest nor version.
func (s *S3) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return s.list(ctx, prefix, false)
}

// ListAll implements store.Strays.
func (s *S3) ListAll(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return s.list(ctx, prefix, true)
}

func (s *S3) list(ctx context.Context, prefix string, strays bool) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := errors.Join(store.CheckPrefix(prefix), s.credentials()); err != nil {
			yield(store.Info{}, err)
			return
		}
		l := listing{s: s, prefix: prefix, strays: strays, yield: yield}
		for {
			before := l.last
			err := s.retry(ctx, l.run)
			if l.stopped || err == nil {
				return
			}
			// Retries count from the last progress, not from the beginning.
			if errors.Is(err, store.ErrUnavailable) && l.last != before {
				continue
			}
			yield(store.Info{}, fmt.Errorf("listing %s: %w", s, s.classify(ctx, err, store.ErrNotFound)))
			return
		}
	}
}

// listing is one List; where a page fails it goes on after the last key.
type listing struct {
	s       *S3
	prefix  string
	strays  bool // yield what is no object of a store too
	last    string
	yield   func(store.Info, error) bool
	stopped bool
}

func (l *listing) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts := minio.ListObjectsOptions{Prefix: l.s.name(l.prefix), Recursive: true}
	if l.last != "" {
		opts.StartAfter = l.s.name(l.last)
	}
	for o := range l.s.core.ListObjectsIter(ctx, l.s.config.Bucket, opts) {
		if o.Err != nil {
			return o.Err
		}
		key, ok := strings.CutPrefix(o.Key, l.s.name(""))
		if !ok || !strings.HasPrefix(key, l.prefix) || o.Size == 0 && strings.HasSuffix(o.Key, "/") {
			continue // not ours, or a folder's mark
		}
		info := store.Info{Key: key, Size: o.Size, Modified: o.LastModified.UTC()}
		if store.CheckKey(key) != nil { // another tool's object
			if !l.strays {
				continue
			}
			info = store.Info{Key: key, Size: -1}
		}
		if key <= l.last {
			return fmt.Errorf("the server's list is out of order at %q", key)
		}
		l.last = key
		if !l.yield(info, nil) {
			l.stopped = true
			return nil
		}
	}
	return ctx.Err()
}
