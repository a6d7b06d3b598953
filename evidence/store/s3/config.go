// Package s3 is the store in S3-compatible storage. Every put is conditional
// (If-None-Match: *), carries the SHA-256 of its bytes for the server to
// check, and fits one request, so that the server keeps a digest of the whole
// object. A writer that may only put objects can use it: nothing else is asked
// of the server unless a put meets an object that is there already, or the
// connection broke while a large one was on its way.
package s3

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// Config says where a bucket is and how to reach it.
type Config struct {
	Bucket   string
	Prefix   string // before every key, without slashes at its ends; may be empty
	Endpoint string // URL; "" is Amazon's
	Region   string // "" is us-east-1
	// Credentials, or nil for the usual AWS variables and files.
	Credentials *credentials.Credentials
	// Attempts bounds how often a request is tried; 0 is 6. Between two of
	// them lies Backoff, doubled each time up to 5 s; 0 is 200 ms.
	Attempts int
	Backoff  time.Duration
	// Stall is how long a request may make no progress; 0 is a minute.
	Stall time.Duration
}

const (
	defaultAttempts = 6
	defaultBackoff  = 200 * time.Millisecond
	maxBackoff      = 5 * time.Second
	defaultStall    = time.Minute
	defaultRegion   = "us-east-1"
	amazon          = "https://s3.amazonaws.com"
)

// bucketGrammar is S3's for new buckets (Amazon S3 User Guide, "Bucket naming
// rules"), without its finer points.
var bucketGrammar = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseURL reads s3://bucket/prefix; the rest of the configuration comes from
// the environment: HOZEN_S3_ENDPOINT, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL,
// and AWS_REGION or AWS_DEFAULT_REGION.
func ParseURL(s string) (Config, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	if !ok {
		return Config{}, fmt.Errorf("%q: want s3://bucket/prefix", s)
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if strings.Contains(bucket, "@") {
		return Config{}, errors.New("an s3:// address holds no credentials: use the AWS variables or files")
	}
	c := Config{
		Bucket:   bucket,
		Prefix:   strings.TrimSuffix(prefix, "/"),
		Endpoint: cmp.Or(os.Getenv("HOZEN_S3_ENDPOINT"), os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")),
		Region:   cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
	}
	return c, c.check()
}

func (c Config) check() error {
	if !bucketGrammar.MatchString(c.Bucket) {
		return fmt.Errorf("bucket %q: want 3 to 63 lower-case letters, digits, '.' or '-'", c.Bucket)
	}
	if c.Prefix != "" {
		if err := store.CheckKey(c.Prefix); err != nil {
			return fmt.Errorf("prefix of the bucket: %w", err)
		}
	}
	return nil
}

// ErrEndpoint says that the endpoint is none. It does not repeat it, for it may
// hold a password.
var ErrEndpoint = errors.New("the S3 endpoint of the environment is no http://host:port or https://host:port")

// ErrNotS3 says that what answers is no S3 service: a web page, as a guest
// network or a proxy puts in everybody's way, says "200 OK" to whatever it gets.
var ErrNotS3 = errors.New("the answer is not that of an S3 service")

// ErrCertificate says that the server's certificate is by nobody whom this
// machine trusts, or not the server's.
var ErrCertificate = errors.New("the server's certificate can't be trusted")

// New makes the store. It sends nothing yet.
func New(c Config) (*S3, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	u, err := url.Parse(cmp.Or(c.Endpoint, amazon))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, ErrEndpoint
	}
	creds := c.Credentials
	if creds == nil {
		creds = environment()
	}
	c.Attempts, c.Backoff = cmp.Or(c.Attempts, defaultAttempts), cmp.Or(c.Backoff, defaultBackoff)
	c.Stall = cmp.Or(c.Stall, defaultStall)
	tr, err := transport(c.Stall)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupPath
	if c.Endpoint == "" || strings.HasSuffix(u.Hostname(), ".amazonaws.com") {
		lookup = minio.BucketLookupAuto
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds: creds, Secure: u.Scheme == "https", Region: cmp.Or(c.Region, defaultRegion),
		BucketLookup: lookup, MaxRetries: 1, Transport: onlyS3{tr},
	})
	if err != nil {
		return nil, fmt.Errorf("S3 client: %w", err)
	}
	return &S3{c, creds, core}, nil
}

// environment is the usual chain: variables, then the shared file; roles of
// containers and web identities only where their variables ask for them.
func environment() *credentials.Credentials {
	chain := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	for _, v := range []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if os.Getenv(v) != "" {
			chain = append(chain, &credentials.IAM{})
			break
		}
	}
	return credentials.NewChainCredentials(chain)
}
