package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/storetest"
)

const (
	rootKey    = "rootkey"
	rootSecret = "rootsecret"
)

// gateway is a real S3 server on the loopback.
type gateway struct {
	endpoint string
	bin      string
	admin    *minio.Client
	serial   atomic.Int32
}

// findGateway finds versitygw: by HOZEN_VERSITYGW, in the cache that
// scripts/test fills, or on the path.
func findGateway() string {
	if bin := os.Getenv("HOZEN_VERSITYGW"); bin != "" {
		return bin
	}
	home, _ := os.UserHomeDir()
	bin := filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "hozen/bin/versitygw")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	bin, _ = exec.LookPath("versitygw")
	return bin
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	bin := findGateway()
	if bin == "" {
		t.Skip("versitygw is not installed: scripts/test builds it, or set HOZEN_VERSITYGW")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	base := t.TempDir()
	for _, d := range []string{"data", "versions", "iam"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bin, "--port", addr, "--access", rootKey, "--secret", rootSecret, "--quiet",
		"--iam-dir", filepath.Join(base, "iam"), "--iam-cache-disable",
		"posix", "--versioning-dir", filepath.Join(base, "versions"), filepath.Join(base, "data"))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	g := &gateway{endpoint: "http://" + addr, bin: bin}
	g.admin, err = minio.New(addr, &minio.Options{Creds: credentials.NewStaticV4(rootKey, rootSecret, ""), Region: defaultRegion})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := g.admin.ListBuckets(context.Background()); err == nil {
			return g
		} else if time.Now().After(deadline) {
			t.Fatalf("versitygw does not answer: %v\n%s", err, log.String())
		}
	}
}

