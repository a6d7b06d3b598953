// Package tsa asks a time-stamping authority for tokens and checks them
// (RFC 3161). A token says that a message existed at a time; who says so
// counts only as far as somebody vouches for the authority's certificate.
//
// The checks are strict, for a token is evidence: DER, one signer, the digest
// and the signer's certificate bound by signed attributes, a certificate made
// for time stamps alone and valid at the time that it states.
package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"time"

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
	Time     time.Time     // UTC
	Accuracy time.Duration // 0 where none is stated
	Signer   string        // subject of the authority's certificate
	Policy   string        // object identifier
	Serial   string        // of the token, decimal
	Trusted  bool          // the certificate leads to one of the roots given
	Why      string        // why it is not trusted
}

// Request asks the authority at an http or https address for a token over
// message and checks that it answers this very question. It returns the token
// in DER. Redirects are not followed.
func Request(ctx context.Context, address string, message []byte) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%w: want an http:// or https:// address", ErrUnavailable)
	}
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	query, err := timestamp.CreateRequest(bytes.NewReader(message), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return nil, fmt.Errorf("time-stamp request: %w", err)
	}
	answer, err := post(ctx, u, query)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, u.Host)
	}
	bare, err := unwrap(answer)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, u.Host)
	}
	t, err := parse(bare)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, u.Host)
	}
	if t.info.Nonce == nil || t.info.Nonce.Cmp(nonce) != 0 {
		return nil, fmt.Errorf("%w: it answers another request", ErrToken)
	}
	return bare, t.covers(message)
}

func post(ctx context.Context, u *url.URL, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("%w: bad address", ErrUnavailable)
	}
	req.Header.Set("Content-Type", "application/timestamp-query") // RFC 3161, 3.4
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // without the address, which may hold a password
		}
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

// Verify checks that token is a sound token over message: its digest, the
// signature by the certificate in it, and that the certificate is one for time
// stamps and was valid at the time. With roots, Trusted tells whether the
// certificate leads to one of them.
func Verify(token, message []byte, roots *x509.CertPool) (Stamp, error) {
	t, err := parse(token)
	if err != nil {
		return Stamp{}, err
	}
	if err := t.covers(message); err != nil {
		return Stamp{}, err
	}
	s := Stamp{
		Time: t.info.Time.UTC(), Accuracy: t.info.Accuracy.duration(), Signer: t.signer.Subject.String(),
		Policy: t.info.Policy.String(), Serial: t.info.Serial.String(),
	}
	s.Trusted, s.Why = t.trust(roots)
	return s, nil
}

// covers compares the digest in the token.
func (t *token) covers(message []byte) error {
	sum := sha256.Sum256(message)
	if !t.info.Imprint.Algorithm.Algorithm.Equal(oidSHA256) || !bytes.Equal(t.info.Imprint.Hash, sum[:]) {
		return fmt.Errorf("%w: it is over another message", ErrToken)
	}
	return nil
}

// trust follows the certificate to a root, at the time of the stamp.
func (t *token) trust(roots *x509.CertPool) (bool, string) {
	if roots == nil {
		return false, "no roots were given"
	}
	others := x509.NewCertPool()
	for _, c := range t.certs {
		others.AddCert(c)
	}
	_, err := t.signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: t.info.Time,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return false, err.Error()
	}
	return true, ""
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
