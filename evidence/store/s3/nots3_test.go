package s3

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// page answers everything like the page that a guest network puts before what
// was asked for.
func page(status int, asked *atomic.Int32) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Location", "/login")
		w.WriteHeader(status)
		io.WriteString(w, "<html><body>Welcome</body></html>")
	})
}

// listError is what a List ends with, without having listed anything.
func listError(t *testing.T, s *S3) (err error) {
	t.Helper()
	for i, e := range s.List(t.Context(), "") {
		if e == nil {
			t.Errorf("listed %+v", i)
		}
		err = e
	}
	return err
}

// A page that says "200 OK" to a put has stored nothing, and in place of a list
// is no empty one.
func TestWebPageIsNoStore(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusFound} {
		var asked atomic.Int32
		srv := httptest.NewServer(page(status, &asked))
		s := open(t, (&gateway{endpoint: srv.URL}).config("bucket"))
		if i, err := putText(s, "k", "x"); !errors.Is(err, ErrNotS3) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a put, %d: %+v, %v", status, i, err)
		}
		if err := listError(t, s); !errors.Is(err, ErrNotS3) {
			t.Errorf("a list, %d: %v", status, err)
		}
		if asked.Load() != 2 {
			t.Errorf("%d: asked %d times, want once for each", status, asked.Load())
		}
		srv.Close()
	}
	// A page that says the service is down for now is tried again.
	var asked atomic.Int32
	srv := httptest.NewServer(page(http.StatusServiceUnavailable, &asked))
	defer srv.Close()
	s := open(t, (&gateway{endpoint: srv.URL}).config("bucket"))
	if err := listError(t, s); !errors.Is(err, store.ErrUnavailable) || asked.Load() != 4 {
		t.Errorf("down for now: %v after %d tries", err, asked.Load())
	}
	if _, err := putText(s, "k", "x"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("down for now: %v", err)
	}
}

// What is missing where a put gets 404 can only be the bucket.
func TestPutIntoNothing(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewServer(page(http.StatusNotFound, &asked))
	defer srv.Close()
	if _, err := putText(open(t, (&gateway{endpoint: srv.URL}).config("bucket")), "k", "x"); !errors.Is(err, store.ErrNoBucket) {
		t.Error(err)
	}
}

// A certificate by nobody known is named as such, once; one whose authority
// AWS_CA_BUNDLE names is taken.
func TestCertificates(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewUnstartedServer(page(http.StatusNotFound, &asked))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that fails
	srv.StartTLS()
	defer srv.Close()
	c := (&gateway{endpoint: srv.URL}).config("bucket")
	if _, err := putText(open(t, c), "k", "x"); !errors.Is(err, ErrCertificate) || errors.Is(err, store.ErrUnavailable) || asked.Load() != 0 {
		t.Errorf("unknown: %v, after %d answers", err, asked.Load())
	}
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(bundle, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if _, err := putText(open(t, c), "k", "x"); !errors.Is(err, store.ErrNoBucket) || asked.Load() != 1 {
		t.Errorf("known: %v", err)
	}
	if err := os.WriteFile(bundle, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{bundle, bundle + ".gone"} {
		t.Setenv("AWS_CA_BUNDLE", bad)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	plain := httptest.NewServer(page(http.StatusNotFound, &asked))
	defer plain.Close()
	c.Endpoint = strings.Replace(plain.URL, "http:", "https:", 1)
	if _, err := putText(open(t, c), "k", "x"); !errors.Is(err, ErrNotS3) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("no TLS at all: %v", err)
	}
}

// The answer to a HEAD has no body that says why it was refused.
func TestRefusedHead(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		words  string
	}{
		"ExpiredToken":                 {http.StatusBadRequest, "told so"},
		"AuthorizationHeaderMalformed": {http.StatusBadRequest, "AWS_REGION sets it"},
		"PermanentRedirect":            {http.StatusMovedPermanently, "AWS_REGION sets it"},
		"RequestTimeTooSkewed":         {http.StatusForbidden, "clock"},
		"SignatureDoesNotMatch":        {http.StatusForbidden, "told so"},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(c.status)
			if r.Method != http.MethodHead {
				io.WriteString(w, "<Error><Code>"+code+"</Code><Message>told so</Message></Error>")
			}
		}))
		s := open(t, (&gateway{endpoint: srv.URL}).config("bucket"))
		if i, err := s.Stat(t.Context(), "k"); !errors.Is(err, store.ErrDenied) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %+v, %v", code, i, err)
		}
		srv.Close()
	}
}

// Headers that make no sense do not mean that the server can't be reached.
func TestNoTime(t *testing.T) {
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("ETag", `"x"`)
	}))
	defer srv.Close()
	s := open(t, (&gateway{endpoint: srv.URL}).config("bucket"))
	if i, err := s.Stat(t.Context(), "k"); !errors.Is(err, ErrNotS3) || errors.Is(err, store.ErrUnavailable) || asked.Load() != 1 {
		t.Errorf("%+v, %v after %d requests", i, err, asked.Load())
	}
}
