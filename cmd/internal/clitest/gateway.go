package clitest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/rogpeppe/go-internal/testscript"
)

// Key and secret of a Gateway's owner.
const (
	gatewayKey    = "rootkey"
	gatewaySecret = "rootsecret"
)

// Gateway is a real S3 server (versitygw) on the loopback.
type Gateway struct {
	Endpoint string // URL
	addr     string
	base     string
	admin    *minio.Client
	cmd      *exec.Cmd
	gone     chan struct{}
}

// GatewayProgram finds versitygw: by HOZEN_VERSITYGW, in the cache that
// scripts/setup fills, or on the path; "" where there is none.
func GatewayProgram() string {
	if bin := os.Getenv("HOZEN_VERSITYGW"); bin != "" {
		return bin
	}
	bin := filepath.Join(cacheDir(), "bin", "versitygw")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	bin, _ = exec.LookPath("versitygw")
	return bin
}

// StartGateway starts the server with its data below base. Stop it.
func StartGateway(base string) (*Gateway, error) {
	for _, d := range []string{"data", "versions", "iam"} {
		if err := os.MkdirAll(filepath.Join(base, d), 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	g := &Gateway{Endpoint: "http://" + addr, addr: addr, base: base}
	if g.admin, err = minio.New(addr, &minio.Options{Creds: credentials.NewStaticV4(gatewayKey, gatewaySecret, ""), Region: "us-east-1"}); err != nil {
		return nil, err
	}
	return g, g.Again()
}

// Again starts a server that was stopped, where it was and with what it held.
func (g *Gateway) Again() error {
	var log bytes.Buffer
	g.cmd = exec.Command(GatewayProgram(), "--port", g.addr, "--access", gatewayKey, "--secret", gatewaySecret, "--quiet",
		"--iam-dir", filepath.Join(g.base, "iam"), "posix", "--versioning-dir", filepath.Join(g.base, "versions"), filepath.Join(g.base, "data"))
	g.cmd.Stdout, g.cmd.Stderr = &log, &log
	if err := g.cmd.Start(); err != nil {
		return err
	}
	cmd, gone := g.cmd, make(chan struct{})
	g.gone = gone
	go func() {
		_ = cmd.Wait() // it is killed
		close(gone)
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, err := g.admin.ListBuckets(context.Background())
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			g.Stop()
			return fmt.Errorf("versitygw does not answer: %w\n%s", err, log.String())
		}
	}
}

// Stop kills the server.
func (g *Gateway) Stop() {
	_ = g.cmd.Process.Kill() // it may have been stopped before
	<-g.gone
}

// Bucket makes a bucket with versioning.
func (g *Gateway) Bucket(name string) error {
	ctx := context.Background()
	if err := g.admin.MakeBucket(ctx, name, minio.MakeBucketOptions{}); err != nil {
		return err
	}
	return g.admin.EnableVersioning(ctx, name)
}

// Put lays a file over whatever has the place, as any other program could.
func (g *Gateway) Put(place, file string) error {
	bucket, key, _ := strings.Cut(place, "/")
	_, err := g.admin.FPutObject(context.Background(), bucket, key, file, minio.PutObjectOptions{DisableContentSha256: true})
	return err
}

// Remove deletes an object; a bucket with versioning keeps it under a mark.
func (g *Gateway) Remove(place string) error {
	bucket, key, _ := strings.Cut(place, "/")
	return g.admin.RemoveObject(context.Background(), bucket, key, minio.RemoveObjectOptions{})
}

// Env is what a program needs to use the server.
func (g *Gateway) Env() map[string]string {
	return map[string]string{
		"HOZEN_S3_ENDPOINT": g.Endpoint, "AWS_ACCESS_KEY_ID": gatewayKey, "AWS_SECRET_ACCESS_KEY": gatewaySecret, "AWS_REGION": "us-east-1",
	}
}

// gatewayKeeper is the key of a script's server among its values.
type gatewayKeeper struct{}

// s3 starts a server and makes it the one that programs use, makes buckets in
// it, puts a file over an object or removes one, or stops it. After "s3 stop"
// nothing listens where it was.
func s3(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: s3 start | stop | again | bucket NAME | put BUCKET/KEY FILE | rm BUCKET/KEY")
	}
	g := ts.Value(gatewayKeeper{}).(**Gateway)
	switch {
	case args[0] == "start":
		var err error
		*g, err = StartGateway(ts.MkAbs(".s3"))
		ts.Check(err)
		ts.Defer(func() { (*g).Stop() })
		for k, v := range (*g).Env() {
			ts.Setenv(k, v)
		}
	case *g == nil:
		ts.Fatalf("s3: no server was started")
	case args[0] == "stop":
		(*g).Stop()
	case args[0] == "again":
		ts.Check((*g).Again())
	case args[0] == "bucket" && len(args) == 2:
		ts.Check((*g).Bucket(args[1]))
	case args[0] == "put" && len(args) == 3:
		ts.Check((*g).Put(args[1], ts.MkAbs(args[2])))
	case args[0] == "rm" && len(args) == 2:
		ts.Check((*g).Remove(args[1]))
	default:
		ts.Fatalf("usage: s3 start | stop | again | bucket NAME | put BUCKET/KEY FILE | rm BUCKET/KEY")
	}
}
