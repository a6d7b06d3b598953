// Package tsa asks a time-stamping authority for tokens and checks them
// (RFC 3161). A token says that a message existed at a time; who says so
// counts only as far as somebody vouches for the authority's certificate.
package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// Bounds of a request.
const (
	timeout  = 30 * time.Second
	MaxToken = 256 << 10 // bytes of a response, and of a token
)

// Errors that callers decide by.
var (
	ErrUnavailable = errors.New("time-stamping authority can't be reached")
	ErrToken       = errors.New("bad time-stamp token")
)

// Stamp is what a token says.
type Stamp struct {
	Time    time.Time
	Signer  string // subject of the authority's certificate
	Trusted bool   // the certificate leads to one of the roots given
}

// Request asks the authority at url for a token over message and checks that
// it answers this very question. It returns the token in DER.
func Request(ctx context.Context, url string, message []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	query, err := timestamp.CreateRequest(bytes.NewReader(message), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return nil, fmt.Errorf("time-stamp request: %w", err)
	}
	answer, err := post(ctx, url, query)
	if err != nil {
		return nil, err
	}
	ts, err := parseResponse(answer)
	if err != nil {
		return nil, err
	}
	if ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return nil, fmt.Errorf("%w: it answers another request", ErrToken)
	}
	if _, err := Verify(ts.RawToken, message, nil); err != nil {
		return nil, err
	}
	return ts.RawToken, nil
}

func post(ctx context.Context, url string, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("time-stamping authority: %w", err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: it answers %s", ErrUnavailable, resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxToken+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if len(body) > MaxToken {
		return nil, fmt.Errorf("%w: over %d bytes", ErrToken, MaxToken)
	}
	return body, nil
}

// parseResponse and parse keep the library's panics on odd input from ending
// the program.
func parseResponse(b []byte) (ts *timestamp.Timestamp, err error) {
	defer recovered(&err)
	if ts, err = timestamp.ParseResponse(b); err != nil {
		err = fmt.Errorf("%w: %w", ErrToken, err)
	}
	return ts, err
}

func parse(token []byte) (ts *timestamp.Timestamp, p7 *pkcs7.PKCS7, err error) {
	defer recovered(&err)
	if ts, err = timestamp.Parse(token); err == nil {
		p7, err = pkcs7.Parse(token)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrToken, err)
	}
	return ts, p7, err
}

func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: its parser panicked: %v", ErrToken, p)
	}
}

// Verify checks that token is a sound token over message: its digest, the
// signature by the certificate in it, and that the certificate is one for time
// stamps and was valid at the time. With roots, Trusted tells whether the
// certificate leads to one of them.
func Verify(token, message []byte, roots *x509.CertPool) (Stamp, error) {
	if len(token) > MaxToken {
		return Stamp{}, fmt.Errorf("%w: over %d bytes", ErrToken, MaxToken)
	}
	if rest, err := asn1.Unmarshal(token, new(asn1.RawValue)); err != nil || len(rest) > 0 {
		return Stamp{}, fmt.Errorf("%w: not one DER value", ErrToken)
	}
	ts, p7, err := parse(token)
	if err != nil {
		return Stamp{}, err
	}
	sum := sha256.Sum256(message)
	if ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, sum[:]) {
		return Stamp{}, fmt.Errorf("%w: it is over another message", ErrToken)
	}
	cert, err := signer(p7)
	if err != nil {
		return Stamp{}, err
	}
	s := Stamp{Time: ts.Time.UTC(), Signer: cert.Subject.String()}
	if ts.Time.Before(cert.NotBefore) || ts.Time.After(cert.NotAfter) {
		return s, fmt.Errorf("%w: the authority's certificate was not valid at %s", ErrToken, s.Time.Format(time.RFC3339))
	}
	s.Trusted = roots != nil && chains(cert, p7.Certificates, roots, ts.Time)
	return s, nil
}

// signer returns the one certificate that signed, which must be in the token
// and be made for nothing but time stamps (RFC 3161, section 2.3).
func signer(p7 *pkcs7.PKCS7) (cert *x509.Certificate, err error) {
	defer recovered(&err)
	if err := p7.Verify(); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrToken, err)
	}
	if cert = p7.GetOnlySigner(); cert == nil {
		return nil, fmt.Errorf("%w: the signer's certificate is not in it", ErrToken)
	}
	if !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageTimeStamping) {
		return nil, fmt.Errorf("%w: %s is no certificate for time stamps", ErrToken, cert.Subject)
	}
	return cert, nil
}

func chains(cert *x509.Certificate, others []*x509.Certificate, roots *x509.CertPool, at time.Time) bool {
	between := x509.NewCertPool()
	for _, c := range others {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	return err == nil
}

// Pool reads certificates in PEM that tokens may lead to.
func Pool(pems [][]byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for i, p := range pems {
		if !pool.AppendCertsFromPEM(p) {
			return nil, fmt.Errorf("file %d holds no certificate in PEM", i+1)
		}
	}
	return pool, nil
}
