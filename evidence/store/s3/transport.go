package s3

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// transport is a plain one with limits on silence; nothing is decompressed.
// Like Amazon's own tools it trusts the certificates in the file that
// AWS_CA_BUNDLE names, beside those of the system.
func transport(stall time.Duration) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  stall,
		IdleConnTimeout:        time.Minute,
		MaxIdleConnsPerHost:    16,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true,
	}
	file := os.Getenv("AWS_CA_BUNDLE")
	if file == "" {
		return t, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a host may have none
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %s holds no certificate", file)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool}
	return t, nil
}

// onlyS3 refuses a web page in place of a list: as XML it would be an empty one.
type onlyS3 struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (o onlyS3) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.Transport.RoundTrip(r)
	if err == nil && resp.StatusCode < 300 && r.URL.Query().Has("list-type") && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		resp.Body.Close()
		return nil, fmt.Errorf("%w: it is a web page, with status %d", ErrNotS3, resp.StatusCode)
	}
	return resp, err
}
