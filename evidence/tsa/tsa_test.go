package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// authority is a real time-stamping authority on the loopback address, with a
// root and a certificate of its own.
type authority struct {
	root, cert *x509.Certificate
	key        crypto.Signer
	spoil      func(*timestamp.Timestamp) // changes the answer
}

func certificate(t *testing.T, tmpl, parent *x509.Certificate, pub any, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newAuthority(t *testing.T, usage x509.ExtKeyUsage, until time.Time) *authority {
	t.Helper()
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, NotBefore: time.Now().Add(-72 * time.Hour),
		NotAfter: time.Now().Add(72 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root := certificate(t, tmpl, tmpl, rootKey.Public(), rootKey)
	oids := map[x509.ExtKeyUsage]asn1.ObjectIdentifier{x509.ExtKeyUsageTimeStamping: {1, 3, 6, 1, 5, 5, 7, 3, 8}, x509.ExtKeyUsageServerAuth: {1, 3, 6, 1, 5, 5, 7, 3, 1}}
	eku, err := asn1.Marshal([]asn1.ObjectIdentifier{oids[usage]})
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test TSA"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: eku}}}
	return &authority{root: root, cert: certificate(t, leaf, root, key.Public(), rootKey), key: key}
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	req, perr := timestamp.ParseRequest(body)
	if err != nil || perr != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	ts := &timestamp.Timestamp{HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage, Time: time.Now(), Nonce: req.Nonce,
		Policy: asn1.ObjectIdentifier{2, 4, 5, 6}, SerialNumber: big.NewInt(7), AddTSACertificate: true, Certificates: []*x509.Certificate{a.root}}
	if a.spoil != nil {
		a.spoil(ts)
	}
	answer, err := ts.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(answer)
}

func (a *authority) request(t *testing.T, message []byte) ([]byte, error) {
	t.Helper()
	srv := httptest.NewServer(a)
	defer srv.Close()
	return Request(context.Background(), srv.URL, message)
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.root)
	return p
}

func TestToken(t *testing.T) {
	a := newAuthority(t, x509.ExtKeyUsageTimeStamping, time.Now().Add(time.Hour))
	message := []byte("the last checkpoint\n")
	token, err := a.request(t, message)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Verify(token, message, a.pool())
	if err != nil || !s.Trusted || s.Signer != "CN=Test TSA" || time.Since(s.Time) > time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	for name, pool := range map[string]*x509.CertPool{"no roots": nil, "a stranger's root": newAuthority(t, x509.ExtKeyUsageTimeStamping, time.Now().Add(time.Hour)).pool()} {
		if s, err := Verify(token, message, pool); err != nil || s.Trusted {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if _, err := Verify(token, []byte("another message"), a.pool()); !errors.Is(err, ErrToken) {
		t.Errorf("another message: %v", err)
	}
	if _, err := Verify(append(bytes.Clone(token), 0), message, nil); !errors.Is(err, ErrToken) {
		t.Errorf("a byte more: %v", err)
	}
	openssl(t, a, token, message)
}

// openssl checks the same token by itself.
func openssl(t *testing.T, a *authority, token, message []byte) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"t.tsr": token, "m": message, "root.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("openssl", "ts", "-verify", "-token_in", "-in", "t.tsr", "-data", "m", "-CAfile", "root.pem")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("openssl ts -verify: %v\n%s", err, out)
	}
}

// A flipped bit never panics, and never yields another time or message. (Bits
// outside the signature exist: the bundle signs the whole token.)
func TestFlippedBits(t *testing.T) {
	a := newAuthority(t, x509.ExtKeyUsageTimeStamping, time.Now().Add(time.Hour))
	message := []byte("m")
	token, err := a.request(t, message)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Verify(token, message, a.pool())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(token)*8; i += 3 {
		bad := bytes.Clone(token)
		bad[i/8] ^= 1 << (i % 8)
		if s, err := Verify(bad, message, a.pool()); err == nil && s.Trusted && !s.Time.Equal(want.Time) {
			t.Fatalf("bit %d flipped gives the time %s", i, s.Time)
		}
	}
}

func TestBadAuthorities(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	nonce := newAuthority(t, x509.ExtKeyUsageTimeStamping, soon)
	nonce.spoil = func(ts *timestamp.Timestamp) { ts.Nonce = big.NewInt(5) }
	message := newAuthority(t, x509.ExtKeyUsageTimeStamping, soon)
	message.spoil = func(ts *timestamp.Timestamp) { ts.HashedMessage[0] ^= 1 }
	bare := newAuthority(t, x509.ExtKeyUsageTimeStamping, soon)
	bare.spoil = func(ts *timestamp.Timestamp) { ts.AddTSACertificate = false }
	for name, a := range map[string]*authority{
		"wrong nonce": nonce, "wrong message": message, "no certificate": bare,
		"no certificate for time stamps": newAuthority(t, x509.ExtKeyUsageServerAuth, soon),
		"an expired certificate":         newAuthority(t, x509.ExtKeyUsageTimeStamping, time.Now().Add(-time.Hour)),
	} {
		if _, err := a.request(t, []byte("m")); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, MaxToken+10)) }))
	defer big.Close()
	if _, err := Request(context.Background(), big.URL, nil); !errors.Is(err, ErrToken) {
		t.Errorf("an endless answer: %v", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	if _, err := Request(context.Background(), gone.URL, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a dead authority: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x02, 0x01, 0x01})
	f.Fuzz(func(t *testing.T, token []byte) {
		if _, err := Verify(token, []byte("m"), nil); err != nil && !errors.Is(err, ErrToken) {
			t.Fatal(err)
		}
	})
}