// bucket makes a bucket with versioning.
func (g *gateway) bucket(t *testing.T, lock bool) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", g.serial.Add(1))
	ctx := context.Background()
	if err := g.admin.MakeBucket(ctx, name, minio.MakeBucketOptions{ObjectLocking: lock}); err != nil {
		t.Fatal(err)
	}
	if !lock {
		if err := g.admin.EnableVersioning(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	return name
}

func (g *gateway) config(bucket string) Config {
	return Config{
		Bucket: bucket, Prefix: "some/prefix", Endpoint: g.endpoint, Attempts: 4, Backoff: 10 * time.Millisecond,
		Credentials: credentials.NewStaticV4(rootKey, rootSecret, ""), Stall: 20 * time.Second,
	}
}

func open(t *testing.T, c Config) *S3 {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// user makes an account that may only do the given actions on a bucket.
func (g *gateway) user(t *testing.T, bucket, name string, actions string) *credentials.Credentials {
	t.Helper()
	out, err := exec.Command(g.bin, "admin", "--access", rootKey, "--secret", rootSecret, "--endpoint-url", g.endpoint,
		"create-user", "--access", name, "--secret", name+"secret", "--role", "user").CombinedOutput()
	if err != nil {
		t.Fatalf("create-user: %v\n%s", err, out)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":[%q]},"Action":[%s],"Resource":["arn:aws:s3:::%s/*"]}]}`,
		name, actions, bucket)
	if err := g.admin.SetBucketPolicy(context.Background(), bucket, policy); err != nil {
		t.Fatal(err)
	}
	return credentials.NewStaticV4(name, name+"secret", "")
}

func putText(s store.Store, key, text string) (store.Info, error) {
	return s.Put(context.Background(), key, bytes.NewReader([]byte(text)), int64(len(text)), storetest.Sum([]byte(text)))
}

func TestS3(t *testing.T) {
	g := startGateway(t)
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return open(t, g.config(g.bucket(t, false))) })
	})
	t.Run("strays", func(t *testing.T) { strays(t, g) })
	t.Run("no prefix", func(t *testing.T) { noPrefix(t, g) })
	t.Run("versions", func(t *testing.T) { versions(t, g) })
	t.Run("retention", func(t *testing.T) { retention(t, g) })
	t.Run("errors", func(t *testing.T) { wrongThings(t, g) })
	t.Run("put only", func(t *testing.T) { putOnly(t, g) })
	t.Run("lost replies", func(t *testing.T) { lostReplies(t, g) })
	t.Run("unconfirmed", func(t *testing.T) { unconfirmed(t, g) })
	t.Run("faults", func(t *testing.T) { faults(t, g) })
	t.Run("reads under faults", func(t *testing.T) { readFaults(t, g) })
	t.Run("unread bodies", func(t *testing.T) { unread(t, g) })
	t.Run("custody log", func(t *testing.T) { custodyLog(t, g) })
}

func noPrefix(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	c.Prefix = ""
	s := open(t, c)
	if _, err := putText(s, "a/b", "x"); err != nil {
		t.Fatal(err)
	}
	for i, err := range s.List(context.Background(), "a") {
		if err != nil || i.Key != "a/b" {
			t.Errorf("%+v, %v", i, err)
		}
	}
}

// strays: what another tool put there is no object of ours, but is seen.
func strays(t *testing.T, g *gateway) {
	ctx := context.Background()
	bucket := g.bucket(t, false)
	for _, key := range []string{"some/prefix/", "some/prefix/a/", "some/prefix/a/ü", "some/prefix/a/x:y", "some/other"} {
		text := "x"
		if strings.HasSuffix(key, "/") { // the mark of a folder
			text = ""
		}
		if _, err := g.admin.PutObject(ctx, bucket, key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{DisableContentSha256: true}); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, g.config(bucket))
	if _, err := putText(s, "a/b", "x"); err != nil {
		t.Fatal(err)
	}
	for want, list := range map[string]iter.Seq2[store.Info, error]{
		"a/b 1 ": s.List(ctx, "a/"), "a/b 1 a/x:y -1 a/ü -1 ": store.ListAll(ctx, s, "a/"),
	} {
		got := ""
		for i, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprintf("%s %d ", i.Key, i.Size)
		}
		if got != want {
			t.Errorf("listed %q, want %q", got, want)
		}
	}
}

// versions: an object that somebody puts over ours does not replace it.
func versions(t *testing.T, g *gateway) {
	ctx := context.Background()
	bucket := g.bucket(t, false)
	s := open(t, g.config(bucket))
	info, err := putText(s, "k", "ours")
	if err != nil || info.VersionID == "" {
		t.Fatalf("%+v, %v", info, err)
	}
	before, err := s.Open(ctx, "k", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.admin.PutObject(ctx, bucket, "some/prefix/k", bytes.NewReader([]byte("shadow")), 6, minio.PutObjectOptions{DisableContentSha256: true}); err != nil {
		t.Fatal(err)
	}
	o, err := s.Open(ctx, "k", info.VersionID)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []store.Object{before, o} {
		p := make([]byte, o.Info().Size)
		if _, err := o.ReadAt(p, 0); err != nil || string(p) != "ours" || o.Info().VersionID != info.VersionID {
			t.Errorf("%q, %v, %+v", p, err, o.Info())
		}
	}
	if st, err := s.Stat(ctx, "k"); err != nil || st.VersionID == info.VersionID || st.Size != 6 {
		t.Errorf("the newest: %+v, %v", st, err)
	}
	if _, err := putText(s, "k", "ours"); !errors.Is(err, store.ErrExists) {
		t.Errorf("a shadowed key counts as stored: %v", err)
	}
	if _, err := s.Open(ctx, "k", "01ARZ3NDEKTSV4RRFFQ69G5FAV"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}

// retention: what lies on an object is seen in the facts.
func retention(t *testing.T, g *gateway) {
	ctx := context.Background()
	bucket := g.bucket(t, true)
	s := open(t, g.config(bucket))
	if _, err := putText(s, "k", "held"); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Stat(ctx, "k"); err != nil || i.Hold || i.Retain != "" {
		t.Errorf("before: %+v, %v", i, err)
	}
	mode, until, on := minio.Compliance, time.Now().UTC().Add(24*time.Hour).Truncate(time.Second), minio.LegalHoldEnabled
	if err := g.admin.PutObjectRetention(ctx, bucket, "some/prefix/k", minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until}); err != nil {
		t.Fatal(err)
	}
	if err := g.admin.PutObjectLegalHold(ctx, bucket, "some/prefix/k", minio.PutObjectLegalHoldOptions{Status: &on}); err != nil {
		t.Fatal(err)
	}
	i, err := s.Stat(ctx, "k")
	want := "COMPLIANCE until " + until.Format(time.RFC3339)
	if err != nil || !i.Hold || i.Retain != want || i.SHA256 != storetest.Sum([]byte("held")) {
		t.Errorf("%+v, %v, want %s", i, err, want)
	}
}

func wrongThings(t *testing.T, g *gateway) {
	ctx := context.Background()
	bucket := g.bucket(t, false)
	good := g.config(bucket)
	if _, err := putText(open(t, good), "k", "x"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   error
	}{
		"bucket":  {func(c *Config) { c.Bucket = "no-such-bucket" }, store.ErrNoBucket},
		"key":     {func(c *Config) { c.Credentials = credentials.NewStaticV4("nobody", rootSecret, "") }, store.ErrDenied},
		"secret":  {func(c *Config) { c.Credentials = credentials.NewStaticV4(rootKey, "wrong", "") }, store.ErrDenied},
		"no keys": {func(c *Config) { c.Credentials = credentials.NewStaticV4("", "", "") }, store.ErrDenied},
		"dead":    {func(c *Config) { c.Endpoint = "http://127.0.0.1:1" }, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			conf := good
			c.change(&conf)
			s := open(t, conf)
			if _, err := putText(s, "k2", "x"); !errors.Is(err, c.want) {
				t.Errorf("Put: %v", err)
			} else {
				t.Log(err)
			}
			if _, err := s.Open(ctx, "k", ""); !errors.Is(err, c.want) {
				t.Errorf("Open: %v", err)
			}
			for _, err := range s.List(ctx, "") {
				if !errors.Is(err, c.want) {
					t.Errorf("List: %v", err)
				}
			}
		})
	}
}

// putOnly: with the rights of a collector everything but looking works.
func putOnly(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	c.Credentials = g.user(t, c.Bucket, "collector1", `"s3:PutObject"`)
	s := open(t, c)
	i, err := putText(s, "a/b", "one")
	if err != nil || i.VersionID == "" {
		t.Fatalf("%+v, %v", i, err)
	}
	for _, text := range []string{"one", "two"} { // it can't tell the two apart
		if _, err := putText(s, "a/b", text); !errors.Is(err, store.ErrExists) {
			t.Errorf("%q again: %v", text, err)
		}
	}
	if _, err := s.Stat(context.Background(), "a/b"); !errors.Is(err, store.ErrDenied) {
		t.Errorf("Stat: %v", err)
	}
	for _, err := range s.List(context.Background(), "") {
		if !errors.Is(err, store.ErrDenied) {
			t.Errorf("List: %v", err)
		}
	}
}
