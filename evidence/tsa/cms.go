package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"time"
)

// Object identifiers of RFC 5652 (CMS), RFC 3161, RFC 5035, RFC 8017, RFC 5758
// and RFC 8410.
var (
	oidSignedData  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningV2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}

	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

const maxCerts = 16

// token is a parsed time stamp whose signature is good.
type token struct {
	info   tstInfo
	signer *x509.Certificate
	certs  []*x509.Certificate
}

// TSTInfo of RFC 3161, 2.4.2.
type tstInfo struct {
	Version    int
	Policy     asn1.ObjectIdentifier
	Imprint    imprint
	Serial     *big.Int
	Time       time.Time        `asn1:"generalized"`
	Accuracy   accuracy         `asn1:"optional"`
	Ordering   bool             `asn1:"optional,default:false"`
	Nonce      *big.Int         `asn1:"optional"`
	TSA        asn1.RawValue    `asn1:"optional,explicit,tag:0"`
	Extensions []pkix.Extension `asn1:"optional,tag:1"`
}

type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type accuracy struct {
	Seconds int64 `asn1:"optional"`
	Millis  int64 `asn1:"optional,tag:0"`
	Micros  int64 `asn1:"optional,tag:1"`
}

// duration is bounded: an accuracy of more than a day says nothing.
func (a accuracy) duration() time.Duration {
	const day = 24 * 60 * 60
	return time.Duration(min(max(a.Seconds, 0), day))*time.Second +
		time.Duration(min(max(a.Millis, 0), 999))*time.Millisecond + time.Duration(min(max(a.Micros, 0), 999))*time.Microsecond
}

