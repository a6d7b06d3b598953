package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// retry tries a request until it succeeds, fails for good or has been tried
// often enough. The library's own retries are off: after a lost reply a put
// must know that it may have arrived.
func (s *S3) retry(ctx context.Context, try func(context.Context) error) error {
	wait := s.config.Backoff
	for n := 1; ; n++ {
		err := try(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !transient(err) {
			return err
		}
		if n >= s.config.Attempts {
			return fmt.Errorf("%w after %d attempts: %w", store.ErrUnavailable, n, err)
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2+1)): // jitter keeps many writers apart
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, maxBackoff)
	}
}

// statusOf is the HTTP status of the server's answer, 0 without one.
func statusOf(err error) int {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return r.StatusCode
	}
	return 0
}

func codeOf(err error) string {
	var r minio.ErrorResponse
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// transient reports whether trying again may help.
func transient(err error) bool {
	if errors.Is(err, store.ErrChecksum) || errors.Is(err, errBody) || errors.Is(err, ErrNotS3) || noTLS(err) || distrusted(err) || unreadable(err) {
		return false
	}
	switch codeOf(err) {
	case "SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable", "ConditionalRequestConflict",
		"OperationAborted", "Throttling", "ThrottlingException", "RequestLimitExceeded":
		return true
	}
	if code := statusOf(err); code != 0 {
		return code == http.StatusTooManyRequests || code == http.StatusRequestTimeout ||
			code >= 500 && code != http.StatusNotImplemented
	}
	var n net.Error
	var op *net.OpError
	return errors.As(err, &n) || errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, errStalled) || errors.Is(err, errCut)
}

func noTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &record)
}

// unreadable reports headers that the library can make nothing of: it gives them
// the code of a server's own failure, and no status.
func unreadable(err error) bool { return codeOf(err) == minio.InternalError && statusOf(err) == 0 }

func distrusted(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verify)
}

// mayHaveArrived reports whether a put that failed so may have been stored:
// always, but where no connection was made or the server said no.
func mayHaveArrived(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return false
	}
	code := statusOf(err)
	return code == 0 || code >= 500
}

// classify adds the error that callers decide by.
func (s *S3) classify(ctx context.Context, err, absent error) error {
	if err == nil || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrChecksum) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	if noTLS(err) {
		return fmt.Errorf("%w: it speaks no TLS, which https:// asks for: %w", ErrNotS3, err)
	}
	if distrusted(err) {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if unreadable(err) {
		return fmt.Errorf("%w: %w", ErrNotS3, err)
	}
	switch code := codeOf(err); code {
	case "NoSuchBucket":
		return fmt.Errorf("%w: %s", store.ErrNoBucket, s.config.Bucket)
	case "NoSuchKey", "NoSuchVersion", "NotFound":
		return fmt.Errorf("%w: %w", absent, err)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken": // whatever the status beside it
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody":
		return fmt.Errorf("%w: %w", store.ErrChecksum, err)
	case "AuthorizationHeaderMalformed", "PermanentRedirect":
		return fmt.Errorf("%w: %w (is the region %q right? AWS_REGION sets it)", store.ErrDenied, err, s.config.Region)
	case "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %w (is this machine's clock right?)", store.ErrDenied, err)
	case "NotImplemented":
		return fmt.Errorf("the server can't do what a write-once store needs (conditional puts, SHA-256 checksums): %w", err)
	}
	if status := statusOf(err); status >= 300 && status < 400 {
		return fmt.Errorf("%w: it sends us elsewhere, with status %d", ErrNotS3, status)
	}
	switch statusOf(err) {
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", absent, err)
	}
	return err
}

// absent tells a missing object from a missing bucket: the answer to a HEAD
// has no body that would.
func (s *S3) absent(ctx context.Context, err error) error {
	if statusOf(err) == http.StatusNotFound {
		if there, e := s.core.BucketExists(ctx, s.config.Bucket); e == nil && !there {
			return fmt.Errorf("%w: %s", store.ErrNoBucket, s.config.Bucket)
		}
	}
	return s.classify(ctx, err, store.ErrNotFound)
}

// credentials finds out before the first request whether there are any.
func (s *S3) credentials() error {
	v, err := s.creds.GetWithContext(nil)
	if err != nil {
		return fmt.Errorf("%w: reading credentials: %w", store.ErrDenied, err)
	}
	if v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return fmt.Errorf("%w: no credentials for %s (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a shared credentials file)", store.ErrDenied, s)
	}
	return nil
}

var errStalled = errors.New("no progress")

// watch ends a transfer that makes no progress for a while, by its context.
func watch(ctx context.Context, r io.Reader, stall time.Duration) (context.Context, *watched, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watched{r: r, stall: stall}
	// Half as much again: waiting for the answer has a limit of its own.
	w.timer = time.AfterFunc(stall+stall/2, func() { cancel(errStalled) })
	return ctx, w, func() { w.timer.Stop(); cancel(nil) }
}

// watched is a body under way. The transport may still read it while the
// request has failed already.
type watched struct {
	r     io.Reader
	stall time.Duration
	timer *time.Timer
	want  int64 // bytes that a put's body must have

	mu  sync.Mutex
	n   int64
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 || err != nil {
		w.timer.Reset(w.stall + w.stall/2)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n += int64(n)
	w.err = err
	return n, err
}

// errBody says that the bytes to be put could not be read: no server's fault,
// and no use in trying again.
var errBody = errors.New("reading what is to be stored")

// failed says why a put's body itself made the put fail, if it did.
func (w *watched) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil && !errors.Is(w.err, io.EOF):
		return fmt.Errorf("%w: %w", errBody, w.err)
	case w.err != nil && w.n < w.want:
		return fmt.Errorf("%w: %w: it ends after %d of %d bytes", errBody, store.ErrChecksum, w.n, w.want)
	}
	return nil
}

// stalled names the cause where a watch ended the transfer.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return fmt.Errorf("%w: %v", errStalled, err)
	}
	return err
}

var (
	_ store.Store  = (*S3)(nil)
	_ store.Strays = (*S3)(nil)
)
