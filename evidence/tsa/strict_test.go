package tsa

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
)

// tsaConfig makes openssl an authority of its own.
const tsaConfig = `
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:true
[good]
extendedKeyUsage = critical,timeStamping
[weak]
extendedKeyUsage = timeStamping
[both]
extendedKeyUsage = critical,timeStamping,serverAuth
[tsa]
default_tsa = conf
[conf]
serial = serial
crypto_device = builtin
signer_digest = DIGEST
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1, millisecs:500
ess_cert_id_alg = ESSALG
`

type authorityByOpenssl struct {
	t   *testing.T
	dir string
}

func (o *authorityByOpenssl) run(args ...string) {
	o.t.Helper()
	c := exec.Command("openssl", args...)
	c.Dir = o.dir
	if out, err := c.CombinedOutput(); err != nil {
		o.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// opensslToken has openssl answer a request over message; key says which kind
// of key signs, ext which extensions its certificate has.
func opensslToken(t *testing.T, message, ext, digest, ess string, key ...string) ([]byte, *x509.CertPool, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	o := &authorityByOpenssl{t, t.TempDir()}
	conf := strings.NewReplacer("DIGEST", digest, "ESSALG", ess).Replace(tsaConfig)
	for name, text := range map[string]string{"conf": conf, "serial": "01\n", "m": message} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.run(append([]string{"req", "-x509", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-config", "conf", "-extensions", "ca", "-subj", "/CN=CA", "-days", "2", "-newkey"}, key...)...)
	o.run(append([]string{"req", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-config", "conf", "-subj", "/CN=By openssl", "-newkey"}, key...)...)
	o.run("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-extfile", "conf", "-extensions", ext, "-days", "1", "-out", "tsa.pem")
	o.run("ts", "-query", "-data", "m", "-sha256", "-cert", "-out", "q")
	c := exec.Command("openssl", "ts", "-reply", "-config", "conf", "-queryfile", "q", "-signer", "tsa.pem", "-inkey", "tsa.key", "-chain", "ca.pem", "-out", "r")
	c.Dir = o.dir
	if out, err := c.CombinedOutput(); err != nil {
		return nil, nil, errors.New(string(out))
	}
	answer, err := os.ReadFile(filepath.Join(o.dir, "r"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(o.dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := Pool([][]byte{ca})
	if err != nil {
		t.Fatal(err)
	}
	token, err := unwrap(answer)
	return token, roots, err
}

// Tokens that openssl made are read, with RSA and ECDSA keys, SHA-256 and
// SHA-512, and certificates named by SHA-1 or SHA-256.
func TestTokensByOpenssl(t *testing.T) {
	for name, c := range map[string]struct {
		digest, ess string
		key         []string
	}{
		"rsa":    {"sha256", "sha256", []string{"rsa:2048"}},
		"sha512": {"sha512", "sha1", []string{"rsa:2048"}},
		"ecdsa":  {"sha384", "sha384", []string{"ec", "-pkeyopt", "ec_paramgen_curve:P-256"}},
	} {
		t.Run(name, func(t *testing.T) {
			token, roots, err := opensslToken(t, "checkpoint", "good", c.digest, c.ess, c.key...)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Verify(token, []byte("checkpoint"), roots)
			if err != nil || !s.Trusted || s.Accuracy != 1500*time.Millisecond || s.Signer != "CN=By openssl" || s.Policy != "1.2.3.4" {
				t.Fatalf("%+v, %v", s, err)
			}
			if _, err := Verify(token, []byte("checkpoint2"), roots); !errors.Is(err, ErrToken) {
				t.Errorf("another message: %v", err)
			}
			flips(t, token, []byte("checkpoint"), roots, s)
		})
	}
}

// flips: a changed token is refused, or says just the same: the fields that no
// signature covers (algorithm lists, other certificates) say nothing.
func flips(t *testing.T, token, message []byte, roots *x509.CertPool, want Stamp) {
	t.Helper()
	passed := 0
	for i := range token {
		bad := bytes.Clone(token)
		bad[i] ^= 1 << (i % 8)
		s, err := Verify(bad, message, roots)
		if err != nil {
			continue
		}
		passed++
		if s.Trusted {
			s.Why, want.Why = "", ""
			if s != want {
				t.Fatalf("byte %d changed: %+v", i, s)
			}
		}
	}
	if passed > len(token)/2 {
		t.Errorf("%d of %d changed tokens pass", passed, len(token))
	}
}

// SHA-1 signatures and certificates for more than time stamps are refused.
// (openssl itself declines to sign with some of them.)
func TestWeakTokens(t *testing.T) {
	for name, c := range map[string][3]string{
		"sha1": {"good", "sha1", "sha256"}, "not critical": {"weak", "sha256", "sha256"}, "two uses": {"both", "sha256", "sha256"},
	} {
		token, roots, err := opensslToken(t, "m", c[0], c[1], c[2], "rsa:2048")
		if err != nil {
			t.Logf("%s: openssl does not make it: %.120v", name, err)
			continue
		}
		if s, err := Verify(token, []byte("m"), roots); !errors.Is(err, ErrToken) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// A certificate that is not for time stamps alone, or does not insist on it.
func TestWeakCertificates(t *testing.T) {
	stamping, server := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	for name, c := range map[string]struct {
		critical, good bool
		oids           []asn1.ObjectIdentifier
	}{
		"good":         {true, true, []asn1.ObjectIdentifier{stamping}},
		"not critical": {false, false, []asn1.ObjectIdentifier{stamping}},
		"two uses":     {true, false, []asn1.ObjectIdentifier{stamping, server}},
		"unknown use":  {true, false, []asn1.ObjectIdentifier{stamping, {1, 2, 3}}},
	} {
		eku, err := asn1.Marshal(c.oids)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		valid := func(serial int64) *x509.Certificate {
			return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint(serial)},
				NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		}
		ca, leaf := valid(8), valid(9)
		ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
		leaf.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: c.critical, Value: eku}}
		root := certificate(t, ca, ca, key.Public(), key)
		a := &authority{root: root, cert: certificate(t, leaf, root, key.Public(), key), key: key}
		if _, err := a.request(t, []byte("m")); (err == nil) != c.good || err != nil && !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What an authority may answer instead of a token.
func TestRefusals(t *testing.T) {
	refusal, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"refusal": func(w http.ResponseWriter, _ *http.Request) { w.Write(refusal) },
		"error":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"html":    func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"nothing": func(http.ResponseWriter, *http.Request) {},
	} {
		srv := httptest.NewServer(answer)
		address := strings.Replace(srv.URL, "http://", "http://user:hunter2@", 1)
		_, err := Request(context.Background(), address, []byte("m"))
		if !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrToken) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
		srv.Close()
	}
	for _, bad := range []string{"", "ftp://x", "x", "http://"} {
		if _, err := Request(context.Background(), bad, nil); err == nil {
			t.Errorf("address %q passes", bad)
		}
	}
	if _, err := Pool([][]byte{pem.EncodeToMemory(&pem.Block{Type: "NOTHING"})}); err == nil {
		t.Error("a pool of nothing")
	}
}