// TimeStampResp of RFC 3161, 2.4.2.
type response struct {
	Status struct {
		Status int
		Text   asn1.RawValue  `asn1:"optional"`
		Fail   asn1.BitString `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

// ContentInfo, SignedData and SignerInfo of RFC 5652, 3 and 5.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version int
	Digests asn1.RawValue
	Encap   struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	Certs   asn1.RawValue `asn1:"optional,tag:0"`
	CRLs    asn1.RawValue `asn1:"optional,tag:1"`
	Signers []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version   int
	ID        asn1.RawValue
	Digest    pkix.AlgorithmIdentifier
	Attrs     asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values asn1.RawValue
}

// unmarshal is asn1.Unmarshal that leaves nothing over.
func unmarshal(b []byte, into any, what string) error {
	rest, err := asn1.Unmarshal(b, into)
	if err == nil && len(rest) > 0 {
		err = errors.New("bytes after its end")
	}
	if err != nil {
		return fmt.Errorf("malformed %s: %w", what, err)
	}
	return nil
}

// parse reads a token and checks its signature. Every error wraps ErrToken.
func parse(b []byte) (*token, error) {
	t, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return t, nil
}

func read(b []byte) (*token, error) {
	if len(b) > MaxToken {
		return nil, fmt.Errorf("%d bytes, at most %d", len(b), MaxToken)
	}
	var ci contentInfo
	if err := unmarshal(b, &ci, "token"); err != nil {
		return nil, err
	}
	if !ci.Type.Equal(oidSignedData) {
		return nil, errors.New("token is no signed data")
	}
	var sd signedData
	if err := unmarshal(ci.Content.Bytes, &sd, "signed data"); err != nil {
		return nil, err
	}
	if !sd.Encap.Type.Equal(oidTSTInfo) {
		return nil, errors.New("token signs no time stamp")
	}
	var content []byte
	if err := unmarshal(sd.Encap.Content.Bytes, &content, "signed content"); err != nil {
		return nil, err
	}
	t := &token{}
	if err := unmarshal(content, &t.info, "time stamp"); err != nil {
		return nil, err
	}
	certs, err := x509.ParseCertificates(sd.Certs.Bytes)
	if err != nil || len(certs) > maxCerts {
		return nil, errors.New("malformed or too many certificates")
	}
	t.certs = certs
	if len(sd.Signers) != 1 {
		return nil, fmt.Errorf("%d signers, want one", len(sd.Signers))
	}
	if err := t.verify(sd.Signers[0], content); err != nil {
		return nil, err
	}
	return t, nil
}

// unwrap takes the token out of an authority's answer.
func unwrap(b []byte) ([]byte, error) {
	var r response
	if err := unmarshal(b, &r, "answer"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if r.Status.Status != 0 && r.Status.Status != 1 { // granted, granted with modifications
		return nil, fmt.Errorf("%w: it refuses with status %d, failure bits %x", ErrUnavailable, r.Status.Status, r.Status.Fail.Bytes)
	}
	if len(r.Token.FullBytes) == 0 {
		return nil, fmt.Errorf("%w: the answer holds none", ErrToken)
	}
	return r.Token.FullBytes, nil
}

// verify checks the one signature and what it must cover (RFC 5652, 5.4 and
// 5.6; RFC 3161, 2.4.1 and 2.3; RFC 5816).
func (t *token) verify(s signerInfo, content []byte) error {
	h, err := hashOf(s.Digest.Algorithm)
	if err != nil {
		return err
	}
	attrs, err := attributes(s.Attrs)
	if err != nil {
		return err
	}
	var kind asn1.ObjectIdentifier
	if err := attrs.one(oidContentType, &kind); err != nil || !kind.Equal(oidTSTInfo) {
		return errors.New("signature does not say that it is over a time stamp")
	}
	var digest []byte
	if err := attrs.one(oidDigest, &digest); err != nil || !bytes.Equal(digest, sum(h, content)) {
		return errors.New("signed digest is not that of the time stamp")
	}
	if t.signer, err = attrs.signer(t.certs); err != nil {
		return err
	}
	if err := t.fit(s.ID); err != nil {
		return err
	}
	alg, err := algorithm(s.Algorithm.Algorithm, h)
	if err != nil {
		return err
	}
	if err := t.signer.CheckSignature(alg, attrs.signed, s.Signature); err != nil {
		return fmt.Errorf("signature: %w", err)
	}
	return nil
}

// fit checks that the signer's certificate is the one that the signature names,
// made for time stamping alone and valid at the time of the stamp.
func (t *token) fit(id asn1.RawValue) error {
	c := t.signer
	if id.Class == asn1.ClassUniversal {
		var ias struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}
		if err := unmarshal(id.FullBytes, &ias, "signer id"); err != nil {
			return err
		}
		if !bytes.Equal(ias.Issuer.FullBytes, c.RawIssuer) || ias.Serial == nil || ias.Serial.Cmp(c.SerialNumber) != 0 {
			return errors.New("signature names another certificate than its attributes do")
		}
	} else if !bytes.Equal(id.Bytes, c.SubjectKeyId) || len(id.Bytes) == 0 {
		return errors.New("signature names another key than its attributes do")
	}
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) != 0 || !critical(c) {
		return errors.New("certificate is not one for time stamping alone")
	}
	if t.info.Time.Before(c.NotBefore) || t.info.Time.After(c.NotAfter) {
		return fmt.Errorf("certificate was not valid at %s", t.info.Time.UTC().Format(time.RFC3339))
	}
	return nil
}

func critical(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtKeyUsage) {
			return e.Critical
		}
	}
	return false
}

// sum hashes b. SHA-1 serves only to name certificates (ESSCertID of RFC 2634).
func sum(h crypto.Hash, b []byte) []byte {
	w := map[crypto.Hash]func() hash.Hash{
		crypto.SHA1: sha1.New, crypto.SHA256: sha256.New, crypto.SHA384: sha512.New384, crypto.SHA512: sha512.New,
	}[h]()
	w.Write(b)
	return w.Sum(nil)
}

func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch {
	case oid.Equal(oidSHA256):
		return crypto.SHA256, nil
	case oid.Equal(oidSHA384):
		return crypto.SHA384, nil
	case oid.Equal(oidSHA512):
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("digest %s is not accepted", oid)
}

// algorithm joins a signature's algorithm with the digest, which must agree.
func algorithm(oid asn1.ObjectIdentifier, h crypto.Hash) (x509.SignatureAlgorithm, error) {
	type set struct {
		rsa, ecdsa, pss x509.SignatureAlgorithm
		rsaLast, ecLast int // last arcs of their combined identifiers
	}
	s := map[crypto.Hash]set{
		crypto.SHA256: {x509.SHA256WithRSA, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS, 11, 2},
		crypto.SHA384: {x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS, 12, 3},
		crypto.SHA512: {x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS, 13, 4},
	}[h]
	switch {
	case oid.Equal(oidRSA), oid.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, s.rsaLast}):
		return s.rsa, nil
	case oid.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, s.ecLast}):
		return s.ecdsa, nil
	case oid.Equal(oidRSAPSS):
		return s.pss, nil
	case oid.Equal(oidEd25519):
		return x509.PureEd25519, nil
	}
	return 0, fmt.Errorf("signature algorithm %s is not accepted", oid)
}
