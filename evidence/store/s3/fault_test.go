package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/store"
	"github.com/hozen-dfir/hozen/evidence/store/storetest"
)

// proxy stands between a store and the server and does harm to the first
// requests that pass.
type proxy struct {
	*httptest.Server
	harm  atomic.Int32 // how many requests to harm still
	seen  atomic.Int32
	fault func(w http.ResponseWriter, r *http.Request, pass http.Handler)
}

func newProxy(t *testing.T, g *gateway, harm int32, fault func(http.ResponseWriter, *http.Request, http.Handler)) *proxy {
	t.Helper()
	u, err := url.Parse(g.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p := &proxy{fault: fault}
	p.harm.Store(harm)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.seen.Add(1)
		if p.harm.Add(-1) >= 0 {
			p.fault(w, r, pass)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// drop lets the request arrive and loses its reply.
func drop(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	hangUp(w)
}

// reset ends the connection before the request arrives.
func reset(w http.ResponseWriter, _ *http.Request, _ http.Handler) { hangUp(w) }

func hangUp(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0) // a reset, not an orderly end
	}
	c.Close()
}

func busy(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// arrivedBusy answers 500 although the request was carried out.
func arrivedBusy(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	w.WriteHeader(http.StatusInternalServerError)
}

// lostReplies: the object is there, the retry gets 412, a look settles it.
func lostReplies(t *testing.T, g *gateway) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){"drop": drop, "500": arrivedBusy} {
		t.Run(name, func(t *testing.T) {
			c := g.config(g.bucket(t, false))
			p := newProxy(t, g, 1, fault)
			c.Endpoint = p.URL
			s := open(t, c)
			i, err := putText(s, "k", "once")
			if err != nil || i.SHA256 != storetest.Sum([]byte("once")) || i.VersionID == "" {
				t.Fatalf("%+v, %v", i, err)
			}
			if p.seen.Load() != 3 { // put, put again, look
				t.Errorf("%d requests", p.seen.Load())
			}
			if _, err := putText(s, "k", "twice"); !errors.Is(err, store.ErrExists) {
				t.Errorf("other bytes: %v", err)
			}
		})
	}
}

// unread: a server that refuses what is there already without reading its body,
// so that no answer arrives.
func unread(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	b := strings.Repeat("0123456789abcdef", 100_000)
	if _, err := putText(open(t, c), "k", b); err != nil {
		t.Fatal(err)
	}
	c.Endpoint = newProxy(t, g, 1000, func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if r.Method == http.MethodPut {
			hangUp(w)
			return
		}
		pass.ServeHTTP(w, r)
	}).URL
	s := open(t, c)
	if i, err := putText(s, "k", b); err != nil || i.SHA256 != storetest.Sum([]byte(b)) {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := putText(s, "k", b[1:]); !errors.Is(err, store.ErrExists) {
		t.Errorf("other bytes: %v", err)
	}
	if _, err := putText(s, "new", b); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("not there: %v", err)
	}
}

// unconfirmed: the same without the right to look.
func unconfirmed(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	c.Credentials = g.user(t, c.Bucket, "collector2", `"s3:PutObject"`)
	c.Endpoint = newProxy(t, g, 1, drop).URL
	s := open(t, c)
	i, err := putText(s, "k", "once")
	if !errors.Is(err, store.ErrUnconfirmed) || errors.Is(err, store.ErrExists) || i.Key != "k" {
		t.Fatalf("%+v, %v", i, err)
	}
	// Without a lost reply the same answer means that somebody else was there.
	if _, err := putText(s, "k", "once"); !errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrUnconfirmed) {
		t.Errorf("%v", err)
	}
}

func faults(t *testing.T, g *gateway) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){"reset": reset, "503": busy} {
		t.Run(name, func(t *testing.T) {
			c := g.config(g.bucket(t, false))
			p := newProxy(t, g, 3, fault)
			c.Endpoint = p.URL
			s := open(t, c)
			if _, err := putText(s, "k", "fourth time lucky"); err != nil || p.seen.Load() != 4 {
				t.Fatalf("%v after %d requests", err, p.seen.Load())
			}
			p.harm.Store(1000)
			p.seen.Store(0)
			if _, err := putText(s, "k2", "never"); !errors.Is(err, store.ErrUnavailable) || p.seen.Load() != 4 {
				t.Errorf("%v after %d requests", err, p.seen.Load())
			}
			for _, err := range s.List(context.Background(), "") {
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("List: %v", err)
				}
			}
			p.harm.Store(0)
			for i, err := range s.List(context.Background(), "") {
				if err != nil || i.Key != "k" {
					t.Errorf("left behind: %+v, %v", i, err)
				}
			}
		})
	}
}

// readFaults: answers that are cut, short or too long do not reach the caller.
func readFaults(t *testing.T, g *gateway) {
	c := g.config(g.bucket(t, false))
	b := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	if _, err := putText(open(t, c), "k", string(b)); err != nil {
		t.Fatal(err)
	}
	cut := func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		rec := httptest.NewRecorder()
		pass.ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		hangUp(w)
	}
	p := newProxy(t, g, 0, cut)
	c.Endpoint = p.URL
	o, err := open(t, c).Open(context.Background(), "k", "")
	if err != nil {
		t.Fatal(err)
	}
	p.harm.Store(2)
	got := make([]byte, len(b))
	if n, err := o.ReadAt(got, 0); n != len(b) || err != nil && err != io.EOF || !bytes.Equal(got, b) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	p.harm.Store(1000)
	if n, err := o.ReadAt(got, 0); !errors.Is(err, store.ErrUnavailable) || n != 0 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	p.fault = func(w http.ResponseWriter, r *http.Request, pass http.Handler) { // the whole object, whatever was asked
		r.Header.Del("Range")
		pass.ServeHTTP(w, r)
	}
	if _, err := o.ReadAt(got[:100], 7); err == nil {
		t.Fatal("an answer that ignores the range was taken")
	}
}

// A server that accepts and says nothing is given up in bounded time, and one
// that stores other bytes than were sent is found out.
func TestBadServers(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // else the server does not notice that the client has gone
		<-r.Context().Done()
	}))
	defer silent.Close()
	g := &gateway{endpoint: silent.URL}
	c := g.config("bucket")
	c.Stall, c.Attempts = 100*time.Millisecond, 2
	start := time.Now()
	if _, err := putText(open(t, c), "k", "x"); !errors.Is(err, store.ErrUnavailable) || time.Since(start) > time.Minute {
		t.Errorf("silent: %v after %v", err, time.Since(start))
	}
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	}))
	defer liar.Close()
	c.Endpoint = liar.URL
	if _, err := putText(open(t, c), "k", "x"); !errors.Is(err, store.ErrChecksum) {
		t.Errorf("liar: %v", err)
	}
	without := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNotImplemented)
	}))
	defer without.Close()
	c.Endpoint = without.URL
	if _, err := putText(open(t, c), "k", "x"); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("no conditional puts: %v", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, bad := range []string{"127.0.0.1:9000", "ftp://x", "http://", "http://u:p@x", "http://x/path", "://"} {
		if _, err := New(Config{Bucket: "bucket", Endpoint: bad}); err == nil {
			t.Errorf("endpoint %q passes", bad)
		}
	}
	if s, err := New(Config{Bucket: "bucket"}); err != nil || s.String() != "s3://bucket" {
		t.Errorf("%v, %v", s, err)
	}
}
